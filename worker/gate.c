/* SPDX-License-Identifier: MIT */
/* The gate's loop: who is ready is asked, and sent to where the rules are. */
#include "config.h"

#include "worker/gate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "worker/clock.h"
#include "worker/gate_door.h"
#include "worker/gate_front.h"
#include "worker/gate_watch.h"
#include "worker/gate_workers.h"
#include "worker/handover.h"
#include "worker/log.h"
#include "worker/wait.h"
#include "worker/worker.h"

enum {
	ACCEPT_BATCH = 64, /* then the others get their turn */
	EVENTS_MAX = 256,
	WORDS_MAX = 16, /* of one worker in a round */
	HOPE_MS = 1000, /* how soon a new worker says that it is idle, or a dead one is
			   replaced */
};

struct gate {
	struct pool pool;
	struct gate_workers workers;
	struct gate_front front;
	struct gate_door door;
	struct shm_slot *slot;
	_Atomic uint32_t *waiting; /* how many do, for the status; NULL: nobody asks */
	int epoll_fd;
	int control_fd;
	int64_t now_ms;
	bool is_orphaned;
};

static void on_no_memory(void)
{
	_exit(WORKER_NO_MEMORY);
}

static void lose_worker(struct gate *g, uint32_t slot)
{
	int handed = gate_workers_remove(&g->workers, slot);

	gate_workers_expect(&g->workers, 1, g->now_ms, g->now_ms + HOPE_MS);
	if (handed < 0)
		return;
	guests_move(&g->front.guests, handed, GUEST_NONE, 0);
	gate_front_greet(&g->front, handed); /* nothing of it has been read */
}

/* False when the worker has no more to say. */
static bool on_word(struct gate *g, uint32_t slot)
{
	struct gate_worker *one = &g->workers.table[slot];
	int handed = one->handed;

	switch (gate_workers_hear(&g->workers, slot)) {
	case GATE_NOTHING:
		return false;
	case GATE_STALE:
		break;
	case GATE_TAKEN:
		one->handed = -1;
		if (handed >= 0)
			gate_front_taken(&g->front, handed);
		break;
	case GATE_IDLE:
		one->handed = -1;
		if (handed >= 0)
			gate_front_not_taken(&g->front, handed);
		gate_front_serve(&g->front);
		break;
	case GATE_DEAD:
		lose_worker(g, slot);
		return false;
	}
	return true;
}

/* All that it has said so far: the order of the idle ones hangs on it. */
static void on_worker(struct gate *g, uint32_t slot)
{
	if (g->workers.table[slot].fd < 0) /* it went earlier in this round */
		return;
	for (int i = 0; i < WORDS_MAX && on_word(g, slot); i++)
		;
}

static void on_control(struct gate *g)
{
	struct handover message;
	int fd = -1;
	int n = handover_receive(g->control_fd, &message, &fd);
	uint32_t slot;

	if (n == 0)
		g->is_orphaned = true;
	if (n <= 0 || fd < 0)
		return;
	slot = message.number;
	if (message.kind != HANDOVER_WORKER || slot >= g->workers.size ||
	    gate_watch(g->epoll_fd, EPOLL_CTL_ADD, fd, GATE_WORKER, slot, EPOLLIN) < 0) {
		log_say(LOG_LEVEL_ERROR, "gate", "cannot use worker %u: %s", slot,
			strerror(errno));
		(void)close(fd); /* nothing was written to it */
		return;
	}
	if (g->workers.table[slot].fd >= 0)
		lose_worker(g, slot);
	gate_workers_add(&g->workers, slot, fd);
}

static void on_event(struct gate *g, const struct epoll_event *event)
{
	switch (gate_source_of(event)) {
	case GATE_LISTENER:
		gate_door_ring(&g->door, gate_id_of(event));
		break;
	case GATE_GUEST:
		gate_front_event(&g->front, (int)gate_id_of(event), event->events);
		break;
	case GATE_WORKER:
		on_worker(g, gate_id_of(event));
		break;
	case GATE_CONTROL:
		on_control(g);
		break;
	case GATE_ALIVE:
		g->is_orphaned = true;
		break;
	}
}

static void accept_some(struct gate *g)
{
	int fd;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		fd = gate_door_accept(&g->door, g->now_ms);
		if (fd < 0)
			return;
		gate_front_greet(&g->front, fd);
	}
}

static int sleep_ms(const struct gate *g)
{
	int64_t guests = guests_due(&g->front.guests);
	int64_t door = gate_door_due(&g->door);

	return clock_left(guests < door ? guests : door, WAIT_SLICE_MS);
}

/*
 * New connections come last in a round: a descriptor that was closed in it may be theirs
 * now, and no event of the one before may be taken for theirs.
 */
static enum worker_exit loop(struct gate *g)
{
	static struct epoll_event events[EVENTS_MAX];
	sigset_t mask;

	(void)sigprocmask(SIG_SETMASK, NULL, &mask); /* reads it only */
	sigdelset(&mask, SIGTERM);
	while (!g->is_orphaned && !wait_is_stopped()) {
		int n = epoll_pwait(g->epoll_fd, events, EVENTS_MAX, sleep_ms(g), &mask);

		if (n < 0 && errno != EINTR)
			return WORKER_SICK;
		g->now_ms = g->front.now_ms = clock_ms();
		shm_slot_beat(g->slot, g->now_ms);
		for (int i = 0; i < n; i++)
			on_event(g, &events[i]);
		gate_front_expire(&g->front);
		accept_some(g);
		gate_door_tick(&g->door, g->now_ms);
		if (g->waiting)
			atomic_store(g->waiting,
				     (uint32_t)guests_waiting(&g->front.guests));
	}
	return g->is_orphaned ? WORKER_ORPHANED : WORKER_RETIRED;
}

static int watch_master(struct gate *g, const struct worker_env *env)
{
	if (gate_watch(g->epoll_fd, EPOLL_CTL_ADD, env->alive_fd, GATE_ALIVE, 0,
		       EPOLLIN) < 0)
		return -1;
	if (g->control_fd < 0)
		return 0;
	return gate_watch(g->epoll_fd, EPOLL_CTL_ADD, g->control_fd, GATE_CONTROL, 0,
			  EPOLLIN);
}

int gate_run(const struct worker_env *env, struct shm_slot *slot,
	     const struct gate_job *job)
{
	static struct gate g;
	enum worker_exit code;

	g.slot = slot;
	g.control_fd = job->control_fd;
	g.now_ms = g.front.now_ms = clock_ms();
	wait_catch_term();
	g.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (g.epoll_fd < 0 || watch_master(&g, env) < 0) {
		shm_slot_last_words(slot, "epoll does not work");
		return WORKER_SICK;
	}
	pool_init(&g.pool, on_no_memory);
	gate_workers_init(&g.workers, &g.pool, env->segment->shape.slots);
	/* The master tells of them one by one; until then it is known that they come. */
	if (g.control_fd >= 0) {
		gate_workers_expect(&g.workers, env->worker_count, g.now_ms,
				    g.now_ms + HOPE_MS);
		g.waiting = &env->segment->header->gate_waiting;
	}
	gate_front_init(&g.front, &g.pool, env, slot, &g.workers, g.epoll_fd);
	g.front.answer = job->answer;
	g.front.self = job->self;
	gate_door_open(&g.door, job->listeners, job->listener_count, g.epoll_fd);
	shm_slot_state(slot, SHM_IDLE, g.now_ms);
	code = loop(&g);
	shm_slot_state(slot, SHM_LEAVING, clock_ms());
	return code;
}
