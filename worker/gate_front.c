/* SPDX-License-Identifier: MIT */
/* Rules for those who wait in front of the workers. */
#include "config.h"

#include "worker/gate_front.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/gate_answer.h"
#include "worker/gate_head.h"
#include "worker/gate_watch.h"
#include "worker/log.h"

enum {
	LINGER_MS = 2000, /* how long an answered connection is drained */
	READY_MS = 1000,  /* how long a whole head waits for a worker on its way */
	/*
	 * How long one waits when nobody is on the way: a client that has read its answer
	 * can be back before the worker that gave it has said that it is idle, by a time
	 * slice of each other process that wants the processor. It is short for a client,
	 * which waits for half a second before it tries again (Anthropic's SDKs).
	 */
	SHORT_MS = 100,
	TOLD_MS = 1000, /* between two words about drops */
	SPARE_FDS = 64, /* listeners, epoll, control, log … */
	/*
	 * Each piece has the whole head looked at again, so many one-byte pieces of a
	 * long head would cost the gate seconds. 64 KiB come in 45 Ethernet frames.
	 */
	PIECES_MAX = 256,
};

enum refusal { OVERLOADED, TOO_SLOW };

static const struct {
	enum an_error_kind kind;
	const char *message;
	int retry_after;
} refusals[] = {
	[OVERLOADED] = { AN_OVERLOADED,
			 "All workers of this proxy are busy. Please try again.",
			 2 /* a worker is free again in seconds */ },
	[TOO_SLOW] = { AN_REQUEST_TIMEOUT, "The request did not arrive in time.", 0 },
};

static int room(const struct worker_env *env, int for_workers)
{
	int64_t max = env->settings.waiting_max;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < INT32_MAX &&
	    (int64_t)files.rlim_cur - for_workers - SPARE_FDS < max)
		max = (int64_t)files.rlim_cur - for_workers - SPARE_FDS;
	return max > 0 ? (int)max : 1;
}

void gate_front_init(struct gate_front *f, struct pool *p, const struct worker_env *env,
		     struct shm_slot *slot, struct gate_workers *workers, int epoll_fd)
{
	/* of each a socket, and a connection that it has not taken yet */
	int for_workers = (int)workers->size * 2;

	f->workers = workers;
	f->slot = slot;
	f->epoll_fd = epoll_fd;
	f->head_timeout_ms = env->settings.head_timeout_ms;
	f->waiting_max = room(env, for_workers);
	guests_init(&f->guests, p, f->waiting_max + for_workers + SPARE_FDS);
}

static void drop(struct gate_front *f, int fd)
{
	guests_move(&f->guests, fd, GUEST_NONE, 0);
	(void)close(fd); /* nothing was written that a disk could refuse */
}

/*
 * A worker that gets the descriptor keeps the connection open, so closing ours would not
 * take it out of the epoll set.
 */
