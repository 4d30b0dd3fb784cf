/* SPDX-License-Identifier: MIT */
/* fork(2) and what has to be right on both sides of it. */
#include "config.h"

#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "master/death.h"
#include "worker/clock.h"
#include "worker/gate.h"
#include "worker/handover.h"
#include "worker/log.h"

enum {
	FORK_FAILED_MS = 1000,
	FROZEN_MS = 30000, /* every wait beats once a second */
	LATE_MS = 5000, /* the master itself stood still: nobody's heartbeat is missed */
};

static enum child_kind kind_of(uint32_t slot)
{
	return slot >= CHILD_WORKERS  ? CHILD_IS_WORKER
	       : slot >= CHILD_STATUS ? CHILD_IS_STATUS
				      : CHILD_IS_GATE;
}

static bool is_worker(uint32_t slot)
{
	return kind_of(slot) == CHILD_IS_WORKER;
}

static struct throttle *throttle_of(struct children *c, uint32_t slot)
{
	return &c->throttles[kind_of(slot)];
}

int spawn_init(struct children *c, struct worker_env *env, uint32_t count, int signal_fd,
	       struct pool *p)
{
	memset(c, 0, sizeof(*c));
	c->list = pool_array(p, count, sizeof(struct child));
	c->count = count;
	c->control_fd = -1;
	c->signal_fd = signal_fd;
	c->env = env;
	for (uint32_t i = 0; i < count; i++)
		c->list[i].gate_end = -1;
	if (pipe2(c->alive_pipe, O_CLOEXEC) < 0)
		return -1;
	env->alive_fd = c->alive_pipe[0];
	return 0;
}

static void close_if(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing was written to it */
	*fd = -1;
}

/*
 * In the child: drops what is the master's, and of the others'. Ctrl-C and a closed
 * terminal reach the whole group; what they mean is the master's to say. The death signal
 * is the second line behind alive_fd; it has to be set after the last change of user,
 * which clears it.
 */
static void leave_nest(struct children *c, pid_t master)
{
	struct sigaction ignore;
	sigset_t none;

	for (uint32_t i = 0; i < c->count; i++)
		close_if(&c->list[i].gate_end);
	close_if(&c->control_fd);
	close_if(&c->signal_fd);
	close_if(&c->alive_pipe[1]);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGINT, &ignore, NULL); /* these fail for a bad number only */
	(void)sigaction(SIGHUP, &ignore, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		_exit(WORKER_ORPHANED); /* it went before the death signal was set */
}

/* In the child: the slot is its own until it ends. */
static void hold(const struct children *c, uint32_t slot)
{
	if (shm_segment_hold(c->env->segment, slot) < 0)
		_exit(WORKER_SICK); /* somebody else's: it must not be written */
}

static void drop_listeners(struct children *c, bool wants_proxy, bool wants_status)
{
	for (int i = 0; i < c->env->listener_count && !wants_proxy; i++)
		close_if(&c->env->listeners[i]);
	for (int i = 0; i < c->env->status_count && !wants_status; i++)
		close_if(&c->env->status_listeners[i]);
}

static pid_t fork_gate(struct children *c, struct child *child, struct shm_slot *slot,
		       int64_t now_ms)
{
	pid_t master = getpid(), pid;
	int ends[2];

	if (handover_pair(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct gate_job job = { .listeners = c->env->listeners,
					.listener_count = c->env->listener_count,
					.control_fd = ends[1] };

		close_if(&ends[0]);
		drop_listeners(c, true, false);
		leave_nest(c, master);
		hold(c, (uint32_t)(child - c->list));
		shm_slot_take(slot, SHM_GATE, getpid(), now_ms);
		_exit(gate_run(c->env, slot, &job));
	}
	close_if(&ends[1]);
	if (pid < 0) {
		close_if(&ends[0]);
		return -1;
	}
	close_if(&c->control_fd);
	c->control_fd = ends[0];
	return pid;
}

static pid_t fork_status(struct children *c, struct child *child, struct shm_slot *slot,
			 int64_t now_ms)
{
	pid_t master = getpid(), pid = fork();

	if (pid == 0) {
		drop_listeners(c, false, true);
		leave_nest(c, master);
		hold(c, (uint32_t)(child - c->list));
		shm_slot_take(slot, SHM_STATUS, getpid(), now_ms);
		_exit(status_run(c->env, slot));
	}
	return pid;
}

static pid_t fork_worker(struct children *c, struct child *child, struct shm_slot *slot,
			 int64_t now_ms)
{
	pid_t master = getpid(), pid;
	int ends[2];

	if (handover_pair(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close_if(&ends[0]);
		drop_listeners(c, false, false);
		leave_nest(c, master);
		hold(c, (uint32_t)(child - c->list));
		shm_slot_take(slot, SHM_WORKER, getpid(), now_ms);
		_exit(worker_run(c->env, slot, ends[1]));
	}
	close_if(&ends[1]);
	if (pid < 0) {
		close_if(&ends[0]);
		return -1;
	}
	child->gate_end = ends[0];
	return pid;
}

static const struct {
	const char *name, *plural;
	pid_t (*fork)(struct children *c, struct child *child, struct shm_slot *slot,
		      int64_t now_ms);
} kinds[CHILD_KINDS] = {
	[CHILD_IS_GATE] = { "gate", "gates", fork_gate },
	[CHILD_IS_STATUS] = { "status", "status processes", fork_status },
	[CHILD_IS_WORKER] = { "worker", "workers", fork_worker },
};

bool spawn_tell(struct children *c)
{
	for (uint32_t slot = 0; slot < c->count && c->control_fd >= 0; slot++) {
		struct handover message = { .kind = HANDOVER_WORKER, .number = slot };
		struct child *child = &c->list[slot];

		if (child->gate_end < 0 || child->is_told)
			continue;
		if (handover_send(c->control_fd, message, child->gate_end) < 0)
			return errno ==
			       EAGAIN; /* else it is dead: its successor is told */
		child->is_told = true;
	}
	return false;
}

static void log_birth(uint32_t slot, pid_t pid)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_DEBUG, "started");
	log_text(&l, "what", kinds[kind_of(slot)].name);
	log_int(&l, "slot", slot);
	log_int(&l, "pid", pid);
	log_end(&l);
}

