/* SPDX-License-Identifier: MIT */
/*
 * A lane: one key of the upstream, or a group of keys of one account.  Its window, its
 * tokens, and what the upstream has said of it.  A row belongs to its keys, whatever the
 * lane is called, else to its name; the master writes what the configuration says,
 * workers the rest.
 */
#ifndef NIM_SHM_LANE_H
#define NIM_SHM_LANE_H

#include "shm/ring.h"

enum {
	SHM_NAME_MAX = 64,   /* with its NUL */
	SHM_POOL_LANES = 64, /* in one pool */
	SHM_LANE_KEYS = 16,  /* in one lane */
};

struct shm_lane {
	char name[SHM_NAME_MAX];	/* NUL-padded; empty: the row is free */
	_Atomic uint32_t is_configured; /* 0: of an earlier configuration */
	_Atomic uint32_t is_paced;
	_Atomic uint32_t rpm;
	_Atomic uint32_t unused;
	_Atomic int64_t window_ms;
	_Atomic int64_t spacing_ms;
	_Atomic int64_t tpm; /* tokens in a window; 0: no limit */
	/* Of each of its keys the first bytes of its SHA-256; 0: none. */
	_Atomic uint64_t keys[SHM_LANE_KEYS];

	_Atomic int64_t benched_until_ms;
	_Atomic uint32_t benches;      /* 429s in a row */
	_Atomic uint32_t doubts;       /* 401s in a row */
	_Atomic uint32_t is_disabled;  /* by its doubts, until the key is read anew */
	_Atomic uint32_t bench_status; /* HTTP status that benched it */
	struct shm_ring ring;
	_Atomic uint64_t tokens[SHM_RPM_MAX]; /* of the request in that cell, and whose */
} __attribute__((aligned(64)));

/* Lanes that share their requests; the first of its rows are the lanes themselves, each
 * alone. */
struct shm_group {
	char name[SHM_NAME_MAX];
	_Atomic uint32_t count;
	_Atomic uint16_t lanes[SHM_POOL_LANES];
} __attribute__((aligned(64)));

struct shm_pace shm_lane_pace(const struct shm_lane *l);
/*
 * The tokens of the grants in the window, and the earliest time at which so many more
 * have room: now_ms when they have, or when the lane has no such limit; a moment later
 * when somebody has just been granted and has not said how many his are. A request larger
 * than the limit is let through an empty window.
 */
int64_t shm_lane_tokens_used(const struct shm_lane *l, const struct shm_view *view);
int64_t shm_lane_tokens_ms(const struct shm_lane *l, const struct shm_view *view,
			   int64_t tokens);
/* Notes a grant's tokens; later calls correct them while the cell is still the holder's.
 */
void shm_lane_note(struct shm_lane *l, const struct shm_place *place, int64_t tokens);

/*
 * The upstream said 429: nothing is sent for retry_after_ms, or, without one (0), for
 * first_ms, doubled with each 429 in a row up to most_ms. Returns until when.
 */
int64_t shm_lane_bench(struct shm_lane *l, int64_t now_ms, int64_t retry_after_ms,
		       int64_t first_ms, int64_t most_ms);
bool shm_lane_has_key(const struct shm_lane *l, uint64_t key);
/*
 * The upstream refused that key (401), `most` times in a row now: true when that disabled
 * the lane. A key that the lane has no more tells nothing of it.
 */
bool shm_lane_doubt(struct shm_lane *l, uint64_t key, uint32_t most);
/* Any answer that proves the key, and one that was no 429. */
void shm_lane_trust(struct shm_lane *l);

#endif