static void unwatch(struct gate_front *f, int fd)
{
	struct guest *guest = &f->guests.table[fd];

	if (guest->is_watched)
		(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* it is there */
	guest->is_watched = false;
}

/*
 * Edge-triggered, or half a head would wake us for ever; but level-triggered while it is
 * drained, which reads a piece at a time.
 */
static void watch(struct gate_front *f, int fd)
{
	struct guest *guest = &f->guests.table[fd];
	uint32_t events =
		guest->list == GUEST_LINGER ? EPOLLIN : EPOLLIN | EPOLLRDHUP | EPOLLET;
	int op = guest->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	guest->is_watched = true;
	if (gate_watch(f->epoll_fd, op, fd, GATE_GUEST, (uint32_t)fd, events) < 0) {
		f->drops++; /* no memory, or the system's limit of watches */
		drop(f, fd);
	}
}

static void refuse(struct gate_front *f, int fd, enum refusal why)
{
	struct an_error e = { .kind = refusals[why].kind,
			      .message = str_of(refusals[why].message),
			      .retry_after = refusals[why].retry_after };

	if (why == OVERLOADED)
		atomic_fetch_add(&f->slot->overloaded, 1);
	gate_answer(fd, &e);
	guests_move(&f->guests, fd, GUEST_LINGER, f->now_ms + LINGER_MS);
	watch(f, fd);
}

/* A worker is on its way, and not all that are have been waited for already. */
static bool has_hope(const struct gate_front *f)
{
	return f->now_ms < f->workers->expected_until_ms &&
	       (uint32_t)f->guests.count[GUEST_READY] < f->workers->expected;
}

static bool try_hand(struct gate_front *f, int fd)
{
	if (gate_workers_hand(f->workers, fd) < 0)
		return false;
	unwatch(f, fd);
	guests_move(&f->guests, fd, GUEST_HANDED, 0);
	return true;
}

/* The head is whole. */
static void hand(struct gate_front *f, int fd)
{
	if (f->answer) {
		f->answer(f->self, fd);
		guests_move(&f->guests, fd, GUEST_LINGER, f->now_ms + LINGER_MS);
		watch(f, fd);
		return;
	}
	if (try_hand(f, fd))
		return;
	if (has_hope(f))
		guests_move(&f->guests, fd, GUEST_READY, f->now_ms + READY_MS);
	else
		guests_move(&f->guests, fd, GUEST_SHORT, f->now_ms + SHORT_MS);
}

/* Looks what has come of a head; the bytes stay where they are. */
static void look(struct gate_front *f, int fd)
{
	struct guest *guest = &f->guests.table[fd];
	ssize_t n = recv(fd, f->head, sizeof(f->head), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(f, fd);
		return;
	}
	guest->pieces++;
	if ((size_t)n == sizeof(f->head) ||
	    gate_head_is_whole((struct str){ f->head, (size_t)n }))
		hand(f, fd);
	else if (guest->pieces >= PIECES_MAX)
		refuse(f, fd, TOO_SLOW);
}

void gate_front_greet(struct gate_front *f, int fd)
{
	enum guest_list list;

	if (guests_waiting(&f->guests) >= f->waiting_max) {
		f->drops++;
		drop(f, guests_oldest(&f->guests));
	}
	if (!guests_fits(&f->guests, fd)) {
		f->drops++;
		(void)close(fd); /* nothing was written to it */
		return;
	}
	guests_move(&f->guests, fd, GUEST_HEAD, f->now_ms + f->head_timeout_ms);
	look(f, fd); /* most bring their head along */
	list = guests_list(&f->guests, fd);
	if (list == GUEST_HEAD || list == GUEST_READY || list == GUEST_SHORT)
		watch(f, fd);
}

void gate_front_event(struct gate_front *f, int fd, uint32_t events)
{
	bool is_leaving = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

	switch (guests_list(&f->guests, fd)) {
	case GUEST_HEAD:
		look(f, fd);
		if (is_leaving && guests_list(&f->guests, fd) == GUEST_HEAD)
			drop(f, fd); /* half a head, and no more will come */
		break;
	case GUEST_READY:
	case GUEST_SHORT:
		if (is_leaving)
			drop(f, fd);
		break;
	case GUEST_LINGER:
		if (!gate_drain(fd))
			drop(f, fd);
		break;
	default: /* it went, or was handed over, earlier in this round */
		break;
	}
}

static bool serve_first(struct gate_front *f, enum guest_list list)
{
	int fd = guests_first(&f->guests, list);

	return f->workers->top >= 0 && fd >= 0 && try_hand(f, fd);
}

void gate_front_serve(struct gate_front *f)
{
	while (serve_first(f, GUEST_READY) || serve_first(f, GUEST_SHORT))
		;
}

void gate_front_taken(struct gate_front *f, int fd)
{
	drop(f, fd);
}

void gate_front_not_taken(struct gate_front *f, int fd)
{
	refuse(f, fd, OVERLOADED);
}

static void tell_drops(struct gate_front *f)
{
	struct log_line l;

	if (f->drops == 0 || f->now_ms - f->told_ms < TOLD_MS)
		return;
	log_begin(&l, LOG_LEVEL_WARN, "crowded");
	log_int(&l, "dropped", (int64_t)f->drops);
	log_int(&l, "may_wait", f->waiting_max);
	log_text(&l, "msg",
		 "the oldest waiting connections made room; see waiting_max and ulimit "
		 "-n");
	log_end(&l);
	f->told_ms = f->now_ms;
	f->drops = 0;
}

void gate_front_expire(struct gate_front *f)
{
	int fd;

	while ((fd = guests_expired(&f->guests, GUEST_HEAD, f->now_ms)) >= 0) {
		if (f->guests.table[fd].pieces > 0)
			refuse(f, fd, TOO_SLOW);
		else
			drop(f, fd);
	}
	while ((fd = guests_expired(&f->guests, GUEST_READY, f->now_ms)) >= 0 ||
	       (fd = guests_expired(&f->guests, GUEST_SHORT, f->now_ms)) >= 0)
		refuse(f, fd, OVERLOADED);
	while ((fd = guests_expired(&f->guests, GUEST_LINGER, f->now_ms)) >= 0)
		drop(f, fd);
	tell_drops(f);
}
