/* SPDX-License-Identifier: MIT */
/* One writer, one journal, absolute values. */
#include "config.h"

#include "shm/books.h"

#include <assert.h>

#include "shm/slot.h"
#include "shm/step.h"

enum { DAY_S = 86400, MINUTE_S = 60 };

static_assert(sizeof(struct shm_account) % sizeof(uint64_t) == 0 &&
		      sizeof(struct shm_span) % sizeof(uint64_t) == 0,
	      "the journal counts in words");

size_t shm_books_size(uint32_t people, uint32_t lanes, uint32_t models)
{
	return (1 + (size_t)people + lanes + models) * sizeof(struct shm_account) +
	       (SHM_MINUTES + SHM_DAYS) * sizeof(struct shm_span);
}

void shm_books_lay(struct shm_books *b, void *at, struct shm_journal *journal,
		   uint32_t people, uint32_t lanes, uint32_t models)
{
	b->total = at;
	b->people = b->total + 1;
	b->lanes = b->people + people;
	b->models = b->lanes + lanes;
	b->minutes = (struct shm_span *)(b->models + models);
	b->days = b->minutes + SHM_MINUTES;
	b->people_count = people;
	b->lane_count = lanes;
	b->model_count = models;
	b->journal = journal;
	b->words = shm_books_size(people, lanes, models) / sizeof(uint64_t);
}

