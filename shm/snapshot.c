/* SPDX-License-Identifier: MIT */
/* Accounts are copied between two equal, even versions of the journal; the rest is live.
 */
#include "config.h"

#include "shm/snapshot.h"

#include <string.h>

#include "shm/brake.h"

enum { TRIES = 50, NONE = UINT16_MAX };

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void copy_sum(struct shm_sum *to, const struct shm_account *from, int64_t today)
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		to->by[i] = get(&from->counters[i]);
	for (size_t h = 0; h < SHM_HIST_COUNT; h++) {
		for (size_t b = 0; b < SHM_BUCKETS; b++)
			to->buckets[h][b] = get(&from->buckets[h][b]);
		to->sums_ms[h] = get(&from->sums_ms[h]);
	}
	to->today_requests = shm_books_requests_on(from, today);
	to->today_tokens = shm_books_tokens_on(from, today);
}

static void copy_name(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size - 1] = '\0';
}

/* ---- the accounts */

static void add_part(struct shm_part *to, const struct shm_span *span)
{
	to->requests += get(&span->counters[SHM_requests]);
	to->failed += get(&span->counters[SHM_upstream_errors]) +
		      get(&span->counters[SHM_rate_limited]) +
		      get(&span->counters[SHM_overloaded]);
	to->tokens += get(&span->counters[SHM_input_tokens]) +
		      get(&span->counters[SHM_cached_tokens]) +
		      get(&span->counters[SHM_output_tokens]);
}

static void copy_history(struct shm_snapshot *s, const struct shm_books *books)
{
	uint64_t now = (uint64_t)(s->wall_s / 60);

	memset(s->hour, 0, sizeof(s->hour));
	memset(s->day, 0, sizeof(s->day));
	for (uint64_t ago = 0; ago < SHM_MINUTES && ago <= now; ago++) {
		const struct shm_span *span = &books->minutes[(now - ago) % SHM_MINUTES];
		uint64_t quarter = now / 15 - (now - ago) / 15;

		if (get(&span->number) != now - ago)
			continue;
		if (ago < SHM_HOUR)
			add_part(&s->hour[SHM_HOUR - 1 - ago], span);
		if (quarter < SHM_DAY_PARTS)
			add_part(&s->day[SHM_DAY_PARTS - 1 - quarter], span);
	}
}

static void copy_accounts(struct shm_snapshot *s, const struct shm_segment *seg)
{
	int64_t today = s->wall_s / 86400;

	copy_sum(&s->total, seg->books.total, today);
	for (uint32_t i = 0; i < s->lane_count; i++)
		copy_sum(&s->lanes[i].sum, &seg->books.lanes[s->lanes[i].row], today);
	for (uint32_t i = 0; i < s->person_count; i++)
		copy_sum(&s->people[i].sum, &seg->books.people[s->people[i].row], today);
	for (uint32_t i = 0; i < s->model_count; i++)
		copy_sum(&s->models[i].sum, &seg->books.models[s->models[i].row], today);
	copy_history(s, &seg->books);
}

static void copy_together(struct shm_snapshot *s, const struct shm_segment *seg)
{
	const struct shm_journal *j = seg->books.journal;

	s->is_whole = false;
	for (int i = 0; i < TRIES && !s->is_whole; i++) {
		uint64_t version = atomic_load(&j->version);

		copy_accounts(s, seg);
		atomic_thread_fence(memory_order_seq_cst);
		s->is_whole = version % 2 == 0 && atomic_load(&j->version) == version;
	}
	/* The gate's 529s have no entry in the books: they are of no person and lane. */
	for (uint32_t i = 0; i < seg->shape.slots; i++)
		s->total.by[SHM_overloaded] += get(&seg->slots[i].overloaded);
}

/* ---- which rows there are */

static void find_lanes(struct shm_snapshot *s, const struct shm_segment *seg)
{
	s->lane_count = 0;
	for (uint32_t i = 0; i < seg->shape.lanes; i++) {
		struct shm_lane_row *to = &s->lanes[s->lane_count];

		if (!seg->lanes[i].name[0] || !atomic_load(&seg->lanes[i].is_configured))
			continue;
		copy_name(to->name, seg->lanes[i].name, SHM_NAME_MAX);
		to->row = i;
		s->lane_count++;
	}
}

