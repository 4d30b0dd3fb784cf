/* SPDX-License-Identifier: MIT */
/*
 * Waiting, in the only three places a worker may: for a connection, for the client, for
 * the upstream. Every wait has a deadline on the monotonic clock, touches the heartbeat
 * at least once a second, and notices that the master is gone.
 */
#ifndef NIM_WORKER_WAIT_H
#define NIM_WORKER_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/slot.h"

enum { WAIT_SLICE_MS = 1000 }; /* longest sleep without a heartbeat */

struct waiter {
	int alive_fd; /* EOF: the master is gone; -1: it is, and that is known */
	struct shm_slot *slot;
	bool is_orphaned;
	int bell_fd;   /* -1: none is listened to */
	bool has_rung; /* it is readable */
};

enum wait_result { WAIT_READY, WAIT_TIMEOUT, WAIT_ORPHANED, WAIT_STOPPED };

/*
 * Until fd has one of the poll(2) events (or an error), or the deadline has passed.
 * Between requests (want_stop) also WAIT_STOPPED when SIGTERM has come, and WAIT_ORPHANED
 * when the master is gone; during one both are only noticed.
 */
enum wait_result wait_fd(struct waiter *w, int fd, short events, int64_t deadline_ms,
			 bool want_stop);

/* The master is gone: is_orphaned, and alive_fd is not looked at any more. */
void wait_orphan(struct waiter *w);

/* SIGTERM sets a flag; it can be delivered only inside wait_fd(…, true). */
void wait_catch_term(void);
bool wait_is_stopped(void);

#endif
