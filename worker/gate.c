/* SPDX-License-Identifier: MIT */
/* The gate's loop.  The bytes it looks at stay in the kernel; the worker reads them
 * again. */
#include "config.h"

#include "worker/gate.h"

#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "translate/an_error.h"
#include "translate/ids.h"
#include "worker/clock.h"
#include "worker/gate_guests.h"
#include "worker/gate_workers.h"
#include "worker/handover.h"
#include "worker/http.h"
#include "worker/log.h"
#include "worker/wait.h"
#include "worker/worker.h"

enum {
	ACCEPT_BATCH = 64, /* then the others get their turn */
	EVENTS_MAX = 256,
	SLEEP_MS = 1000,   /* longest sleep without a heartbeat */
	LINGER_MS = 2000,  /* how long an answered connection is drained */
	HOPE_MS = 1000,	   /* how long after a worker's death or birth an idle one is
			      expected */
	PAUSE_MS = 500,	   /* without descriptors accepting pauses */
	SPARE_FDS = 64,	   /* epoll, control, log … */
	RETRY_AFTER_S = 2, /* workers are free again in seconds */
};

/* What an epoll event is about; the upper half of its data. */
enum source {
	SOURCE_LISTENER,
	SOURCE_GUEST,
	SOURCE_WORKER,
	SOURCE_CONTROL,
	SOURCE_ALIVE
};

struct gate {
	const struct worker_env *env;
	struct shm_slot *slot;
	struct pool pool;
	struct guests guests;
	struct gate_workers workers;
	int epoll_fd;
	int control_fd;
	int64_t now_ms;
	int64_t hope_until_ms;
	int64_t pause_until_ms; /* 0: accepting */
	uint64_t dropped;	/* oldest waiting ones, not yet told */
	int64_t told_ms;	/* the log, last */
	bool is_orphaned;
	char head[HTTP_HEAD_MAX + 1];
};

