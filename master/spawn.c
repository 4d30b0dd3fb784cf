/* SPDX-License-Identifier: MIT */
/* fork(2) and what has to be right on both sides of it. */
#include "config.h"

#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/clock.h"
#include "worker/gate.h"
#include "worker/handover.h"
#include "worker/log.h"

enum {
	EARLY_MS = 5000,    /* who dies younger has died at its start */
	EARLY_MAX = 5,	    /* so many in a row throttle */
	THROTTLE_MS = 1000, /* doubling */
	THROTTLE_MAX_MS = 60000,
	FORK_FAILED_MS = 1000,
	FROZEN_MS = 30000, /* every wait beats once a second */
	GIVE_MS = 1000,
};

/* What exit codes say, and whether a child that says it early is sick. */
static const struct {
	int code;
	const char *word;
	bool is_bad;
} words[] = {
	{ WORKER_RETIRED, "retired", false }, { WORKER_ORPHANED, "orphaned", true },
	{ WORKER_SICK, "sick", true },	      { WORKER_NO_MEMORY, "out of memory", true },
	{ WORKER_BUG, "bug", true },
};

static bool is_worker(uint32_t slot)
{
	return slot != CHILD_GATE;
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

/* A child drops what is the master's, and of the others'. */
static void leave_nest(struct children *c, pid_t master)
{
	sigset_t none;

	for (uint32_t i = 0; i < c->count; i++)
		close_if(&c->list[i].gate_end);
	close_if(&c->control_fd);
	close_if(&c->signal_fd);
	close_if(&c->alive_pipe[1]);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the second line behind alive_fd */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() != master)
		_exit(WORKER_ORPHANED); /* it went before the death signal was set */
}

