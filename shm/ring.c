/* SPDX-License-Identifier: MIT */
/*
 * A cell: 38 bits of time, 10 of the person, 12 of the slot, a serial of two (a cell that
 * was given back differs from what it was before), background, pinned.  Zero: never used.
 */
#include "config.h"

#include "shm/ring.h"

#include <string.h>

#include "shm/step.h"

enum {
	TIME_SHIFT = 26,
	PERSON_SHIFT = 16,
	SLOT_SHIFT = 4,
	SERIAL_SHIFT = 2,
	BACKGROUND = 2,
	PINNED = 1,
	/* Monotonic time begins at the boot; a restored stamp may be older than that. */
	TIME_BASE = 1 << 27,
};
#define SERIAL_MASK   UINT64_C(0xc)
#define LAST_SEQ_MASK ((UINT64_C(1) << TIME_SHIFT) - 1)

static uint64_t time_bits(int64_t at_ms)
{
	int64_t t = at_ms + TIME_BASE;

	return (uint64_t)(t > 0 ? t : 1) << TIME_SHIFT;
}

static int64_t time_of(uint64_t word)
{
	return (int64_t)(word >> TIME_SHIFT) - TIME_BASE;
}

static uint64_t make_cell(const struct shm_taker *who, int64_t at_ms, uint64_t old)
{
	return time_bits(at_ms) |
	       (uint64_t)(who->person % SHM_PERSONS_MAX) << PERSON_SHIFT |
	       (uint64_t)(who->slot % SHM_SLOTS_MAX) << SLOT_SHIFT |
	       ((old + (1 << SERIAL_SHIFT)) & SERIAL_MASK) |
	       (who->is_background ? BACKGROUND : 0) | PINNED;
}

static void read_cell(struct shm_stamp *s, uint64_t word, uint32_t index, int64_t now_ms,
		      int64_t window_ms)
{
	s->word = word;
	s->index = (uint16_t)index;
	s->person = (uint16_t)(word >> PERSON_SHIFT & (SHM_PERSONS_MAX - 1));
	s->slot = (uint16_t)(word >> SLOT_SHIFT & (SHM_SLOTS_MAX - 1));
	s->is_background = (word & BACKGROUND) != 0;
	s->is_pinned = (word & PINNED) != 0;
	s->at_ms = s->is_pinned ? now_ms : time_of(word);
	s->is_used = word != 0 && now_ms - s->at_ms < window_ms;
	if (!s->is_used)
		s->at_ms = word ? s->at_ms : time_of(0);
}

/* Nearly sorted already: grants go round. */
static void insert(struct shm_view *v, const struct shm_stamp *s)
{
	uint32_t i = v->count++;

	while (i > 0 && v->stamps[i - 1].at_ms > s->at_ms) {
		v->stamps[i] = v->stamps[i - 1];
		i--;
	}
	v->stamps[i] = *s;
}

static uint32_t width_of(const struct shm_ring *ring, uint32_t limit)
{
	uint32_t width = atomic_load_explicit(&ring->width, memory_order_relaxed);

	if (width < limit)
		width = limit;
	return width < SHM_RPM_MAX ? width : SHM_RPM_MAX;
}

/* The cell that was stamped first is where a round begins. */
static uint32_t find_start(const uint64_t *words, uint32_t width)
{
	uint32_t first = 0;

	for (uint32_t i = 1; i < width; i++)
		if (words[i] >> TIME_SHIFT < words[first] >> TIME_SHIFT)
			first = i;
	return first;
}

void shm_ring_view(const struct shm_ring *ring, const struct shm_pace *pace,
		   int64_t now_ms, struct shm_view *v)
{
	uint64_t words[SHM_RPM_MAX];
	uint32_t width = width_of(ring, pace->limit), start;

	v->now_ms = now_ms;
	v->pace = *pace;
	v->count = v->used = 0;
	/* Before the cells: a grant in between is noticed. */
	v->last = atomic_load(&ring->last);
	v->last_ms = v->last ? time_of(v->last) : INT64_MIN / 2;
	for (uint32_t i = 0; i < width; i++)
		words[i] = atomic_load(&ring->cells[i]);
	start = find_start(words, width);
	for (uint32_t i = 0; i < width; i++) {
		uint32_t at = (start + i) % width;
		struct shm_stamp stamp;

		read_cell(&stamp, words[at], at, now_ms, pace->window_ms);
		v->used += stamp.is_used;
		insert(v, &stamp);
	}
}

