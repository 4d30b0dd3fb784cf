/* SPDX-License-Identifier: MIT */
/*
 * One request in the books: who, where, and what it has used so far.  Its worker alone
 * writes it while it runs; once it is done the master alone adds it to the accounts
 * (books.h) and gives it back.  Whoever dies in between loses nothing: an entry that runs
 * is booked as aborted with what stands in it, one that is done waits.
 */
#ifndef NIM_SHM_ENTRY_H
#define NIM_SHM_ENTRY_H

#include <stdbool.h>

#include "shm/stats.h"

enum shm_stage { SHM_NONE = 0, SHM_ACTIVE = 1, SHM_DONE = 2 };
/* A slot has so many: a worker that is faster than the master waits for a free one. */
enum { SHM_ENTRIES = 8 };
#define SHM_NOBODY UINT32_MAX /* no row: nobody, no lane, no model */

struct shm_entry {
	_Atomic uint32_t stage;		      /* enum shm_stage */
	_Atomic uint32_t serial;	      /* counts the requests that stood here */
	_Atomic uint32_t person, lane, model; /* rows, or SHM_NOBODY */
	uint32_t unused;
	_Atomic uint64_t counters[SHM_COUNTER_COUNT];
	_Atomic int64_t times_ms[SHM_HIST_COUNT]; /* -1: was not measured */
};

/* Takes a free entry of the list into use; NULL when there is none. */
struct shm_entry *shm_entry_begin(struct shm_entry list[SHM_ENTRIES]);
void shm_entry_set(struct shm_entry *e, enum shm_counter counter, uint64_t value);
void shm_entry_time(struct shm_entry *e, enum shm_hist hist, int64_t ms);
void shm_entry_end(struct shm_entry *e, enum shm_counter outcome);
/* For the reaper: what runs has been aborted, unless its worker could still say more. */
void shm_entry_reap(struct shm_entry list[SHM_ENTRIES]);

#endif
