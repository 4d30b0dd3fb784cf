/* SPDX-License-Identifier: MIT */
/* Accepting, and not accepting. */
#include "config.h"

#include "worker/gate_door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/gate_watch.h"
#include "worker/log.h"

enum {
	PAUSE_MS = 500,
	TOLD_MS = 10000, /* between two words about pauses */
};

static void watch_all(struct gate_door *d, int op)
{
	for (int i = 0; i < d->count; i++)
		if (gate_watch(d->epoll_fd, op, d->listeners[i], GATE_LISTENER,
			       (uint32_t)i, EPOLLIN) < 0)
			log_say(LOG_LEVEL_ERROR, "gate", "cannot watch a listener: %s",
				strerror(errno));
}

void gate_door_open(struct gate_door *d, const int *listeners, int count, int epoll_fd)
{
	*d = (struct gate_door){ .listeners = listeners,
				 .count = count,
				 .epoll_fd = epoll_fd,
				 .told_ms = -TOLD_MS };
	watch_all(d, EPOLL_CTL_ADD);
}

void gate_door_ring(struct gate_door *d, uint32_t index)
{
	d->ready |= 1u << index;
}

static void pause_accepting(struct gate_door *d, int error, int64_t now_ms)
{
	if (now_ms - d->told_ms >= TOLD_MS) {
		d->told_ms = now_ms;
		log_say(LOG_LEVEL_ERROR, "gate",
			"cannot accept: %s; trying again every %d ms", strerror(error),
			PAUSE_MS);
	}
	watch_all(d, EPOLL_CTL_DEL);
	d->ready = 0;
	d->pause_until_ms = now_ms + PAUSE_MS;
}

int gate_door_accept(struct gate_door *d, int64_t now_ms)
{
	for (int i = 0; i < d->count; i++) {
		int fd;

		if (!(d->ready & 1u << i))
			continue;
		do {
			fd = accept4(d->listeners[i], NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);
		} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
		if (fd >= 0)
			return fd;
		d->ready &= ~(1u << i); /* EAGAIN, or an error of that one connection */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accepting(d, errno, now_ms);
	}
	return -1;
}

void gate_door_tick(struct gate_door *d, int64_t now_ms)
{
	if (d->pause_until_ms == 0 || now_ms < d->pause_until_ms)
		return;
	d->pause_until_ms = 0;
	watch_all(d, EPOLL_CTL_ADD);
}

int64_t gate_door_due(const struct gate_door *d)
{
	return d->pause_until_ms ? d->pause_until_ms : INT64_MAX;
}
