/* SPDX-License-Identifier: MIT */
/*
 * An exact rolling window: never more than so many grants in so many milliseconds, under
 * any number of processes, wherever one of them dies or stands still.
 *
 * One 64-bit cell a grant.  To take a place, a process moves `last` on by compare-and-
 * swap, then the oldest cell; every grant moves `last`, so who has looked before another
 * one's grant fails and looks again.  A new cell is pinned: it does not age until its
 * holder says when the request had gone out (settle), gives it back unsent, or is reaped.
 * So a slow connect, or a process that stands still between its grant and its write,
 * keeps its place and can never be one too many.
 */
#ifndef NIM_SHM_RING_H
#define NIM_SHM_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SHM_RPM_MAX = 600,	/* cells */
	SHM_PERSONS_MAX = 1024, /* ten bits of a cell */
	SHM_SLOTS_MAX = 4096,	/* twelve */
	SHM_STAGGER_MS = 20,	/* between two ranks of a queue, at most */
};

struct shm_ring {
	_Atomic uint64_t last;	/* time of the last grant, and its number */
	_Atomic uint32_t width; /* cells that were ever in use */
	uint32_t unused;
	_Atomic uint64_t cells[SHM_RPM_MAX];
};

/* What is let through. */
struct shm_pace {
	uint32_t limit;	    /* grants in a window, 1..SHM_RPM_MAX */
	int64_t window_ms;  /* > 0 */
	int64_t spacing_ms; /* between two grants */
};

/* A cell as it was read. */
struct shm_stamp {
	int64_t at_ms; /* for a pinned one: now */
	uint64_t word;
	uint16_t index;
	uint16_t person;
	uint16_t slot;
	bool is_background;
	bool is_pinned;
	bool is_used; /* within the window */
};

/* A window as it was read, oldest first; what is free stands in front. */
struct shm_view {
	int64_t now_ms;
	struct shm_pace pace;
	uint64_t last;
	int64_t last_ms; /* INT64_MIN / 2: no grant yet */
	uint32_t count;	 /* stamps; at least pace.limit */
	uint32_t used;
	struct shm_stamp stamps[SHM_RPM_MAX];
};

/* Who takes a place. */
struct shm_taker {
	uint32_t person, slot;
	bool is_background;
};

/* A place that was taken: what its holder has to keep. */
struct shm_place {
	uint32_t index;
	uint64_t word; /* as it stands in the cell */
	uint64_t old;  /* what stood there before */
};

void shm_ring_view(const struct shm_ring *ring, const struct shm_pace *pace,
		   int64_t now_ms, struct shm_view *view);
/* The time at which the n-th place (0 = the next one) is free, or has become so. */
int64_t shm_view_free_ms(const struct shm_view *view, uint32_t n);
/* The same of the next one, and spacing_ms after the last grant. */
int64_t shm_view_open_ms(const struct shm_view *view);

/* Takes a place of a window that was just read. False when it was not free, or changed.
 */
bool shm_ring_take(struct shm_ring *ring, const struct shm_view *view,
		   const struct shm_taker *who, struct shm_place *place);
/* The request has gone out, at now_ms at the latest: from now on the place ages. */
void shm_ring_settle(struct shm_ring *ring, struct shm_place *place, int64_t now_ms);
/* It was never sent: the place is as free as before. */
void shm_ring_return(struct shm_ring *ring, struct shm_place *place);
/* For the reaper of a slot: all its pinned places begin to age now. */
void shm_ring_reap(struct shm_ring *ring, uint32_t slot, int64_t now_ms);

/* One stamp with its time, for who restores a window: not atomic with anything. */
void shm_ring_put(struct shm_ring *ring, uint32_t index, int64_t at_ms, uint32_t person,
		  bool is_background);
/* The last grant was at that time. */
void shm_ring_begin(struct shm_ring *ring, int64_t last_ms);

#endif
