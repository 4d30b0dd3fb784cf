/* SPDX-License-Identifier: MIT */
/*
 * Where new connections come in: the listeners, and the pause when the system has no
 * descriptor or memory for another connection (a level-triggered listener would spin).
 */
#ifndef NIM_WORKER_GATE_DOOR_H
#define NIM_WORKER_GATE_DOOR_H

#include <stdint.h>

struct gate_door {
	const int *listeners; /* non-blocking; the caller's */
	int count;	      /* at most 32 */
	int epoll_fd;
	uint32_t ready;		/* listeners with a new connection; a bit each */
	int64_t pause_until_ms; /* 0: open */
	int64_t told_ms;	/* when the log heard of a pause */
};

/* Puts the listeners into the epoll set (gate_watch.h). */
void gate_door_open(struct gate_door *d, const int *listeners, int count, int epoll_fd);
/* epoll says that a listener has a new connection. */
void gate_door_ring(struct gate_door *d, uint32_t index);
/* A new connection (non-blocking, close-on-exec), or -1 when there is none now. */
int gate_door_accept(struct gate_door *d, int64_t now_ms);
/* Ends a pause in its time. */
void gate_door_tick(struct gate_door *d, int64_t now_ms);
/* When that is; INT64_MAX when there is no pause. */
int64_t gate_door_due(const struct gate_door *d);

#endif
