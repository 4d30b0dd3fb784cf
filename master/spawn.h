/* SPDX-License-Identifier: MIT */
/*
 * The children: who they are, how they come to life, and what their deaths mean.
 * Everything the master acts on stands here, in its own memory; what children write into
 * the segment is gossip.
 */
#ifndef NIM_MASTER_SPAWN_H
#define NIM_MASTER_SPAWN_H

#include <sys/types.h>

#include "master/throttle.h"
#include "status/status.h"
#include "worker/env.h"
#include "worker/worker.h"

/* Slots: the gate's, the status processes', then the workers'. */
enum {
	CHILD_GATE = 0,
	CHILD_STATUS = 1,
	CHILD_WORKERS = CHILD_STATUS + STATUS_PROCESSES
};

enum child_kind { CHILD_IS_GATE, CHILD_IS_STATUS, CHILD_IS_WORKER, CHILD_KINDS };

struct child {
	pid_t pid;    /* 0: none now */
	int gate_end; /* a worker's: the gate's end of its pair, kept for the next gate;
			 else -1 */
	int64_t born_ms;
	uint32_t generation; /* of the configuration that it works with */
	bool is_told;	     /* a worker's: the gate has been given the gate's end */
	bool is_foreign;     /* a child of a dead master holds the slot; it will leave */
	bool was_killed;     /* by the master, because it had stopped moving */
};

struct children {
	struct child *list; /* by slot; in the pool */
	uint32_t count;
	uint32_t wanted;     /* workers */
	uint32_t generation; /* counts the reloads */
	bool has_old;	     /* workers of an earlier one have not been told to leave */
	int control_fd;	     /* the master's end of the gate's control pair, or -1 */
	int alive_pipe[2]; /* nobody writes; children see its end when the master is gone
			    */
	int signal_fd;
	struct worker_env *env;
	struct throttle throttles[CHILD_KINDS];
	int64_t next_spawn_ms; /* fork(2) has failed: not before then */
	int64_t watched_ms;    /* last look at the heartbeats */
	int64_t grace_ms;      /* no heartbeat is missed before then */
};

/* Returns 0, or -1 with errno. count: slots, the gate's and the leaving workers' too. */
int spawn_init(struct children *c, struct worker_env *env, uint32_t count, int signal_fd,
	       struct pool *p);
/*
 * The segment was another master's: what its dead children left is put in order, and
 * slots that living ones hold stay theirs until they leave.
 */
void spawn_adopt(struct children *c, int64_t now_ms);
/* Looks whether they have. */
void spawn_look_at_foreign(struct children *c, int64_t now_ms);
/*
 * From now on workers are started with what stands in env, so many of them; the old ones
 * are told to leave once all new ones are ready, so that there is always somebody.
 */
void spawn_renew(struct children *c, uint32_t wanted);
/* Tells them, if it is time. */
void spawn_retire(struct children *c);
/*
 * Starts whatever is missing, unless respawning is throttled. A failed fork throttles
 * too; it never ends the service.
 */
void spawn_missing(struct children *c, int64_t now_ms);
/*
 * Tells the gate of the workers that it does not know yet, as many as its socket takes.
 * Returns true when some are left for when c->control_fd is writable again.
 */
bool spawn_tell(struct children *c);
/* Books a death: the slot is reaped, the log says who and why, repeated early deaths
 * throttle. */
void spawn_bury(struct children *c, pid_t pid, int status, int64_t now_ms);
/*
 * Once a second: kills processes whose heartbeat stands still for too long, and ends a
 * throttling that has been lived through.
 */
void spawn_watch(struct children *c, int64_t now_ms);
/* Sends all of that kind a signal; returns how many there are. */
uint32_t spawn_signal(struct children *c, enum child_kind kind, int number);
uint32_t spawn_living(const struct children *c, enum child_kind kind);

#endif
