/* SPDX-License-Identifier: MIT */
/* The stage is written last: what stands before it is whole. */
#include "config.h"

#include "shm/entry.h"

#include "shm/step.h"

/*
 * The stage stands between the stores before it and those after it. A release store alone
 * would let the compiler move later ones up; the order of the instructions is all that
 * counts here, because a process dies between two of them.
 */
static void put_stage(struct shm_entry *e, enum shm_stage stage)
{
	SHM_STEP();
	atomic_store_explicit(&e->stage, stage, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

struct shm_entry *shm_entry_begin(struct shm_entry list[SHM_ENTRIES])
{
	struct shm_entry *e = list;

	while (e < list + SHM_ENTRIES &&
	       atomic_load_explicit(&e->stage, memory_order_acquire) != SHM_NONE)
		e++;
	if (e == list + SHM_ENTRIES)
		return NULL;
	atomic_store(&e->serial, atomic_load(&e->serial) + 1);
	atomic_store(&e->person, SHM_NOBODY);
	atomic_store(&e->lane, SHM_NOBODY);
	atomic_store(&e->model, SHM_NOBODY);
	for (unsigned i = 0; i < SHM_HIST_COUNT; i++)
		atomic_store(&e->times_ms[i], -1);
	for (unsigned i = 0; i < SHM_COUNTER_COUNT; i++)
		shm_entry_set(e, (enum shm_counter)i, i == SHM_requests);
	put_stage(e, SHM_ACTIVE);
	return e;
}

void shm_entry_set(struct shm_entry *e, enum shm_counter counter, uint64_t value)
{
	SHM_STEP();
	atomic_store_explicit(&e->counters[counter], value, memory_order_relaxed);
}

void shm_entry_time(struct shm_entry *e, enum shm_hist hist, int64_t ms)
{
	SHM_STEP();
	atomic_store_explicit(&e->times_ms[hist], ms > 0 ? ms : 0, memory_order_relaxed);
}

void shm_entry_end(struct shm_entry *e, enum shm_counter outcome)
{
	shm_entry_set(e, outcome, 1);
	put_stage(e, SHM_DONE);
}

/*
 * A worker may have died between naming its outcome and ending; then the outcome stands
 * already, and a second one must not join it.
 */
static bool has_outcome(struct shm_entry *e)
{
	for (size_t i = SHM_ok; i <= SHM_aborted; i++)
		if (atomic_load_explicit(&e->counters[i], memory_order_relaxed) != 0)
			return true;
	return false;
}

void shm_entry_reap(struct shm_entry list[SHM_ENTRIES])
{
	for (struct shm_entry *e = list; e < list + SHM_ENTRIES; e++) {
		uint32_t stage = atomic_load(&e->stage);

		if (stage == SHM_ACTIVE && !has_outcome(e))
			shm_entry_end(e, SHM_aborted);
		else if (stage == SHM_ACTIVE)
			put_stage(e, SHM_DONE);
		else if (stage != SHM_DONE)
			put_stage(e, SHM_NONE); /* or nonsense that it left */
	}
}
