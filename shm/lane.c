/* SPDX-License-Identifier: MIT */
/* Every field is read on its own: a lane that changes meanwhile is looked at again. */
#include "config.h"

#include "shm/lane.h"

#include "shm/step.h"

enum { OWNER_BITS = 24, TOKEN_BITS = 40, SOON_MS = 2 };
#define TOKEN_MASK ((UINT64_C(1) << TOKEN_BITS) - 1)

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : value;
}

struct shm_pace shm_lane_pace(const struct shm_lane *l)
{
	struct shm_pace pace = {
		.limit = within(atomic_load(&l->rpm), 1, SHM_RPM_MAX),
		.window_ms = atomic_load(&l->window_ms),
		.spacing_ms = atomic_load(&l->spacing_ms),
	};

	if (pace.window_ms < 1 || pace.window_ms > 24 * 3600 * 1000)
		pace.window_ms = 61000;
	if (pace.spacing_ms < 0 || pace.spacing_ms > pace.window_ms)
		pace.spacing_ms = 0;
	return pace;
}

/* Slot, person and serial of a cell: what settling does not change. */
static uint64_t owner_of(uint64_t word)
{
	return word >> 2 & ((UINT64_C(1) << OWNER_BITS) - 1);
}

/* -1: its holder has not said it yet. */
static int64_t tokens_of(const struct shm_lane *l, const struct shm_stamp *s)
{
	uint64_t noted;

	if (!s->is_used || s->index >= SHM_RPM_MAX)
		return 0;
	noted = atomic_load(&l->tokens[s->index]);
	if (owner_of(s->word) == noted >> TOKEN_BITS)
		return (int64_t)(noted & TOKEN_MASK);
	return s->is_pinned ? -1 : 0; /* nobody will say it any more */
}

int64_t shm_lane_tokens_used(const struct shm_lane *l, const struct shm_view *v)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < v->count; i++) {
		int64_t tokens = tokens_of(l, &v->stamps[i]);

		sum += tokens > 0 ? tokens : 0;
	}
	return sum;
}

int64_t shm_lane_tokens_ms(const struct shm_lane *lane, const struct shm_view *v,
			   int64_t tokens)
{
	int64_t limit = atomic_load(&lane->tpm);
	int64_t used, at_ms = v->now_ms;

	if (limit <= 0)
		return at_ms;
	for (uint32_t i = 0; i < v->count; i++)
		if (tokens_of(lane, &v->stamps[i]) < 0)
			return at_ms + SOON_MS;
	used = shm_lane_tokens_used(lane, v);
	if (tokens > limit)
		tokens = limit;
	for (uint32_t i = 0; i < v->count && used + tokens > limit; i++) {
		const struct shm_stamp *s = &v->stamps[i];

		if (!s->is_used)
			continue;
		used -= tokens_of(lane, s);
		at_ms = s->at_ms + v->pace.window_ms;
	}
	return at_ms;
}

void shm_lane_note(struct shm_lane *l, const struct shm_place *place, int64_t tokens)
{
	uint64_t count = tokens < 0 ? 0 : (uint64_t)tokens;

	if (place->index >= SHM_RPM_MAX ||
	    atomic_load(&l->ring.cells[place->index]) != place->word)
		return;
	SHM_STEP();
	atomic_store(&l->tokens[place->index],
		     owner_of(place->word) << TOKEN_BITS |
			     (count < TOKEN_MASK ? count : TOKEN_MASK));
}

int64_t shm_lane_bench(struct shm_lane *l, int64_t now_ms, int64_t retry_after_ms,
		       int64_t first_ms, int64_t most_ms)
{
	int64_t held_ms = atomic_load(&l->benched_until_ms), pause_ms = retry_after_ms;

	/* Requests that were under way when the first 429 came say it once more. */
	if (retry_after_ms == 0 && held_ms > now_ms)
		return held_ms;
	if (retry_after_ms == 0) {
		uint32_t benches = within(atomic_fetch_add(&l->benches, 1), 0, 16);

		pause_ms = first_ms << benches;
		if (pause_ms > most_ms)
			pause_ms = most_ms;
	}
	while (held_ms < now_ms + pause_ms) {
		SHM_STEP();
		if (atomic_compare_exchange_strong(&l->benched_until_ms, &held_ms,
						   now_ms + pause_ms))
			return now_ms + pause_ms;
	}
	return held_ms;
}

bool shm_lane_has_key(const struct shm_lane *l, uint64_t key)
{
	for (int i = 0; i < SHM_LANE_KEYS && key; i++)
		if (atomic_load(&l->keys[i]) == key)
			return true;
	return false;
}

bool shm_lane_doubt(struct shm_lane *l, uint64_t key, uint32_t most)
{
	if (!shm_lane_has_key(l, key))
		return false;
	SHM_STEP();
	if (atomic_fetch_add(&l->doubts, 1) + 1 < most)
		return false;
	SHM_STEP();
	return atomic_exchange(&l->is_disabled, 1) == 0;
}

void shm_lane_trust(struct shm_lane *l)
{
	if (atomic_load_explicit(&l->doubts, memory_order_relaxed))
		atomic_store(&l->doubts, 0);
	if (atomic_load_explicit(&l->benches, memory_order_relaxed))
		atomic_store(&l->benches, 0);
}