static pid_t fork_gate(struct children *c, struct shm_slot *slot, int64_t now_ms)
{
	pid_t master = getpid(), pid;
	int ends[2];

	if (handover_pair(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close_if(&ends[0]);
		leave_nest(c, master);
		shm_slot_take(slot, SHM_GATE, getpid(), now_ms);
		_exit(gate_run(c->env, slot, ends[1]));
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
		for (int i = 0; i < c->env->listener_count; i++)
			close_if(&c->env->listeners[i]);
		leave_nest(c, master);
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

/* Tells the gate of a worker. A gate that does not take it is dead or will be killed. */
static void give(struct children *c, uint32_t slot)
{
	struct handover message = { .kind = HANDOVER_WORKER, .number = slot };
	int64_t until = clock_ms() + GIVE_MS;

	if (c->control_fd < 0 || c->list[slot].gate_end < 0)
		return;
	while (handover_send(c->control_fd, message, c->list[slot].gate_end) < 0) {
		struct pollfd room = { .fd = c->control_fd, .events = POLLOUT };

		if (errno != EAGAIN || clock_left(until, 1) == 0)
			return;
		(void)poll(&room, 1, clock_left(until, GIVE_MS));
	}
}

static void give_all(struct children *c)
{
	for (uint32_t slot = 0; slot < c->count; slot++)
		if (is_worker(slot))
			give(c, slot);
}

static int start(struct children *c, uint32_t slot, int64_t now_ms)
{
	struct child *child = &c->list[slot];
	struct shm_slot *shared = &c->env->segment->slots[slot];
	pid_t pid = is_worker(slot) ? fork_worker(c, child, shared, now_ms)
				    : fork_gate(c, shared, now_ms);

	if (pid < 0) {
		log_say(LOG_LEVEL_ERROR, "fork",
			"cannot start a process: %s; trying again in %d ms",
			strerror(errno), FORK_FAILED_MS);
		c->next_spawn_ms = now_ms + FORK_FAILED_MS;
		return -1;
	}
	child->pid = pid;
	child->born_ms = now_ms;
	child->was_killed = false;
	if (is_worker(slot))
		give(c, slot);
	else
		give_all(c);
	return 0;
}

void spawn_missing(struct children *c, int64_t now_ms)
{
	if (now_ms < c->next_spawn_ms)
		return;
	for (uint32_t slot = 0; slot < c->count; slot++)
		if (c->list[slot].pid == 0 && start(c, slot, now_ms) < 0)
			return;
}

static void throttle(struct children *c, int64_t now_ms)
{
	unsigned doublings = c->early_deaths - EARLY_MAX;
	int64_t wait =
		doublings < 6 ? (int64_t)THROTTLE_MS << doublings : THROTTLE_MAX_MS;

	if (wait > THROTTLE_MAX_MS)
		wait = THROTTLE_MAX_MS;
	c->next_spawn_ms = now_ms + wait;
	log_say(LOG_LEVEL_ERROR, "throttled",
		"%u processes in a row died at their start; the next is started in %lld "
		"ms",
		c->early_deaths, (long long)wait);
}

/* How it ended, in a word. *is_bad: a child that ends so early is sick. */
static const char *describe(int status, bool *is_bad, char text[64])
{
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	*is_bad = true;
	if (number) {
		(void)snprintf(text, 64, "signal %d (%s)", number, strsignal(number));
		*is_bad =
			number != SIGKILL && number != SIGTERM; /* somebody else's wish */
		return text;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].code == WEXITSTATUS(status)) {
			*is_bad = words[i].is_bad;
			return words[i].word;
		}
	(void)snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
	return text;
}

static void log_death(const struct children *c, uint32_t slot, const char *how,
		      bool is_quiet, int64_t age_ms)
{
	const struct shm_slot *shared = &c->env->segment->slots[slot];
	struct log_line l;
	char last[SHM_TEXT_MAX];

	memcpy(last, shared->last_words, sizeof(last));
	last[sizeof(last) - 1] = '\0';
	log_begin(&l, is_quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "died");
	log_text(&l, "what", is_worker(slot) ? "worker" : "gate");
	log_int(&l, "slot", slot);
	log_int(&l, "pid", c->list[slot].pid);
	log_text(&l, "how", how);
	log_int(&l, "age_ms", age_ms);
	if (last[0])
		log_text(&l, "last_words", last);
	log_end(&l);
}

void spawn_bury(struct children *c, pid_t pid, int status, int64_t now_ms)
{
	char text[64];
	bool is_bad;
	const char *how = describe(status, &is_bad, text);

	for (uint32_t slot = 0; slot < c->count; slot++) {
		struct child *child = &c->list[slot];
		int64_t age_ms = now_ms - child->born_ms;

		if (child->pid != pid)
			continue;
		log_death(c, slot, how, status == 0, age_ms);
		shm_slot_reap(&c->env->segment->slots[slot], now_ms);
		close_if(&child->gate_end);
		if (!is_worker(slot))
			close_if(&c->control_fd);
		child->pid = 0;
		if (is_bad && age_ms < EARLY_MS) {
			if (++c->early_deaths >= EARLY_MAX)
				throttle(c, now_ms);
		} else if (age_ms >= EARLY_MS) {
			c->early_deaths = 0;
		}
		return;
	}
}

void spawn_watch(struct children *c, int64_t now_ms)
{
	for (uint32_t slot = 0; slot < c->count; slot++) {
		struct child *child = &c->list[slot];
		int64_t beat = atomic_load(&c->env->segment->slots[slot].heartbeat_ms);

		if (child->pid == 0 || child->was_killed ||
		    now_ms - child->born_ms < FROZEN_MS || now_ms - beat < FROZEN_MS)
			continue;
		log_say(LOG_LEVEL_ERROR, "frozen",
			"process %d has not moved for %lld ms: killed", (int)child->pid,
			(long long)(now_ms - beat));
		child->was_killed = true;
		(void)kill(child->pid,
			   SIGKILL); /* our own child, not yet reaped: it exists */
	}
}

void spawn_signal(struct children *c, int number, bool only_gate)
{
	for (uint32_t slot = 0; slot < c->count; slot++)
		if (c->list[slot].pid > 0 && (!only_gate || !is_worker(slot)))
			(void)kill(c->list[slot].pid, number);
}

uint32_t spawn_living(const struct children *c)
{
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < c->count; slot++)
		count += c->list[slot].pid > 0;
	return count;
}
