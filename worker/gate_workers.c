/* SPDX-License-Identifier: MIT */
/* A stack, because last in, first out keeps one upstream connection warm instead of all
 * of them cold. */
#include "config.h"

#include "worker/gate_workers.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "worker/handover.h"

void gate_workers_init(struct gate_workers *w, struct pool *p, uint32_t size)
{
	w->table = pool_array(p, size, sizeof(struct gate_worker));
	w->size = size;
	w->top = -1;
	for (uint32_t i = 0; i < size; i++)
		w->table[i] = (struct gate_worker){
			.fd = -1, .handed = -1, .below = -1, .above = -1
		};
}

static void pull(struct gate_workers *w, uint32_t slot)
{
	struct gate_worker *one = &w->table[slot];

	if (!one->is_idle)
		return;
	if (one->above >= 0)
		w->table[one->above].below = one->below;
	else
		w->top = one->below;
	if (one->below >= 0)
		w->table[one->below].above = one->above;
	one->is_idle = false;
	one->above = one->below = -1;
}

static void push(struct gate_workers *w, uint32_t slot)
{
	struct gate_worker *one = &w->table[slot];

	if (one->is_idle)
		return;
	one->is_idle = true;
	one->above = -1;
	one->below = w->top;
	if (w->top >= 0)
		w->table[w->top].above = (int)slot;
	w->top = (int)slot;
}

static int say(struct gate_worker *one, enum handover_kind kind, int fd)
{
	struct handover message = { .kind = kind, .number = ++one->number };

	return handover_send(one->fd, message, fd);
}

void gate_workers_expect(struct gate_workers *w, uint32_t count, int64_t now_ms,
			 int64_t until_ms)
{
	if (now_ms >= w->expected_until_ms)
		w->expected = 0;
	w->expected += count;
	w->expected_until_ms = until_ms;
}

static void arrive(struct gate_workers *w, uint32_t slot)
{
	if (w->table[slot].is_new && w->expected > 0)
		w->expected--;
	w->table[slot].is_new = false;
}

void gate_workers_add(struct gate_workers *w, uint32_t slot, int fd)
{
	struct gate_worker *one = &w->table[slot];

	assert(one->fd < 0);
	one->fd = fd;
	one->is_new = true;
	(void)say(one, HANDOVER_ASK, -1); /* a dead one shows by its end of file */
}

/* The sending has failed for want of memory or descriptors, not because a worker has
 * died. */
static bool is_ours(int error)
{
	return error == ETOOMANYREFS || error == ENOMEM || error == ENOBUFS;
}

int gate_workers_hand(struct gate_workers *w, int fd)
{
	while (w->top >= 0) {
		uint32_t slot = (uint32_t)w->top;

		pull(w, slot);
		if (say(&w->table[slot], HANDOVER_CONNECTION, fd) == 0) {
			w->table[slot].handed = fd;
			return (int)slot;
		}
		if (is_ours(errno)) {
			push(w, slot); /* it is as idle as before */
			return -1;
		}
	}
	return -1;
}

enum gate_word gate_workers_hear(struct gate_workers *w, uint32_t slot)
{
	struct gate_worker *one = &w->table[slot];
	struct handover message;
	int fd = -1;
	int n = handover_receive(one->fd, &message, &fd);

	if (fd >= 0)
		(void)close(fd); /* nobody has reason to send one */
	if (n < 0 && errno == EAGAIN)
		return GATE_NOTHING;
	if (n <= 0)
		return GATE_DEAD;
	if (message.number != one->number)
		return GATE_STALE;
	if (message.kind == HANDOVER_TAKEN)
		return GATE_TAKEN;
	if (message.kind == HANDOVER_IDLE) {
		arrive(w, slot);
		push(w, slot);
		return GATE_IDLE;
	}
	return GATE_STALE;
}

int gate_workers_remove(struct gate_workers *w, uint32_t slot)
{
	struct gate_worker *one = &w->table[slot];
	int handed = one->handed;

	pull(w, slot);
	if (one->fd >= 0)
		(void)close(one->fd);
	one->fd = one->handed = -1;
	return handed;
}