static int start(struct children *c, uint32_t slot, int64_t now_ms)
{
	struct child *child = &c->list[slot];
	struct shm_slot *shared = &c->env->segment->slots[slot];
	pid_t pid = kinds[kind_of(slot)].fork(c, child, shared, now_ms);

	if (pid < 0) {
		log_say(LOG_LEVEL_ERROR, "fork",
			"cannot start a process: %s; trying again in %d ms",
			strerror(errno), FORK_FAILED_MS);
		throttle_failed(throttle_of(c, slot));
		c->next_spawn_ms = now_ms + FORK_FAILED_MS;
		return -1;
	}
	log_birth(slot, pid);
	child->pid = pid;
	child->born_ms = now_ms;
	child->was_killed = false;
	child->is_told = false;
	child->generation = c->generation;
	if (slot == CHILD_GATE) /* a new gate knows nobody */
		for (uint32_t i = 0; i < c->count; i++)
			c->list[i].is_told = false;
	return 0;
}

static bool is_free(const struct children *c, uint32_t slot)
{
	return c->list[slot].pid == 0 && !c->list[slot].is_foreign;
}

static bool is_wanted(const struct children *c, uint32_t slot, uint32_t living)
{
	switch (kind_of(slot)) {
	case CHILD_IS_WORKER:
		return living < c->wanted;
	case CHILD_IS_STATUS:
		return c->env->status_count > 0;
	default:
		return true;
	}
}

static uint32_t count_current(const struct children *c)
{
	uint32_t count = 0;

	for (uint32_t slot = CHILD_WORKERS; slot < c->count; slot++)
		count += c->list[slot].pid > 0 &&
			 c->list[slot].generation == c->generation;
	return count;
}

void spawn_missing(struct children *c, int64_t now_ms)
{
	uint32_t living = count_current(c);

	if (now_ms < c->next_spawn_ms)
		return;
	for (uint32_t slot = 0; slot < c->count; slot++) {
		if (!is_wanted(c, slot, living) || !is_free(c, slot) ||
		    !throttle_may_spawn(throttle_of(c, slot), now_ms))
			continue;
		if (start(c, slot, now_ms) < 0)
			return;
		living += is_worker(slot);
	}
}

void spawn_renew(struct children *c, uint32_t wanted)
{
	c->wanted = wanted;
	c->generation++;
	c->has_old = true;
	/* Their listener stays with us: who comes meanwhile waits a moment. */
	(void)spawn_signal(c, CHILD_IS_STATUS, SIGTERM);
}

/* What a child says of its state is gossip; a lie here costs it its own place. */
static bool is_ready(const struct children *c, uint32_t slot)
{
	return atomic_load(&c->env->segment->slots[slot].state) != SHM_STARTING;
}

void spawn_retire(struct children *c)
{
	if (!c->has_old)
		return;
	for (uint32_t slot = CHILD_WORKERS; slot < c->count; slot++)
		if (c->list[slot].pid > 0 && c->list[slot].generation == c->generation &&
		    (!is_ready(c, slot) || !c->list[slot].is_told))
			return;
	/* Slots may be short: then some of the old ones leave before all new are there.
	 */
	for (uint32_t slot = CHILD_WORKERS; slot < c->count; slot++)
		if (c->list[slot].pid > 0 && c->list[slot].generation != c->generation)
			(void)kill(c->list[slot].pid, SIGTERM); /* ours: it exists */
	c->has_old = false;
}

