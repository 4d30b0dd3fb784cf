/* SPDX-License-Identifier: MIT */
/* What an epoll event of the gate is about stands in its 64 bits of data. */
#ifndef NIM_WORKER_GATE_WATCH_H
#define NIM_WORKER_GATE_WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

enum gate_source {
	GATE_LISTENER, /* id: its index */
	GATE_GUEST,    /* id: the descriptor */
	GATE_WORKER,   /* id: the slot */
	GATE_CONTROL,
	GATE_ALIVE,
};

/* op as for epoll_ctl(2). Returns 0, or -1 with errno. */
static inline int gate_watch(int epoll_fd, int op, int fd, enum gate_source source,
			     uint32_t id, uint32_t events)
{
	struct epoll_event event = { .events = events,
				     .data.u64 = (uint64_t)source << 32 | id };

	return epoll_ctl(epoll_fd, op, fd, &event);
}

static inline enum gate_source gate_source_of(const struct epoll_event *event)
{
	return (enum gate_source)(event->data.u64 >> 32);
}

static inline uint32_t gate_id_of(const struct epoll_event *event)
{
	return (uint32_t)event->data.u64;
}

#endif
