/* SPDX-License-Identifier: MIT */
/* Doubly linked lists through one table: every move costs the same with 3 connections and
 * with 10,000. */
#include "config.h"

#include "worker/gate_guests.h"

#include <assert.h>

void guests_init(struct guests *g, struct pool *p, int size)
{
	memset(g, 0, sizeof(*g));
	g->table = pool_array(p, (size_t)size, sizeof(struct guest));
	g->size = size;
	for (int i = 0; i < GUEST_LISTS; i++)
		g->first[i] = g->last[i] = -1;
}

bool guests_fits(const struct guests *g, int fd)
{
	return fd >= 0 && fd < g->size;
}

enum guest_list guests_list(const struct guests *g, int fd)
{
	return guests_fits(g, fd) ? (enum guest_list)g->table[fd].list : GUEST_NONE;
}

static void unlink_guest(struct guests *g, int fd)
{
	struct guest *guest = &g->table[fd];

	if (guest->list == GUEST_NONE)
		return;
	if (guest->prev >= 0)
		g->table[guest->prev].next = guest->next;
	else
		g->first[guest->list] = guest->next;
	if (guest->next >= 0)
		g->table[guest->next].prev = guest->prev;
	else
		g->last[guest->list] = guest->prev;
	g->count[guest->list]--;
	guest->list = GUEST_NONE;
}

void guests_move(struct guests *g, int fd, enum guest_list list, int64_t until_ms)
{
	struct guest *guest;

	assert(guests_fits(g, fd));
	unlink_guest(g, fd);
	guest = &g->table[fd];
	if (list == GUEST_NONE) {
		guest->is_watched = false;
		guest->pieces = 0;
		return;
	}
	guest->list = (uint8_t)list;
	guest->until_ms = until_ms;
	guest->next = -1;
	guest->prev = g->last[list];
	if (guest->prev >= 0)
		g->table[guest->prev].next = fd;
	else
		g->first[list] = fd;
	g->last[list] = fd;
	g->count[list]++;
}

int guests_first(const struct guests *g, enum guest_list list)
{
	return g->first[list];
}

int guests_expired(const struct guests *g, enum guest_list list, int64_t now_ms)
{
	int fd = g->first[list];

	return fd >= 0 && g->table[fd].until_ms <= now_ms ? fd : -1;
}

int64_t guests_due(const struct guests *g)
{
	int64_t due = INT64_MAX;

	for (int i = GUEST_HEAD; i < GUEST_LISTS; i++)
		if (i != GUEST_HANDED && g->first[i] >= 0 &&
		    g->table[g->first[i]].until_ms < due)
			due = g->table[g->first[i]].until_ms;
	return due;
}

int guests_waiting(const struct guests *g)
{
	return g->count[GUEST_HEAD] + g->count[GUEST_READY] + g->count[GUEST_SHORT] +
	       g->count[GUEST_LINGER];
}

int guests_oldest(const struct guests *g)
{
	static const enum guest_list order[] = { GUEST_LINGER, GUEST_HEAD, GUEST_SHORT,
						 GUEST_READY };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (g->first[order[i]] >= 0)
			return g->first[order[i]];
	return -1;
}
