/* SPDX-License-Identifier: MIT */
/*
 * The brake is one word: 40 bits of time, 12 of the limit then, 12 of the limit at which
 * it is off. A flight is the model's row + 1, with the top bit set while it waits.
 */
#include "config.h"

#include "shm/brake.h"

#include "shm/step.h"

enum { TIME_SHIFT = 24, LIMIT_SHIFT = 12, MASK = (1 << 12) - 1, PERSON_MASK = 255 };

static const uint32_t waits_flag = UINT32_C(1) << 31;

struct brake {
	int64_t at_ms;
	uint32_t limit, off;
};

static struct brake read_brake(const struct shm_model *m)
{
	uint64_t word = atomic_load(&m->brake);

	return (struct brake){ (int64_t)(word >> TIME_SHIFT),
			       (uint32_t)(word >> LIMIT_SHIFT) & MASK,
			       (uint32_t)word & MASK };
}

void shm_brake_fly(struct shm_segment *seg, uint32_t slot, uint32_t row)
{
	SHM_STEP();
	atomic_store(&seg->flights[slot], row == SHM_NOBODY ? 0 : row + 1);
}

void shm_brake_wait(struct shm_segment *seg, uint32_t slot, uint32_t row)
{
	SHM_STEP();
	atomic_store(&seg->flights[slot], (row + 1) | waits_flag);
}

static uint32_t flight(const struct shm_segment *seg, uint32_t slot)
{
	return atomic_load_explicit(&seg->flights[slot], memory_order_relaxed);
}

uint32_t shm_brake_flights(const struct shm_segment *seg, uint32_t row)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < seg->shape.slots; i++)
		count += flight(seg, i) == row + 1;
	return count;
}

/* What one slot's claim to room is made of. */
struct claim {
	uint32_t flights; /* of the same person */
	int64_t began_ms;
	uint32_t slot;
};

static uint32_t person_of(const struct shm_segment *seg, uint32_t slot)
{
	return atomic_load_explicit(&seg->slots[slot].person, memory_order_relaxed) &
	       PERSON_MASK;
}

static struct claim claim_of(const struct shm_segment *seg, uint32_t slot,
			     const uint16_t flights[PERSON_MASK + 1])
{
	return (struct claim){ flights[person_of(seg, slot)],
			       atomic_load_explicit(&seg->slots[slot].began_ms,
						    memory_order_relaxed),
			       slot };
}

static bool is_before(struct claim a, struct claim b)
{
	if (a.flights != b.flights)
		return a.flights < b.flights;
	if (a.began_ms != b.began_ms)
		return a.began_ms < b.began_ms;
	return a.slot < b.slot;
}

static bool is_fresh(const struct shm_segment *seg, uint32_t slot, int64_t now_ms)
{
	return now_ms - atomic_load_explicit(&seg->slots[slot].heartbeat_ms,
					     memory_order_relaxed) <
	       SHM_BRAKE_FRESH_MS;
}

bool shm_brake_may(const struct shm_segment *seg, uint32_t slot, uint32_t row,
		   int64_t now_ms)
{
	uint32_t limit = shm_brake_limit(&seg->models[row], now_ms), taken = 0;
	uint16_t flights[PERSON_MASK + 1] = { 0 };
	struct claim mine;

	if (limit == UINT32_MAX)
		return true;
	for (uint32_t i = 0; i < seg->shape.slots; i++) {
		if (flight(seg, i) != row + 1)
			continue;
		taken++;
		flights[person_of(seg, i)]++;
	}
	mine = claim_of(seg, slot, flights);
	for (uint32_t i = 0; i < seg->shape.slots && taken < limit; i++)
		taken += i != slot && flight(seg, i) == ((row + 1) | waits_flag) &&
			 is_fresh(seg, i, now_ms) &&
			 is_before(claim_of(seg, i, flights), mine);
	return taken < limit;
}

uint32_t shm_brake_limit(const struct shm_model *m, int64_t now_ms)
{
	struct brake b = read_brake(m);
	int64_t minutes = (now_ms - b.at_ms) / SHM_BRAKE_MINUTE_MS;

	if (b.limit == 0 || minutes < 0 || b.limit + minutes >= b.off)
		return UINT32_MAX;
	return b.limit + (uint32_t)minutes;
}

void shm_brake_press(struct shm_model *m, uint32_t flights, int64_t now_ms)
{
	struct brake b = read_brake(m);
	uint32_t held = shm_brake_limit(m, now_ms), limit = flights / 2;

	if (b.limit && now_ms - b.at_ms < SHM_BRAKE_ANSWERED_MS)
		return;
	if (flights > MASK)
		flights = MASK;
	if (held < flights || held == UINT32_MAX)
		limit = (held == UINT32_MAX ? flights : held) / 2;
	if (limit < 1)
		limit = 1;
	if (held != UINT32_MAX && b.off > flights)
		flights = b.off;
	if (flights < limit + 1)
		flights = limit + 1;
	SHM_STEP();
	atomic_store(&m->brake, (uint64_t)now_ms << TIME_SHIFT |
					(uint64_t)(limit & MASK) << LIMIT_SHIFT |
					(flights & MASK));
	atomic_fetch_add(&m->presses, 1);
}
