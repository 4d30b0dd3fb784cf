/* SPDX-License-Identifier: MIT */
/*
 * The children: who they are, how they come to life, and what their deaths mean.
 * Everything the master acts on stands here, in its own memory; what children write into
 * the segment is gossip.
 */
#ifndef NIM_MASTER_SPAWN_H
#define NIM_MASTER_SPAWN_H

#include <sys/types.h>

#include "worker/env.h"
#include "worker/worker.h"

enum { CHILD_GATE = 0 }; /* the slot of the gate; workers have 1 … workers_max */

struct child {
	pid_t pid;    /* 0: none now */
	int gate_end; /* a worker's: the gate's end of its pair, kept for the next gate;
			 else -1 */
	int64_t born_ms;
	bool was_killed; /* by the master, because it had stopped moving */
};

struct children {
	struct child *list; /* by slot; in the pool */
	uint32_t count;
	int control_fd;	   /* the master's end of the gate's control pair, or -1 */
	int alive_pipe[2]; /* nobody writes; children see its end when the master is gone
			    */
	int signal_fd;
	struct worker_env *env;
	unsigned early_deaths; /* in a row */
	int64_t next_spawn_ms; /* throttled until then */
};

/* Returns 0, or -1 with errno. count: slots, the gate's included. */
int spawn_init(struct children *c, struct worker_env *env, uint32_t count, int signal_fd,
	       struct pool *p);
/*
 * Starts whatever is missing, unless respawning is throttled. A failed fork throttles
 * too; it never ends the service.
 */
void spawn_missing(struct children *c, int64_t now_ms);
/* Books a death: the slot is reaped, the log says who and why, repeated early deaths
 * throttle. */
void spawn_bury(struct children *c, pid_t pid, int status, int64_t now_ms);
/* Kills workers whose heartbeat stands still for too long. */
void spawn_watch(struct children *c, int64_t now_ms);
void spawn_signal(struct children *c, int signal, bool only_gate);
uint32_t spawn_living(const struct children *c);

#endif
