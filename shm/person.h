/* SPDX-License-Identifier: MIT */
/*
 * What all workers know of a person: when a lane last served him (the order of the queue
 * hangs on it), his own window, and which of his clients was told to come back when.
 * What he has used stands in the books.
 */
#ifndef NIM_SHM_PERSON_H
#define NIM_SHM_PERSON_H

#include "shm/lane.h"

enum {
	SHM_TICKETS = 64,
	SHM_BACKGROUND_TURN = 4, /* interactive grants in a row; the fifth is not */
};

struct shm_person {
	char name[SHM_NAME_MAX]; /* NUL-padded; empty: the row is free */
	_Atomic uint32_t is_configured;
	_Atomic uint32_t weight; /* 1..1000 */
	_Atomic uint64_t served; /* time of the last grant, and the streak; 0: never */
	_Atomic uint64_t tickets[SHM_TICKETS];
	struct shm_ring ring; /* requests a minute of his own */
} __attribute__((aligned(64)));

/* When he was last served; far in the past when never. */
int64_t shm_person_served_ms(const struct shm_person *p);
/* Whether the next of his grants belongs to background work, if some waits. */
bool shm_person_is_background_turn(const struct shm_person *p);
void shm_person_serve(struct shm_person *p, bool is_background, int64_t now_ms);

/*
 * Tickets: who is told to come back is expected then.  A client is known by a hash of its
 * session (24 bits are kept); a wrong one costs nobody but the person himself.
 */
/* Notes that a client was told to come back at that time. */
void shm_person_promise(struct shm_person *p, uint32_t client, int64_t at_ms,
			int64_t now_ms);
/* True when this client has come back at its time: the ticket is used up. */
bool shm_person_redeem(struct shm_person *p, uint32_t client, int64_t now_ms);
/* How many are expected; *last_ms: when the last of them is, untouched when none is. */
unsigned shm_person_expected(const struct shm_person *p, int64_t now_ms,
			     int64_t *last_ms);

#endif
