/* SPDX-License-Identifier: MIT */
/*
 * Keeping the books so that a SIGKILL at any store loses nothing and counts nothing
 * twice.  Every shared store goes through put(), which tests replace to die at the n-th
 * one.
 */
#include "config.h"

#include "shm/slot.h"

#include <assert.h>
#include <string.h>

#ifndef SHM_STEP
#define SHM_STEP() ((void)0) /* a test dies here */
#endif

static_assert(sizeof(struct shm_slot) % 64 == 0,
	      "a slot begins on a cache line of its own");

/*
 * The stage stands between the stores before it and those after it. A release store alone
 * would let the compiler move later ones up; the order of the instructions is all that
 * counts here, because a process dies between two of them.
 */
static void put_stage(struct shm_slot *s, enum shm_stage stage)
{
	SHM_STEP();
	atomic_store_explicit(&s->stage, stage, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

static void put(_Atomic uint64_t *word, uint64_t value)
{
	SHM_STEP();
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void put_text(char to[SHM_TEXT_MAX], const char *text, size_t len)
{
	if (len >= SHM_TEXT_MAX)
		len = SHM_TEXT_MAX - 1;
	memcpy(to, text, len);
	memset(to + len, 0, SHM_TEXT_MAX - len);
}

void shm_slot_take(struct shm_slot *s, enum shm_kind kind, int32_t pid, int64_t now_ms)
{
	atomic_store(&s->kind, kind);
	atomic_store(&s->pid, pid);
	atomic_fetch_add(&s->generation, 1);
	atomic_store(&s->handled, 0);
	put_text(s->last_words, "", 0);
	shm_slot_state(s, SHM_STARTING, now_ms);
}

void shm_slot_state(struct shm_slot *s, enum shm_state state, int64_t now_ms)
{
	atomic_store_explicit(&s->since_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&s->state, state, memory_order_release);
	shm_slot_beat(s, now_ms);
}

void shm_slot_beat(struct shm_slot *s, int64_t now_ms)
{
	atomic_store_explicit(&s->heartbeat_ms, now_ms, memory_order_relaxed);
}

void shm_slot_begin(struct shm_slot *s, const char *request_id, int64_t now_ms)
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		put(&s->pending[i], i == SHM_requests);
	put_text(s->request_id, request_id, strlen(request_id));
	put_text(s->model, "", 0);
	atomic_store_explicit(&s->since_ms, now_ms, memory_order_relaxed);
	put_stage(s, SHM_ACTIVE);
}

void shm_slot_model(struct shm_slot *s, const char *model, unsigned len)
{
	put_text(s->model, model, len);
}

void shm_slot_pending(struct shm_slot *s, enum shm_counter counter, uint64_t value)
{
	put(&s->pending[counter], value);
}

/* The part that may be done again by the reaper: the same stores with the same values. */
static void store_sums(struct shm_slot *s)
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		put(&s->counters[i], get(&s->before[i]) + get(&s->pending[i]));
	put_stage(s, SHM_NONE);
}

static void book(struct shm_slot *s)
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		put(&s->before[i], get(&s->counters[i]));
	put_stage(s, SHM_BOOKING);
	store_sums(s);
}

static void finish(struct shm_slot *s, enum shm_counter outcome)
{
	put(&s->pending[outcome], 1);
	book(s);
	put_text(s->request_id, "", 0);
	put_text(s->model, "", 0);
}

void shm_slot_book(struct shm_slot *s, enum shm_counter outcome)
{
	if (atomic_load(&s->stage) == SHM_ACTIVE)
		finish(s, outcome);
}

void shm_slot_count(struct shm_slot *s, enum shm_counter counter, uint64_t by)
{
	put(&s->counters[counter], get(&s->counters[counter]) + by);
}

/*
 * A worker may have died between naming its outcome and booking it; then the outcome
 * stands already, and a second one must not join it.
 */
static bool has_outcome(const struct shm_slot *s)
{
	for (size_t i = SHM_ok; i <= SHM_aborted; i++)
		if (get(&s->pending[i]) != 0)
			return true;
	return false;
}

void shm_slot_reap(struct shm_slot *s, int64_t now_ms)
{
	switch (atomic_load(&s->stage)) {
	case SHM_BOOKING:
		store_sums(s);
		break;
	case SHM_ACTIVE:
		if (has_outcome(s))
			book(s);
		else
			finish(s, SHM_aborted);
		break;
	default: /* SHM_NONE, or nonsense that a dying process left */
		put_stage(s, SHM_NONE);
		break;
	}
	atomic_store(&s->pid, 0);
	shm_slot_state(s, SHM_FREE, now_ms);
}

void shm_slot_last_words(struct shm_slot *s, const char *words)
{
	put_text(s->last_words, words, strlen(words));
}