static void find_people(struct shm_snapshot *s, const struct shm_segment *seg)
{
	s->person_count = 0;
	memset(s->person_at, 0xff, sizeof(s->person_at));
	for (uint32_t i = 0; i < seg->shape.people; i++) {
		struct shm_person_row *to = &s->people[s->person_count];

		if (!seg->people[i].name[0])
			continue;
		copy_name(to->name, seg->people[i].name, SHM_NAME_MAX);
		to->row = i;
		to->weight = atomic_load(&seg->people[i].weight);
		to->waiting = to->running = 0;
		s->person_at[i] = (uint16_t)s->person_count++;
	}
}

static void find_models(struct shm_snapshot *s, struct shm_segment *seg)
{
	s->model_count = 0;
	memset(s->model_at, 0xff, sizeof(s->model_at));
	for (uint32_t i = 0; i < SHM_MODELS; i++) {
		struct shm_model_row *to = &s->models[s->model_count];
		uint32_t limit = shm_brake_limit(&seg->models[i], s->now_ms);

		if (!get(&seg->models[i].hash))
			continue;
		copy_name(to->name, seg->models[i].name, SHM_MODEL_NAME);
		to->row = i;
		to->running = 0;
		to->brake = limit == UINT32_MAX ? 0 : limit;
		to->presses = get(&seg->models[i].presses);
		s->model_at[i] = (uint16_t)s->model_count++;
	}
}

/* ---- what is live */

static void look_at_lane(struct shm_lane_row *to, struct shm_segment *seg, int64_t now_ms)
{
	struct shm_lane *lane = &seg->lanes[to->row];
	struct shm_pace pace = shm_lane_pace(lane);
	int64_t benched_ms = atomic_load(&lane->benched_until_ms) - now_ms;
	struct shm_view view;
	int64_t open_ms;

	shm_ring_view(&lane->ring, &pace, now_ms, &view);
	open_ms = shm_view_open_ms(&view);
	to->is_paced = atomic_load(&lane->is_paced) != 0;
	to->is_disabled = atomic_load(&lane->is_disabled) != 0;
	to->rpm = to->is_paced ? pace.limit : 0;
	to->used = to->is_paced ? view.used : 0;
	to->window_ms = pace.window_ms;
	to->tokens_per_minute = atomic_load(&lane->tpm);
	to->tokens_used = shm_lane_tokens_used(lane, &view);
	to->benched_ms = benched_ms > 0 ? benched_ms : 0;
	to->next_free_ms = to->is_paced && open_ms > now_ms ? open_ms - now_ms : 0;
	if (to->next_free_ms < to->benched_ms)
		to->next_free_ms = to->benched_ms;
}

static void look_at_entry(struct shm_worker_row *to, struct shm_slot *slot)
{
	to->lane = to->model_row = SHM_NOBODY;
	for (int i = 0; i < SHM_ENTRIES; i++) {
		struct shm_entry *e = &slot->entries[i];

		if (atomic_load(&e->stage) != SHM_ACTIVE)
			continue;
		to->output_tokens = get(&e->counters[SHM_output_tokens]);
		to->lane = atomic_load(&e->lane);
		to->model_row = atomic_load(&e->model);
	}
}

static void look_at_slot(struct shm_worker_row *to, struct shm_slot *slot, int64_t now_ms)
{
	int64_t began_ms = atomic_load(&slot->began_ms);

	to->kind = atomic_load(&slot->kind);
	to->state = (char)atomic_load(&slot->state);
	if (to->state < ' ' || to->state > '~')
		to->state = '?';
	to->pid = atomic_load(&slot->pid);
	to->since_ms = now_ms - atomic_load(&slot->since_ms);
	to->handled = get(&slot->handled);
	to->has_request = began_ms > 0 && atomic_load(&slot->is_message);
	to->request_ms = now_ms - began_ms;
	to->person = atomic_load(&slot->person);
	to->output_tokens = 0;
	copy_name(to->id, slot->request_id, SHM_TEXT_MAX);
	copy_name(to->model, slot->model, SHM_TEXT_MAX);
	look_at_entry(to, slot);
}

static void count_running(struct shm_snapshot *s, const struct shm_worker_row *w)
{
	uint32_t person = w->person < SHM_PERSONS_MAX ? s->person_at[w->person] : NONE;
	uint32_t model = w->model_row < SHM_MODELS ? s->model_at[w->model_row] : NONE;

	if (!w->has_request)
		return;
	if (person < s->person_count && w->state == SHM_QUEUED)
		s->people[person].waiting++;
	else if (person < s->person_count)
		s->people[person].running++;
	if (model < s->model_count && w->state != SHM_QUEUED)
		s->models[model].running++;
}