static void put(_Atomic uint64_t *word, uint64_t value)
{
	SHM_STEP();
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static void put32(_Atomic uint32_t *word, uint32_t value)
{
	SHM_STEP();
	atomic_store_explicit(word, value, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* ---- writing the journal */

struct draft {
	struct shm_books *books;
	uint32_t count;
};

static void set(struct draft *d, _Atomic uint64_t *word, uint64_t value)
{
	_Atomic uint64_t *first = (_Atomic uint64_t *)d->books->total;

	assert(d->count < SHM_JOURNAL_MAX);
	put(&d->books->journal->list[d->count].word, (uint64_t)(word - first));
	put(&d->books->journal->list[d->count].value, value);
	d->count++;
}

static void add(struct draft *d, _Atomic uint64_t *word, uint64_t by)
{
	if (by)
		set(d, word, get(word) + by);
}

static uint64_t tokens_of(struct shm_entry *e)
{
	return get(&e->counters[SHM_input_tokens]) +
	       get(&e->counters[SHM_cached_tokens]) +
	       get(&e->counters[SHM_output_tokens]);
}

static void draft_today(struct draft *d, struct shm_account *a, struct shm_entry *e,
			uint64_t day)
{
	bool is_same = get(&a->today) == day;

	if (!is_same)
		set(d, &a->today, day);
	set(d, &a->today_requests,
	    (is_same ? get(&a->today_requests) : 0) +
		    (get(&e->counters[SHM_grants]) > 0));
	set(d, &a->today_tokens, (is_same ? get(&a->today_tokens) : 0) + tokens_of(e));
}

static void draft_account(struct draft *d, struct shm_account *a, struct shm_entry *e,
			  int64_t wall_s)
{
	for (unsigned i = 0; i < SHM_COUNTER_COUNT; i++)
		add(d, &a->counters[i], get(&e->counters[i]));
	for (unsigned i = 0; i < SHM_HIST_COUNT; i++) {
		int64_t ms = atomic_load(&e->times_ms[i]);

		if (ms < 0)
			continue;
		add(d, &a->buckets[i][shm_bucket(ms)], 1);
		add(d, &a->sums_ms[i], (uint64_t)ms);
	}
	draft_today(d, a, e, (uint64_t)(wall_s / DAY_S));
}

static void draft_span(struct draft *d, struct shm_span *s, struct shm_entry *e,
		       uint64_t number)
{
	bool is_same = get(&s->number) == number;

	if (!is_same)
		set(d, &s->number, number);
	for (unsigned i = 0; i < SHM_COUNTER_COUNT; i++) {
		uint64_t by = get(&e->counters[i]);

		if (!is_same)
			set(d, &s->counters[i], by);
		else
			add(d, &s->counters[i], by);
	}
}

static void draft_entry(struct draft *d, struct shm_entry *e, int64_t wall_s)
{
	struct shm_books *b = d->books;
	uint32_t person = atomic_load(&e->person), lane = atomic_load(&e->lane);
	uint32_t model = atomic_load(&e->model);
	uint64_t minute = (uint64_t)(wall_s / MINUTE_S), day = (uint64_t)(wall_s / DAY_S);

	draft_account(d, b->total, e, wall_s);
	if (person < b->people_count)
		draft_account(d, &b->people[person], e, wall_s);
	if (lane < b->lane_count)
		draft_account(d, &b->lanes[lane], e, wall_s);
	if (model < b->model_count)
		draft_account(d, &b->models[model], e, wall_s);
	draft_span(d, &b->minutes[minute % SHM_MINUTES], e, minute);
	draft_span(d, &b->days[day % SHM_DAYS], e, day);
}

/* ---- doing what it says */

/* The part that may be done again: the same stores with the same values. */
static void carry_out(struct shm_books *b, uint32_t count)
{
	_Atomic uint64_t *first = (_Atomic uint64_t *)b->total;

	for (uint32_t i = 0; i < count && i < SHM_JOURNAL_MAX; i++) {
		uint64_t word = get(&b->journal->list[i].word);

		if (word < b->words)
			put(&first[word], get(&b->journal->list[i].value));
	}
}

static void give_back(struct shm_entry *e, uint32_t serial)
{
	if (atomic_load(&e->stage) == SHM_DONE && atomic_load(&e->serial) == serial)
		put32(&e->stage, SHM_NONE);
}

static void finish(struct shm_books *b)
{
	put32(&b->journal->stage, SHM_NONE);
	put(&b->journal->version, (get(&b->journal->version) | 1) + 1);
}

static void book(struct shm_books *b, struct shm_slot *slots, uint32_t slot,
		 uint32_t entry, int64_t wall_s)
{
	struct shm_entry *e = &slots[slot].entries[entry];
	struct shm_journal *j = b->journal;
	struct draft d = { .books = b };
	uint32_t serial = atomic_load(&e->serial);

	draft_entry(&d, e, wall_s);
	put32(&j->count, d.count);
	put32(&j->slot, slot);
	put32(&j->entry, entry);
	put32(&j->serial, serial);
	put(&j->version, get(&j->version) | 1);
	put32(&j->stage, SHM_ACTIVE);
	carry_out(b, d.count);
	give_back(e, serial);
	finish(b);
}

void shm_books_recover(struct shm_books *b, struct shm_slot *slots, uint32_t slot_count)
{
	struct shm_journal *j = b->journal;
	uint32_t slot = atomic_load(&j->slot), entry = atomic_load(&j->entry);

	if (atomic_load(&j->stage) == SHM_ACTIVE) {
		carry_out(b, atomic_load(&j->count));
		if (slot < slot_count && entry < SHM_ENTRIES)
			give_back(&slots[slot].entries[entry], atomic_load(&j->serial));
	}
	finish(b);
}

unsigned shm_books_fold(struct shm_books *b, struct shm_slot *slots, uint32_t slot,
			int64_t wall_s)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < SHM_ENTRIES; i++) {
		if (atomic_load_explicit(&slots[slot].entries[i].stage,
					 memory_order_acquire) != SHM_DONE)
			continue;
		book(b, slots, slot, i, wall_s);
		count++;
	}
	return count;
}

void shm_books_add(_Atomic uint64_t *word, uint64_t by)
{
	put(word, get(word) + by);
}

static uint64_t on_day(const struct shm_account *a, int64_t day,
		       const _Atomic uint64_t *word)
{
	return get(&a->today) == (uint64_t)day ? get(word) : 0;
}

uint64_t shm_books_requests_on(const struct shm_account *a, int64_t day)
{
	return on_day(a, day, &a->today_requests);
}

uint64_t shm_books_tokens_on(const struct shm_account *a, int64_t day)
{
	return on_day(a, day, &a->today_tokens);
}