static void reap(struct children *c, uint32_t slot, int64_t now_ms)
{
	struct shm_segment *seg = c->env->segment;

	shm_segment_reap(seg, slot, now_ms);
	(void)shm_books_fold(&seg->books, seg->slots, slot, clock_wall_s());
}

void spawn_adopt(struct children *c, int64_t now_ms)
{
	for (uint32_t slot = 0; slot < c->count; slot++) {
		c->list[slot].is_foreign = shm_segment_holder(c->env->segment, slot) != 0;
		if (!c->list[slot].is_foreign)
			reap(c, slot, now_ms);
	}
}

void spawn_look_at_foreign(struct children *c, int64_t now_ms)
{
	for (uint32_t slot = 0; slot < c->count; slot++) {
		if (!c->list[slot].is_foreign ||
		    shm_segment_holder(c->env->segment, slot) != 0)
			continue;
		reap(c, slot, now_ms);
		c->list[slot].is_foreign = false;
	}
}

static void log_death(const struct children *c, uint32_t slot, const struct death *death,
		      int64_t age_ms)
{
	const struct shm_slot *shared = &c->env->segment->slots[slot];
	struct log_line l;
	char last[SHM_TEXT_MAX];

	memcpy(last, shared->last_words, sizeof(last));
	last[sizeof(last) - 1] = '\0';
	log_begin(&l, death->is_quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "died");
	log_text(&l, "what", kinds[kind_of(slot)].name);
	log_int(&l, "slot", slot);
	log_int(&l, "pid", c->list[slot].pid);
	log_text(&l, "how", death->how);
	log_int(&l, "age_ms", age_ms);
	if (last[0])
		log_text(&l, "last_words", last);
	log_end(&l);
}

static void bury(struct children *c, uint32_t slot, const struct death *death,
		 int64_t now_ms)
{
	struct child *child = &c->list[slot];
	struct throttle *t = throttle_of(c, slot);

	log_death(c, slot, death, now_ms - child->born_ms);
	reap(c, slot, now_ms);
	close_if(&child->gate_end);
	if (slot == CHILD_GATE)
		close_if(&c->control_fd);
	child->pid = 0;
	if (throttle_died(t, death->is_bad, child->born_ms, now_ms))
		log_say(LOG_LEVEL_ERROR, "throttled",
			"%u %s died young in a row: the next is tried in %lld s",
			t->deaths, kinds[kind_of(slot)].plural,
			(long long)t->pause_ms / 1000);
}

void spawn_bury(struct children *c, pid_t pid, int status, int64_t now_ms)
{
	struct death death;

	death_read(&death, status);
	for (uint32_t slot = 0; slot < c->count; slot++)
		if (c->list[slot].pid == pid) {
			bury(c, slot, &death, now_ms);
			return;
		}
}

/* The heartbeat is what a child says; whom to kill is what the master knows. */
static bool is_frozen(const struct children *c, uint32_t slot, int64_t now_ms)
{
	const struct child *child = &c->list[slot];
	int64_t beat_ms = atomic_load(&c->env->segment->slots[slot].heartbeat_ms);

	return !child->was_killed && now_ms - child->born_ms >= FROZEN_MS &&
	       now_ms - beat_ms >= FROZEN_MS && now_ms >= c->grace_ms;
}

void spawn_watch(struct children *c, int64_t now_ms)
{
	if (now_ms - c->watched_ms >= LATE_MS)
		c->grace_ms = now_ms + FROZEN_MS;
	c->watched_ms = now_ms;
	for (uint32_t slot = 0; slot < c->count; slot++) {
		struct child *child = &c->list[slot];

		if (child->pid == 0)
			continue;
		if (throttle_lives(throttle_of(c, slot), child->born_ms, now_ms))
			log_say(LOG_LEVEL_INFO, "recovered",
				"a %s has lived for %d s: all are started again",
				kinds[kind_of(slot)].name, THROTTLE_LIFE_MS / 1000);
		if (!is_frozen(c, slot, now_ms))
			continue;
		log_say(LOG_LEVEL_ERROR, "frozen",
			"%s %d has not moved for %d s: it is killed and replaced",
			kinds[kind_of(slot)].name, (int)child->pid, FROZEN_MS / 1000);
		child->was_killed = true;
		(void)kill(child->pid, SIGKILL); /* our own, not yet reaped: it exists */
	}
}

uint32_t spawn_signal(struct children *c, enum child_kind kind, int number)
{
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < c->count; slot++)
		if (c->list[slot].pid > 0 && kind_of(slot) == kind) {
			(void)kill(c->list[slot].pid,
				   number); /* not yet reaped: it exists */
			count++;
		}
	return count;
}

uint32_t spawn_living(const struct children *c, enum child_kind kind)
{
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < c->count; slot++)
		count += c->list[slot].pid > 0 && kind_of(slot) == kind;
	return count;
}
