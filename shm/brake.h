/* SPDX-License-Identifier: MIT */
/*
 * A model's brake.  Its servers have too much to do (529, 503 ResourceExhausted,
 * DEGRADED, a 429 that speaks of the model's workers): other keys would not help, and
 * other models are not meant.  Each press halves how many requests may be with that model
 * at the same time; each minute without one allows one more, until there are as many as
 * at the first press.
 */
#ifndef NIM_SHM_BRAKE_H
#define NIM_SHM_BRAKE_H

#include "shm/segment.h"

enum {
	SHM_BRAKE_MINUTE_MS = 60 * 1000,
	SHM_BRAKE_ANSWERED_MS = 1000,
	SHM_BRAKE_FRESH_MS = 1000 /* a waiter that has not looked for so long is frozen */
};

/* This slot's request is, or is not any more, with that model; row SHM_NOBODY: none. */
void shm_brake_fly(struct shm_segment *seg, uint32_t slot, uint32_t row);
/* It waits for that model to have room, and asks again at least every half second. */
void shm_brake_wait(struct shm_segment *seg, uint32_t slot, uint32_t row);
/*
 * Whether this slot's request may go to that model now. Room is for the person who has
 * the fewest requests with the model, and among equals for the oldest request.
 */
bool shm_brake_may(const struct shm_segment *seg, uint32_t slot, uint32_t row,
		   int64_t now_ms);
/* How many requests are with that model now. */
uint32_t shm_brake_flights(const struct shm_segment *seg, uint32_t row);
/*
 * The upstream refused for that reason, when so many requests were with the model, the
 * refused one included. What comes within a second of the last press is the same event.
 */
void shm_brake_press(struct shm_model *m, uint32_t flights, int64_t now_ms);
/* How many may be with the model at the same time now; UINT32_MAX: no limit. */
uint32_t shm_brake_limit(const struct shm_model *m, int64_t now_ms);

#endif