static void watch(struct gate *g, int fd, enum source source, uint32_t id,
		  uint32_t events)
{
	struct epoll_event event = { .events = events,
				     .data.u64 = (uint64_t)source << 32 | id };

	if (epoll_ctl(g->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		log_say(LOG_LEVEL_ERROR, "gate", "cannot watch a descriptor: %s",
			strerror(errno));
}

static void unwatch(struct gate *g, int fd)
{
	(void)epoll_ctl(g->epoll_fd, EPOLL_CTL_DEL, fd,
			NULL); /* not watched: nothing to do */
}

static void drop(struct gate *g, int fd)
{
	guests_move(&g->guests, fd, GUEST_NONE, 0);
	(void)close(fd); /* leaves the epoll set with it */
}

/* Answers in the worker's place, then drains: closing with unread bytes would reset the
 * connection. */
static void answer(struct gate *g, int fd, enum an_error_kind kind, const char *message)
{
	struct an_error e = { .kind = kind, .message = str_of(message) };
	uint8_t random[IDS_RANDOM] = { 0 };
	struct pool pool;
	struct buf *body, *text;
	struct str id;

	pool_init(&pool, NULL);
	body = pool_buf(&pool, 4096);
	text = pool_buf(&pool, 8192);
	(void)RAND_bytes(
		random,
		sizeof(random)); /* without it the id is not unique; that is all */
	id = ids_make(&pool, STR("req_"), random);
	an_error_body(body, &e, id);
	buf_addf(text,
		 "HTTP/1.1 %d %s\r\nrequest-id: %s\r\nconnection: close\r\n"
		 "content-type: application/json\r\ncontent-length: %zu\r\n",
		 an_errors[kind].status, an_errors[kind].reason, id.ptr, body->len);
	if (kind == AN_OVERLOADED)
		buf_addf(text, "retry-after: %d\r\n", RETRY_AFTER_S);
	buf_lit(text, "\r\n");
	buf_adds(text, buf_str(body));
	(void)send(fd, text->data, text->len,
		   MSG_DONTWAIT | MSG_NOSIGNAL); /* fits the kernel's buffer */
	(void)shutdown(fd, SHUT_WR);
	pool_release(&pool);
	guests_move(&g->guests, fd, GUEST_LINGER, g->now_ms + LINGER_MS);
}

static void hand(struct gate *g, int fd)
{
	if (gate_workers_hand(&g->workers, fd) >= 0) {
		unwatch(g, fd);
		guests_move(&g->guests, fd, GUEST_HANDED, 0);
	} else if (g->now_ms < g->hope_until_ms) {
		guests_move(&g->guests, fd, GUEST_READY, g->hope_until_ms);
	} else {
		shm_slot_count(g->slot, SHM_overloaded, 1);
		answer(g, fd, AN_OVERLOADED,
		       "All workers of this proxy are busy. Please try again.");
	}
}

/* A request begins with a method; anything else is refused by the parser at its first
 * byte. */
static bool is_refusable(const char *text, size_t len)
{
	return len > 0 && (text[0] < 'A' || text[0] > 'Z');
}

/* True when a worker can read the head without waiting, or refuse it at once. */
static bool is_whole(const char *text, size_t len)
{
	while (len > 0 && (*text == '\r' ||
			   *text == '\n')) { /* RFC 9112 §2.2 allows them in front */
		text++;
		len--;
	}
	return is_refusable(text, len) || memmem(text, len, "\r\n\r\n", 4) ||
	       memmem(text, len, "\n\n", 2);
}

static void look(struct gate *g, int fd)
{
	ssize_t n = recv(fd, g->head, sizeof(g->head), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(g, fd);
		return;
	}
	g->guests.table[fd].has_spoken = true;
	if ((size_t)n == sizeof(g->head) || is_whole(g->head, (size_t)n))
		hand(g, fd);
}

static void drain(struct gate *g, int fd)
{
	ssize_t n;

	do {
		n = recv(fd, g->head, sizeof(g->head), MSG_DONTWAIT);
	} while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(g, fd);
}

static void on_guest(struct gate *g, int fd, uint32_t events)
{
	switch (guests_list(&g->guests, fd)) {
	case GUEST_HEAD:
		if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !(events & EPOLLIN))
			drop(g, fd);
		else
			look(g, fd);
		if (guests_list(&g->guests, fd) == GUEST_HEAD && events & EPOLLRDHUP)
			drop(g, fd); /* half a head, and no more will come */
		break;
	case GUEST_READY:
		if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			drop(g, fd);
		break;
	case GUEST_LINGER:
		drain(g, fd);
		break;
	default:
		break;
	}
}

static void greet(struct gate *g, int fd)
{
	if (!guests_fits(&g->guests, fd)) {
		(void)close(fd);
		return;
	}
	if (g->guests.count[GUEST_HEAD] >= g->env->settings.waiting_max) {
		g->dropped++;
		drop(g, guests_first(&g->guests, GUEST_HEAD));
	}
	guests_move(&g->guests, fd, GUEST_HEAD,
		    g->now_ms + g->env->settings.head_timeout_ms);
	watch(g, fd, SOURCE_GUEST, (uint32_t)fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

static void pause_accepting(struct gate *g)
{
	log_say(LOG_LEVEL_WARN, "gate",
		"out of descriptors (%s): accepting pauses for %d ms", strerror(errno),
		PAUSE_MS);
	for (int i = 0; i < g->env->listener_count; i++)
		unwatch(g, g->env->listeners[i]);
	g->pause_until_ms = g->now_ms + PAUSE_MS;
}

static void resume_accepting(struct gate *g)
{
	g->pause_until_ms = 0;
	for (int i = 0; i < g->env->listener_count; i++)
		watch(g, g->env->listeners[i], SOURCE_LISTENER, (uint32_t)i, EPOLLIN);
}

static void on_listener(struct gate *g, uint32_t index)
{
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(g->env->listeners[index], NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			greet(g, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			pause_accepting(g);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void serve_ready(struct gate *g)
{
	int fd;

	while (g->workers.top >= 0 && (fd = guests_first(&g->guests, GUEST_READY)) >= 0)
		hand(g, fd);
}

static void lose_worker(struct gate *g, uint32_t slot)
{
	int handed = gate_workers_remove(&g->workers, slot);

	g->hope_until_ms = g->now_ms + HOPE_MS; /* the master makes another one */
	if (handed >= 0) {
		guests_move(&g->guests, handed, GUEST_NONE, 0);
		greet(g, handed); /* nothing of it has been read: from the beginning */
	}
}

static void on_worker(struct gate *g, uint32_t slot)
{
	struct gate_worker *one = &g->workers.table[slot];

	switch (gate_workers_hear(&g->workers, slot)) {
	case GATE_TAKEN:
		if (one->handed >= 0)
			drop(g, one->handed);
		one->handed = -1;
		break;
	case GATE_IDLE:
		serve_ready(g);
		break;
	case GATE_DEAD:
		lose_worker(g, slot);
		break;
	case GATE_NOTHING:
		break;
	}
}

static void on_control(struct gate *g)
{
	struct handover message;
	int fd = -1;
	int n = handover_receive(g->control_fd, &message, &fd);

	if (n == 0)
		g->is_orphaned = true;
	if (n <= 0)
		return;
	if (message.kind != HANDOVER_WORKER || fd < 0 ||
	    message.number >= g->workers.size) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (g->workers.table[message.number].fd >= 0)
		lose_worker(g, message.number);
	gate_workers_add(&g->workers, message.number, fd);
	watch(g, fd, SOURCE_WORKER, message.number, EPOLLIN);
	g->hope_until_ms = g->now_ms + HOPE_MS;
}

static void expire(struct gate *g)
{
	int fd;

	while ((fd = guests_expired(&g->guests, GUEST_HEAD, g->now_ms)) >= 0) {
		if (g->guests.table[fd].has_spoken)
			answer(g, fd, AN_REQUEST_TIMEOUT,
			       "The request did not arrive in time.");
		else
			drop(g, fd);
	}
	while ((fd = guests_expired(&g->guests, GUEST_READY, g->now_ms)) >= 0)
		hand(g, fd);
	while ((fd = guests_expired(&g->guests, GUEST_LINGER, g->now_ms)) >= 0)
		drop(g, fd);
	if (g->pause_until_ms && g->now_ms >= g->pause_until_ms)
		resume_accepting(g);
	if (g->dropped && g->now_ms - g->told_ms >= 1000) {
		g->told_ms = g->now_ms;
		log_say(LOG_LEVEL_WARN, "gate",
			"%llu silent connections dropped: waiting_max reached",
			(unsigned long long)g->dropped);
		g->dropped = 0;
	}
}

static void on_event(struct gate *g, const struct epoll_event *event)
{
	uint32_t id = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 32)) {
	case SOURCE_LISTENER:
		if (!g->pause_until_ms)
			on_listener(g, id);
		break;
	case SOURCE_GUEST:
		on_guest(g, (int)id, event->events);
		break;
	case SOURCE_WORKER:
		if (g->workers.table[id].fd >= 0)
			on_worker(g, id);
		break;
	case SOURCE_CONTROL:
		on_control(g);
		break;
	case SOURCE_ALIVE:
		g->is_orphaned = true;
		break;
	}
}

static int sleep_ms(const struct gate *g)
{
	int64_t due = guests_due(&g->guests);

	if (g->pause_until_ms && g->pause_until_ms < due)
		due = g->pause_until_ms;
	return clock_left(due, SLEEP_MS);
}

static enum worker_exit loop(struct gate *g)
{
	static struct epoll_event events[EVENTS_MAX];
	sigset_t mask;

	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	sigdelset(&mask, SIGTERM);
	while (!g->is_orphaned && !wait_is_stopped()) {
		int n = epoll_pwait(g->epoll_fd, events, EVENTS_MAX, sleep_ms(g), &mask);

		if (n < 0 && errno != EINTR)
			return WORKER_SICK;
		g->now_ms = clock_ms();
		shm_slot_beat(g->slot, g->now_ms);
		for (int i = 0; i < n; i++)
			on_event(g, &events[i]);
		expire(g);
	}
	return g->is_orphaned ? WORKER_ORPHANED : WORKER_RETIRED;
}

int gate_run(const struct worker_env *env, struct shm_slot *slot, int control_fd)
{
	static struct gate g;
	uint32_t slots = env->segment->slot_count;

	g.env = env;
	g.slot = slot;
	g.control_fd = control_fd;
	pool_init(&g.pool, NULL);
	guests_init(&g.guests, &g.pool,
		    (int)env->settings.waiting_max * 2 + (int)slots * 2 + SPARE_FDS);
	gate_workers_init(&g.workers, &g.pool, slots);
	wait_catch_term();
	g.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (g.epoll_fd < 0)
		return WORKER_SICK;
	g.now_ms = clock_ms();
	g.hope_until_ms = g.now_ms + HOPE_MS;
	watch(&g, control_fd, SOURCE_CONTROL, 0, EPOLLIN);
	watch(&g, env->alive_fd, SOURCE_ALIVE, 0, EPOLLIN);
	resume_accepting(&g);
	shm_slot_state(slot, SHM_IDLE, g.now_ms);
	return loop(&g);
}
