/* SPDX-License-Identifier: MIT */
/*
 * A worker's life: wait for a connection from the gate, serve it, account, wait again. It
 * leaves on SIGTERM (after the request it is serving) and when the master is gone.
 */
#ifndef NIM_WORKER_WORKER_H
#define NIM_WORKER_WORKER_H

#include "worker/env.h"

/* Exit codes are words; the master has one row for each (master/spawn.c). */
enum worker_exit {
	WORKER_RETIRED = 0,   /* was asked to leave, or has served enough */
	WORKER_ORPHANED = 10, /* the master is gone */
	WORKER_SICK = 11,     /* can't do its work here: a descriptor or library failed */
	WORKER_NO_MEMORY = 12,
	WORKER_BUG = 13, /* an assertion failed; last words stand in the slot */
};

/* gate_fd: the worker's end of its pair (handover.h). Returns the exit code. */
int worker_run(const struct worker_env *env, struct shm_slot *slot, int gate_fd);

#endif
