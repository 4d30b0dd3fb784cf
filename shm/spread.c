/* SPDX-License-Identifier: MIT */
/* Both bounds are solved for the time of the next grant, so that one pass finds it. */
#include "config.h"

#include "shm/spread.h"

static int64_t divide_up(int64_t a, int64_t b)
{
	return a / b + (a % b > 0);
}

int64_t shm_spread_ms(const struct shm_view *v)
{
	uint32_t limit = v->pace.limit, base = v->count - limit;
	int64_t window_ms = v->pace.window_ms;
	int64_t even_ms = INT64_MIN, room_ms = INT64_MIN;

	if (v->last == 0)
		return INT64_MIN;
	for (uint32_t p = 1; p < limit; p++) {
		const struct shm_stamp *s = &v->stamps[base + p];
		int64_t free_ms = s->at_ms + window_ms, at_ms;

		if (!s->is_used)
			continue;
		at_ms = divide_up(v->last_ms * p + free_ms, p + 1);
		if (at_ms > even_ms)
			even_ms = at_ms;
		at_ms = free_ms - window_ms * 3 * (p - 1) / (2 * (int64_t)limit);
		if (at_ms > room_ms)
			room_ms = at_ms;
	}
	return even_ms < room_ms ? even_ms : room_ms;
}
