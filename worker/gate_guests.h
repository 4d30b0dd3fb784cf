/* SPDX-License-Identifier: MIT */
/*
 * The connections that the gate holds, in a fixed table indexed by descriptor.  Each is
 * in one list, and all of a list were given the same patience, so the first of a list is
 * always the next to expire.
 */
#ifndef NIM_WORKER_GATE_GUESTS_H
#define NIM_WORKER_GATE_GUESTS_H

#include "translate/pool.h"

enum guest_list {
	GUEST_NONE,   /* no such connection */
	GUEST_HEAD,   /* its head is not whole yet */
	GUEST_READY,  /* whole, but no worker is idle; one is expected in a moment */
	GUEST_SHORT,  /* whole, nobody idle or expected; one may just be finishing */
	GUEST_HANDED, /* given to a worker that has not said so yet */
	GUEST_LINGER, /* answered by the gate; its rest is drained */
	GUEST_LISTS
};

struct guest {
	int next, prev;	 /* descriptors; -1 = none */
	uint8_t list;	 /* enum guest_list */
	bool is_watched; /* it is in the epoll set */
	uint16_t pieces; /* how often new bytes of its head have come */
	int64_t until_ms;
};

struct guests {
	struct guest *table; /* in the pool */
	int size;	     /* descriptors below it fit */
	int first[GUEST_LISTS], last[GUEST_LISTS];
	int count[GUEST_LISTS];
};

void guests_init(struct guests *g, struct pool *p, int size);
bool guests_fits(const struct guests *g, int fd);
enum guest_list guests_list(const struct guests *g, int fd);
/*
 * Moves fd to the end of a list (GUEST_NONE: forgets it). until_ms: when its patience
 * ends; not before that of the list's last. GUEST_HANDED has no end of patience: 0.
 */
void guests_move(struct guests *g, int fd, enum guest_list list, int64_t until_ms);
/* The first of a list, or -1. */
int guests_first(const struct guests *g, enum guest_list list);
/* The first of a list if its patience has ended, or -1. */
int guests_expired(const struct guests *g, enum guest_list list, int64_t now_ms);
/* The earliest end of patience; INT64_MAX when nobody waits. */
int64_t guests_due(const struct guests *g);
/* How many are not with a worker. */
int guests_waiting(const struct guests *g);
/* The one that should go when there is no room for another: whoever has had his answer
 * before whoever has not; of these the oldest. -1 when nobody waits. */
int guests_oldest(const struct guests *g);

#endif
