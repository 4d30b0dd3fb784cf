/* SPDX-License-Identifier: MIT */
/*
 * A process's record in the segment: what it is doing now, and what it has counted.
 *
 * One writer: the process that holds the slot; after its death the master (the reaper),
 * never both. Readers copy and check ranges; they believe nothing.
 *
 * Booking survives SIGKILL at any instruction. A request's sum stands in `pending` while
 * the request runs; to book it, the writer copies the counters' old values to `before`,
 * sets stage to SHM_BOOKING, stores counters[i] = before[i] + pending[i] for all i, and
 * sets stage to SHM_NONE. Whoever finds SHM_BOOKING does the stores again: they give the
 * same result however often they are done. Whoever finds SHM_ACTIVE books the request as
 * aborted with the tokens so far.
 */
#ifndef NIM_SHM_SLOT_H
#define NIM_SHM_SLOT_H

#include <stdbool.h>

#include "shm/stats.h"

/* What a process does; the value is the letter that a status page shows. */
enum shm_state {
	SHM_FREE = 0, /* nobody holds the slot */
	SHM_STARTING = 'S',
	SHM_IDLE = '_',	    /* waits for a connection */
	SHM_READING = 'R',  /* reads the client's request */
	SHM_UPSTREAM = 'U', /* waits for the upstream */
	SHM_WRITING = 'W',  /* relays the answer */
	SHM_LEAVING = 'L',
};

enum shm_kind { SHM_WORKER = 1, SHM_GATE = 2 };
enum shm_stage { SHM_NONE = 0, SHM_ACTIVE = 1, SHM_BOOKING = 2 };
enum { SHM_TEXT_MAX = 96 };

struct shm_slot {
	_Atomic uint32_t state; /* enum shm_state */
	_Atomic uint32_t kind;	/* enum shm_kind */
	_Atomic int32_t pid;
	_Atomic uint32_t generation;  /* how many processes have held this slot */
	_Atomic int64_t heartbeat_ms; /* monotonic; stands still when the process does */
	_Atomic int64_t since_ms;     /* monotonic: when the current state began */
	_Atomic uint64_t handled;     /* connections since the process began */

	_Atomic uint32_t stage;	       /* enum shm_stage */
	char request_id[SHM_TEXT_MAX]; /* of the current request; NUL-padded, may be torn
					*/
	char model[SHM_TEXT_MAX];
	_Atomic uint64_t
		pending[SHM_COUNTER_COUNT]; /* what the current request will add */
	_Atomic uint64_t before[SHM_COUNTER_COUNT];
	_Atomic uint64_t counters[SHM_COUNTER_COUNT]; /* since the segment was made */
	char last_words[SHM_TEXT_MAX]; /* why the process ended, if it could say */
} __attribute__((aligned(64)));

/* The process takes the slot: state SHM_STARTING, counters untouched. */
void shm_slot_take(struct shm_slot *s, enum shm_kind kind, int32_t pid, int64_t now_ms);
void shm_slot_state(struct shm_slot *s, enum shm_state state, int64_t now_ms);
void shm_slot_beat(struct shm_slot *s, int64_t now_ms);

/* A request begins: stage SHM_ACTIVE, pending all zero but requests = 1. Texts are cut to
 * fit. */
void shm_slot_begin(struct shm_slot *s, const char *request_id, int64_t now_ms);
void shm_slot_model(struct shm_slot *s, const char *model, unsigned len);
/* Sets (not adds) what the request will add so far. */
void shm_slot_pending(struct shm_slot *s, enum shm_counter counter, uint64_t value);
/* Books the request; outcome is one of ok … aborted and is counted once. */
void shm_slot_book(struct shm_slot *s, enum shm_counter outcome);
/* Adds outside any request (the gate's 529). */
void shm_slot_count(struct shm_slot *s, enum shm_counter counter, uint64_t by);

/*
 * For the master, after the process has been reaped: finishes a booking, books a running
 * request as aborted, sets state SHM_FREE and pid 0.
 */
void shm_slot_reap(struct shm_slot *s, int64_t now_ms);
void shm_slot_last_words(struct shm_slot *s, const char *words);

#endif
