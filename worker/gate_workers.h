/* SPDX-License-Identifier: MIT */
/*
 * The gate's knowledge of the workers: who is idle, in the order in which they became so.
 * It comes from what they say over their own sockets (handover.h), never from the
 * segment, so it is exact whoever dies when.
 */
#ifndef NIM_WORKER_GATE_WORKERS_H
#define NIM_WORKER_GATE_WORKERS_H

#include "translate/pool.h"

struct gate_worker {
	int fd;		 /* the gate's end; -1 = nobody */
	uint32_t number; /* of the last message to it */
	int handed;	 /* a connection it has not said TAKEN to; -1 = none */
	bool is_idle;
	bool is_new;	  /* it has not said yet that it is idle */
	int below, above; /* in the stack of idle ones; slots, -1 = none */
};

struct gate_workers {
	struct gate_worker *table; /* by slot; in the pool */
	uint32_t size;
	uint32_t expected;	   /* new ones that will say soon that they are idle */
	int64_t expected_until_ms; /* then nobody counts on them any more */
	int top;		   /* the idle worker used last; -1 = none */
};

enum gate_word {
	GATE_NOTHING, /* no more for now */
	GATE_STALE,   /* of a number that is not the newest: not to be believed */
	GATE_TAKEN,
	GATE_IDLE,
	GATE_DEAD
};

/* Nobody is there, and nobody is expected. */
void gate_workers_init(struct gate_workers *w, struct pool *p, uint32_t size);
/*
 * So many new workers will say soon, before until_ms, that they are idle; who was
 * expected before and has not come by now is not any more.
 */
void gate_workers_expect(struct gate_workers *w, uint32_t count, int64_t now_ms,
			 int64_t until_ms);
/* A new process for a slot, which must be empty: asks it whether it is idle. Takes over
 * fd. */
void gate_workers_add(struct gate_workers *w, uint32_t slot, int fd);
/*
 * Gives a connection to the idle worker that was used last. The caller keeps fd open
 * until GATE_TAKEN. Returns the slot, or -1 when nobody is idle.
 */
int gate_workers_hand(struct gate_workers *w, int fd);
/* The next word of a worker. */
enum gate_word gate_workers_hear(struct gate_workers *w, uint32_t slot);
/* Forgets a worker; returns the connection it had been handed without saying TAKEN, or
 * -1. */
int gate_workers_remove(struct gate_workers *w, uint32_t slot);

#endif