static void look_at_slots(struct shm_snapshot *s, struct shm_segment *seg)
{
	s->worker_count = s->workers = s->idle = s->busy = 0;
	for (uint32_t i = 0; i < seg->shape.slots; i++) {
		struct shm_worker_row *to = &s->slots[s->worker_count];

		if (atomic_load(&seg->slots[i].state) == SHM_FREE)
			continue;
		to->slot = i;
		look_at_slot(to, &seg->slots[i], s->now_ms);
		s->worker_count++;
		if (to->kind != SHM_WORKER)
			continue;
		s->workers++;
		s->idle += to->state == SHM_IDLE;
		s->busy += to->state != SHM_IDLE && to->state != SHM_STARTING &&
			   to->state != SHM_LEAVING;
		count_running(s, to);
	}
}

static void take_off(uint64_t *from, uint64_t what)
{
	*from -= what < *from ? what : *from;
}

/* The total without all rows. */
static void find_rest(struct shm_sum *rest, const struct shm_sum *total, const void *rows,
		      size_t row, size_t sum_at, uint32_t count)
{
	*rest = *total;
	for (uint32_t i = 0; i < count; i++) {
		const struct shm_sum *sum =
			(const void *)((const char *)rows + i * row + sum_at);

		for (size_t c = 0; c < SHM_COUNTER_COUNT; c++)
			take_off(&rest->by[c], sum->by[c]);
		for (size_t h = 0; h < SHM_HIST_COUNT; h++) {
			for (size_t b = 0; b < SHM_BUCKETS; b++)
				take_off(&rest->buckets[h][b], sum->buckets[h][b]);
			take_off(&rest->sums_ms[h], sum->sums_ms[h]);
		}
		take_off(&rest->today_requests, sum->today_requests);
		take_off(&rest->today_tokens, sum->today_tokens);
	}
}

void shm_snapshot_take(struct shm_snapshot *s, struct shm_segment *seg, int64_t now_ms,
		       int64_t wall_s)
{
	struct shm_header *h = seg->header;

	s->now_ms = now_ms;
	s->wall_s = wall_s;
	s->start_wall_s = h->start_wall_s;
	s->master_beat_ms = now_ms - atomic_load(&h->master_beat_ms);
	s->saved_wall_s = atomic_load(&h->saved_wall_s);
	s->save_errors = get(&h->save_errors);
	s->reloads = get(&h->reloads);
	s->reload_errors = get(&h->reload_errors);
	s->is_draining = atomic_load(&h->is_draining) != 0;
	s->gate_waiting = atomic_load(&h->gate_waiting);
	find_lanes(s, seg);
	find_people(s, seg);
	find_models(s, seg);
	copy_together(s, seg);
	shm_queue_lengths(seg, s->lengths);
	for (uint32_t i = 0; i < s->lane_count; i++) {
		look_at_lane(&s->lanes[i], seg, now_ms);
		s->lanes[i].waiting = s->lengths[s->lanes[i].row];
	}
	look_at_slots(s, seg);
	find_rest(&s->no_lane, &s->total, s->lanes, sizeof(s->lanes[0]),
		  offsetof(struct shm_lane_row, sum), s->lane_count);
	find_rest(&s->no_person, &s->total, s->people, sizeof(s->people[0]),
		  offsetof(struct shm_person_row, sum), s->person_count);
	find_rest(&s->no_model, &s->total, s->models, sizeof(s->models[0]),
		  offsetof(struct shm_model_row, sum), s->model_count);
	s->errors_ever = atomic_load(&seg->errors->count);
	s->error_count = shm_errors_read(seg->errors, s->errors);
}

uint64_t shm_sum_count(const struct shm_sum *sum, enum shm_hist hist)
{
	uint64_t count = 0;

	for (size_t b = 0; b < SHM_BUCKETS; b++)
		count += sum->buckets[hist][b];
	return count;
}

int64_t shm_sum_quantile_ms(const struct shm_sum *sum, enum shm_hist hist, double part)
{
	double wanted = part * (double)shm_sum_count(sum, hist), before = 0;

	if (wanted <= 0)
		return -1;
	for (size_t b = 0; b < SHM_BUCKETS - 1; b++) {
		double here = (double)sum->buckets[hist][b];
		int64_t low = b ? shm_bounds_ms[b - 1] : 0;

		if (here > 0 && before + here >= wanted)
			return low + (int64_t)((double)(shm_bounds_ms[b] - low) *
					       (wanted - before) / here);
		before += here;
	}
	return shm_bounds_ms[SHM_BUCKETS - 2];
}
