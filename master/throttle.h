/* SPDX-License-Identifier: MIT */
/*
 * How often processes that die young may be made again.  One that ends is made anew at
 * once; after THROTTLE_DEATHS early bad deaths in a row only one is tried at a time, and
 * the pause before it doubles from 1 s to 60 s, until one has lived for
 * THROTTLE_LIFE_MS.  (Postfix's master waits 60 s from the first.)
 */
#ifndef NIM_MASTER_THROTTLE_H
#define NIM_MASTER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	THROTTLE_DEATHS = 5,
	THROTTLE_LIFE_MS = 5000, /* who dies younger has died at its start */
	THROTTLE_PAUSE_MS = 1000,
	THROTTLE_PAUSE_MAX_MS = 60000,
};

/* All zero at the start. */
struct throttle {
	unsigned deaths;  /* early bad ones in a row */
	int64_t died_ms;  /* the last of them */
	int64_t pause_ms; /* 0: not throttled */
	int64_t until_ms; /* the next try */
	bool is_trying;	  /* one is out to be tried */
};

/* One has ended. Returns true when the pause has just begun or grown (worth a log line).
 */
bool throttle_died(struct throttle *t, bool was_bad, int64_t born_ms, int64_t now_ms);
/* Whether one may be made now; if so it is the one that is tried. */
bool throttle_may_spawn(struct throttle *t, int64_t now_ms);
/* It could not be made after all. */
void throttle_failed(struct throttle *t);
/* One that lives, born then. Returns true when this has just ended a throttling. */
bool throttle_lives(struct throttle *t, int64_t born_ms, int64_t now_ms);

#endif
