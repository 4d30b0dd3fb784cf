/* SPDX-License-Identifier: MIT */
/*
 * What happens to a connection from its accept until a worker has it, or until the gate
 * has said itself what there was to say: the rules of gate.h.
 */
#ifndef NIM_WORKER_GATE_FRONT_H
#define NIM_WORKER_GATE_FRONT_H

#include "worker/env.h"
#include "worker/gate_guests.h"
#include "worker/gate_workers.h"
#include "worker/http.h"

struct gate_front {
	struct guests guests;
	struct gate_workers *workers;	    /* the caller's */
	void (*answer)(void *self, int fd); /* instead of them (gate.h); NULL: they do */
	void *self;
	struct shm_slot *slot;
	int epoll_fd;
	int waiting_max;
	int64_t head_timeout_ms;
	int64_t now_ms; /* of this round; the caller sets it */
	int64_t told_ms;
	uint64_t drops; /* connections dropped to make room, not yet told to the log */
	char head[HTTP_HEAD_MAX + 1];
};

/*
 * Room for waiting_max connections beside those of the workers, or for fewer when
 * RLIMIT_NOFILE allows no more.
 */
void gate_front_init(struct gate_front *f, struct pool *p, const struct worker_env *env,
		     struct shm_slot *slot, struct gate_workers *workers, int epoll_fd);
/* A connection from its beginning: a new one, or one whose worker died before it took it.
 * The front owns fd from now on. */
void gate_front_greet(struct gate_front *f, int fd);
/* epoll's word about one of them. */
void gate_front_event(struct gate_front *f, int fd, uint32_t events);
/* A worker is idle: those who wait for one get it. */
void gate_front_serve(struct gate_front *f);
/* The connection that had been handed to a worker has arrived there. */
void gate_front_taken(struct gate_front *f, int fd);
/* The worker is alive but could not take it. */
void gate_front_not_taken(struct gate_front *f, int fd);
/*
 * Whatever has run out of patience. To be called when all events of a round have been
 * heard, and before anybody new is greeted.
 */
void gate_front_expire(struct gate_front *f);

#endif