int64_t shm_view_free_ms(const struct shm_view *v, uint32_t n)
{
	/* A ring that was wider before has cells that are nobody's place now. */
	uint32_t at = v->count - v->pace.limit + n % v->pace.limit;
	int64_t rounds = n / v->pace.limit + 1;

	return v->stamps[at].at_ms + rounds * v->pace.window_ms;
}

int64_t shm_view_open_ms(const struct shm_view *v)
{
	int64_t free_ms = shm_view_free_ms(v, 0);
	int64_t spaced_ms = v->last_ms + v->pace.spacing_ms;

	return free_ms > spaced_ms ? free_ms : spaced_ms;
}

/* `last` goes on in any case, so that every grant is noticed by who has looked before. */
static uint64_t next_last(uint64_t last, int64_t now_ms)
{
	uint64_t seq = (last + 1) & LAST_SEQ_MASK;
	uint64_t now_bits = time_bits(now_ms);

	if (now_bits < (last & ~LAST_SEQ_MASK))
		now_bits = last & ~LAST_SEQ_MASK;
	return now_bits | seq;
}

bool shm_ring_take(struct shm_ring *ring, const struct shm_view *v,
		   const struct shm_taker *who, struct shm_place *place)
{
	const struct shm_stamp *oldest = &v->stamps[0];
	uint64_t last = v->last, word = oldest->word;
	uint64_t cell = make_cell(who, v->now_ms, word);

	if (v->used >= v->pace.limit || oldest->is_used ||
	    v->now_ms < v->last_ms + v->pace.spacing_ms)
		return false;
	SHM_STEP();
	if (!atomic_compare_exchange_strong(&ring->last, &last,
					    next_last(last, v->now_ms)))
		return false;
	if (atomic_load_explicit(&ring->width, memory_order_relaxed) < v->count)
		atomic_store(&ring->width, v->count);
	SHM_STEP();
	if (!atomic_compare_exchange_strong(&ring->cells[oldest->index], &word, cell))
		return false;
	*place = (struct shm_place){ oldest->index, cell, oldest->word };
	return true;
}

void shm_ring_settle(struct shm_ring *ring, struct shm_place *place, int64_t now_ms)
{
	uint64_t word = place->word;
	uint64_t settled = time_bits(now_ms) | (word & LAST_SEQ_MASK & ~(uint64_t)PINNED);

	if (!(word & PINNED) || place->index >= SHM_RPM_MAX)
		return;
	SHM_STEP();
	(void)atomic_compare_exchange_strong(&ring->cells[place->index], &word, settled);
	place->word = settled;
}

void shm_ring_return(struct shm_ring *ring, struct shm_place *place)
{
	uint64_t word = place->word;
	uint64_t back = (place->old & ~(SERIAL_MASK | PINNED)) | (word & SERIAL_MASK);

	if (!(word & PINNED) || place->index >= SHM_RPM_MAX)
		return;
	if (place->old == 0)
		back |= time_bits(-TIME_BASE);
	SHM_STEP();
	(void)atomic_compare_exchange_strong(&ring->cells[place->index], &word, back);
	place->word = back;
}

void shm_ring_reap(struct shm_ring *ring, uint32_t slot, int64_t now_ms)
{
	uint32_t width = width_of(ring, 1);

	for (uint32_t i = 0; i < width; i++) {
		uint64_t word = atomic_load(&ring->cells[i]);
		struct shm_place place = { i, word, 0 };

		if ((word & PINNED) && (word >> SLOT_SHIFT & (SHM_SLOTS_MAX - 1)) == slot)
			shm_ring_settle(ring, &place, now_ms);
	}
}

void shm_ring_put(struct shm_ring *ring, uint32_t index, int64_t at_ms, uint32_t person,
		  bool is_background)
{
	struct shm_taker who = { person, 0, is_background };

	if (index >= SHM_RPM_MAX)
		return;
	atomic_store(&ring->cells[index], make_cell(&who, at_ms, 0) & ~(uint64_t)PINNED);
	if (atomic_load(&ring->width) <= index)
		atomic_store(&ring->width, index + 1);
}

void shm_ring_begin(struct shm_ring *ring, int64_t last_ms)
{
	atomic_store(&ring->last, time_bits(last_ms) | 1);
}
