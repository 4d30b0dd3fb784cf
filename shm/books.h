/* SPDX-License-Identifier: MIT */
/*
 * The accounts: in all, per person, per lane, per model, and the history of minutes and
 * days.  The master alone writes them, one finished entry at a time.
 *
 * Booking survives SIGKILL at any instruction: the new values of all words that change
 * are written to the journal first, then to their places, then the entry is given back. A
 * master that finds a journal in use does its stores again; they give the same result
 * however often they are done. `version` is odd while a booking is under way, so that a
 * reader can tell whether what it copied belongs together.
 */
#ifndef NIM_SHM_BOOKS_H
#define NIM_SHM_BOOKS_H

#include "shm/entry.h"

enum {
	SHM_MINUTES = 24 * 60,
	SHM_DAYS = 90,
	SHM_JOURNAL_MAX = 256, /* words that one booking changes; four accounts of 25, two
				  spans of 17 */
};

/* Times and tokens of one row. */
struct shm_account {
	_Atomic uint64_t counters[SHM_COUNTER_COUNT];
	_Atomic uint64_t buckets[SHM_HIST_COUNT][SHM_BUCKETS];
	_Atomic uint64_t sums_ms[SHM_HIST_COUNT];
	_Atomic uint64_t today;		 /* Unix day (UTC) of the two below */
	_Atomic uint64_t today_requests; /* those that were let go upstream */
	_Atomic uint64_t today_tokens;	 /* in, cached and out */
};

/* A minute or a day of the history. */
struct shm_span {
	_Atomic uint64_t number; /* of the minute or day since 1970; 0: never used */
	_Atomic uint64_t counters[SHM_COUNTER_COUNT];
};

struct shm_journal {
	_Atomic uint32_t stage; /* SHM_NONE or SHM_ACTIVE */
	_Atomic uint32_t count;
	_Atomic uint32_t slot, entry, serial; /* where it came from */
	uint32_t unused;
	_Atomic uint64_t version;
	struct {
		_Atomic uint64_t word; /* index from the first account */
		_Atomic uint64_t value;
	} list[SHM_JOURNAL_MAX];
} __attribute__((aligned(64)));

/* Where they stand in a process's map; rows are in this order in memory. */
struct shm_books {
	struct shm_account *total; /* one, and the rows behind it: */
	struct shm_account *people, *lanes, *models;
	uint32_t people_count, lane_count, model_count;
	struct shm_span *minutes, *days;
	struct shm_journal *journal;
	size_t words; /* from total to the last day */
};

struct shm_slot;

/* Bytes that the accounts and the history take, without the journal. */
size_t shm_books_size(uint32_t people, uint32_t lanes, uint32_t models);
/* Lays out *b over that much memory at `at`, the journal over its own. */
void shm_books_lay(struct shm_books *b, void *at, struct shm_journal *journal,
		   uint32_t people, uint32_t lanes, uint32_t models);

/* Books all that is done in a slot; returns how many requests that were. Master only. */
unsigned shm_books_fold(struct shm_books *b, struct shm_slot *slots, uint32_t slot,
			int64_t wall_s);
/* What a dead master left half done. Before anything else is booked. */
void shm_books_recover(struct shm_books *b, struct shm_slot *slots, uint32_t slot_count);

/* Adds to one word of the accounts, outside any request, while nobody else books. */
void shm_books_add(_Atomic uint64_t *word, uint64_t by);
/* What a person has used on that day. */
uint64_t shm_books_requests_on(const struct shm_account *a, int64_t day);
uint64_t shm_books_tokens_on(const struct shm_account *a, int64_t day);

#endif
