/* SPDX-License-Identifier: MIT */
/* One word: 40 bits of time, 12 of the limit then, 12 of the limit at which it is off. */
#include "config.h"

#include "shm/brake.h"

#include "shm/step.h"

enum { TIME_SHIFT = 24, LIMIT_SHIFT = 12, MASK = (1 << 12) - 1 };

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

uint32_t shm_brake_flights(const struct shm_segment *seg, uint32_t row)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < seg->shape.slots; i++)
		count += atomic_load_explicit(&seg->flights[i], memory_order_relaxed) ==
			 row + 1;
	return count;
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
