/* SPDX-License-Identifier: MIT */
/*
 * Who is next.  Nobody tells anybody: every waiter computes the same order from words
 * that all can read, and the ring lets nobody through who is wrong.
 *
 * Order: first the person served least recently (times his weight); within one person
 * interactive before background, but each fifth of his grants is for background while
 * some of it waits; then first come.
 *
 * Spread: order alone is not fair.  Twenty clients of one person that empty the window in
 * one second leave nothing to order for the rest of the minute. So who has had his share
 * of the window, limit / (active people + 1), is let through only at the smallest even
 * spacing that the ring can keep from now on, unless taking a place now leaves room
 * enough for that.  Active is who waits or has a grant in the window. In a pool the share
 * is counted over all its lanes.
 */
#ifndef NIM_SHM_QUEUE_H
#define NIM_SHM_QUEUE_H

#include "shm/segment.h"

/* What a waiter says of itself. */
struct shm_waiter {
	uint32_t slot, person;
	uint32_t group; /* the lanes it may use */
	uint32_t home;	/* the one of them that it prefers, as an index of the group */
	bool is_background;
	int64_t since_ms;
	int64_t tokens; /* of the request, as estimated */
};

struct shm_rules {
	bool by_person; /* else first come, first served */
	bool want_spread;
};

struct shm_look {
	int64_t try_ms;	   /* not before; INT64_MAX: all its lanes are disabled */
	int64_t served_ms; /* when its turn is likely to be */
	uint32_t lane;	   /* the one to try then */
	uint32_t ahead;	   /* waiters that come first */
	uint32_t active; /* people who wait or have a grant in the window, w's own too */
	int64_t even_ms; /* between two places, when they come evenly */
	struct shm_view view; /* of that lane, as of now_ms */
};

/* The word of a slot in segment->waits. */
uint64_t shm_wait_word(const struct shm_waiter *w);
void shm_queue_join(struct shm_segment *seg, const struct shm_waiter *w);
void shm_queue_leave(struct shm_segment *seg, uint32_t slot);

/* Works whether w has joined or only asks how long it would take. */
void shm_queue_look(const struct shm_segment *seg, const struct shm_waiter *w,
		    const struct shm_rules *rules, int64_t now_ms, struct shm_look *out);
/*
 * Takes the place that a look at this moment has found. False: somebody was faster, or
 * it is not time yet; look again.
 */
bool shm_queue_take(struct shm_segment *seg, const struct shm_waiter *w,
		    const struct shm_look *look, struct shm_place *place);
/* The slot of a waiter whose turn it is on that lane, for a poke; SHM_NOBODY: none. */
uint32_t shm_queue_first(const struct shm_segment *seg, uint32_t lane);
/* For each of the shape.lanes lanes how many wait for it, alone or in a pool. */
void shm_queue_lengths(const struct shm_segment *seg, uint32_t *lengths);

#endif
