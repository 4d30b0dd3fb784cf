/* SPDX-License-Identifier: MIT */
/*
 * The gate: accepts, looks with MSG_PEEK until the head of a request is whole (the bytes
 * stay in the kernel), and hands the descriptor to the idle worker that was used last, so
 * that its upstream connection is warm.  It parses nothing.  Slow and silent clients cost
 * a descriptor here, never a worker.
 *
 *   - a head must be whole within head_timeout_ms of the accept: else 408 (or a plain
 * close when not one byte came);
 *   - at most waiting_max connections wait, fewer when RLIMIT_NOFILE says so; the oldest
 * goes first;
 *   - nobody idle for a tenth of a second (a second while a new worker is on its way):
 * 529 overloaded_error with Retry-After, then a lingering close;
 *   - EMFILE/ENFILE pause accepting for half a second;
 *   - the master gone (alive_fd at EOF) or SIGTERM: it stops accepting and leaves.
 */
#ifndef NIM_WORKER_GATE_H
#define NIM_WORKER_GATE_H

#include "worker/env.h"

/* What a gate stands in front of. */
struct gate_job {
	const int *listeners;
	int listener_count;
	int control_fd; /* the gate's end of the control pair (handover.h); -1: none */
	/*
	 * Without workers: answers a connection whose head is whole (it is still in the
	 * kernel), without waiting, and leaves it open: the gate drains and closes it.
	 */
	void (*answer)(void *self, int fd);
	void *self;
};

/* Returns the exit code (worker.h). */
int gate_run(const struct worker_env *env, struct shm_slot *slot,
	     const struct gate_job *job);

#endif
