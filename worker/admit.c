/* SPDX-License-Identifier: MIT */
/* Limits are a table: the first one that is reached answers. */
#include "config.h"

#include "worker/admit.h"

#include <fnmatch.h>
#include <stdio.h>
#include <time.h>

#include "worker/clock.h"
#include "worker/reply.h"

enum {
	RETRY_MOST_S = 60,
	MARGIN_MS = 1000,
	DAY_S = 86400,
	TOKENS_ROUND = 1000,
	DAY_TRIES = 20
};

static int whole_seconds(int64_t ms)
{
	int64_t seconds = (ms + 999) / 1000;

	return seconds < 1 ? 1 : seconds > RETRY_MOST_S ? RETRY_MOST_S : (int)seconds;
}

static int refuse(struct req *r, enum an_error_kind kind, int retry_after,
		  struct str message)
{
	struct an_error e = { .kind = kind,
			      .message = message,
			      .retry_after = retry_after,
			      .want_no_retry =
				      kind == AN_SPENT || kind == AN_INVALID_REQUEST };

	reply_error(r, &e);
	return -1;
}

static struct shm_account *account_of(const struct req *r)
{
	return &r->env->segment->books.people[r->person->row];
}

/* ---- the person's own limits; each returns 0, or -1 after an answer */

static int check_model(struct req *r)
{
	const struct person *p = r->person;

	for (size_t i = 0; i < p->model_count; i++)
		if (fnmatch(p->models[i], r->model->id.ptr, 0) == 0)
			return 0;
	if (p->model_count == 0)
		return 0;
	return refuse(r, AN_INVALID_REQUEST, 0,
		      pool_strf(r->pool, "model: %.128s is not one that %s may use.",
				r->model->id.ptr, p->name.ptr));
}

/* It asks a model, and began earlier; of two at the same moment one is first. */
static bool is_message_before(const struct req *r, uint32_t slot)
{
	const struct shm_slot *s = &r->env->segment->slots[slot];
	int64_t began_ms = atomic_load(&s->began_ms);

	return began_ms && slot != r->slot_number && atomic_load(&s->is_message) &&
	       (began_ms < r->began_ms ||
		(began_ms == r->began_ms && slot < r->slot_number));
}

/* His other requests that began before this one. */
static int64_t running_before(const struct req *r)
{
	const struct shm_segment *seg = r->env->segment;
	int64_t count = 0;

	for (uint32_t i = 0; i < seg->shape.slots; i++)
		count += is_message_before(r, i) &&
			 atomic_load(&seg->slots[i].person) == r->person->row;
	return count;
}

static int check_streams(struct req *r)
{
	int64_t limit = r->person->streams;

	if (limit == 0 || running_before(r) < limit)
		return 0;
	return refuse(r, AN_RATE_LIMIT, 1,
		      pool_strf(r->pool,
				"%s may have %lld requests at the same time, and has.",
				r->person->name.ptr, (long long)limit));
}

static int spent(struct req *r, const char *what, int64_t limit)
{
	int64_t left_s = DAY_S - clock_wall_s() % DAY_S;

	return refuse(r, AN_SPENT, 0,
		      pool_strf(r->pool,
				"%s has used up the %lld %s of this day; the next begins "
				"in %lld h %lld min (midnight UTC).",
				r->person->name.ptr, (long long)limit, what,
				(long long)(left_s / 3600),
				(long long)(left_s % 3600 / 60)));
}

struct usage {
	uint64_t requests, tokens;
};

/* What is done, or began earlier, and is not in the books yet. */
static void add_unbooked(const struct req *r, uint32_t slot, struct usage *to)
{
	struct shm_entry *list = r->env->segment->slots[slot].entries;

	for (int i = 0; i < SHM_ENTRIES; i++) {
		uint32_t stage = atomic_load(&list[i].stage);

		if (stage == SHM_NONE || atomic_load(&list[i].person) != r->person->row ||
		    (stage == SHM_ACTIVE
			     ? !is_message_before(r, slot)
			     : atomic_load(&list[i].counters[SHM_grants]) == 0))
			continue;
		to->requests++;
		if (stage == SHM_DONE)
			to->tokens += atomic_load(&list[i].counters[SHM_input_tokens]) +
				      atomic_load(&list[i].counters[SHM_cached_tokens]) +
				      atomic_load(&list[i].counters[SHM_output_tokens]);
	}
}

/* His day so far; once more when the master has booked something meanwhile. */
static void read_day(const struct req *r, struct usage *to)
{
	const struct shm_segment *seg = r->env->segment;
	const struct shm_journal *journal = seg->books.journal;
	int64_t day = clock_wall_s() / DAY_S;

	for (int i = 0; i < DAY_TRIES; i++) {
		uint64_t version = atomic_load(&journal->version);

		to->requests = shm_books_requests_on(account_of(r), day);
		to->tokens = shm_books_tokens_on(account_of(r), day);
		for (uint32_t slot = 0; slot < seg->shape.slots; slot++)
			add_unbooked(r, slot, to);
		if (version % 2 == 0 && atomic_load(&journal->version) == version)
			return;
	}
}

static int check_day(struct req *r)
{
	const struct person *p = r->person;
	struct usage used;

	if (p->requests_per_day == 0 && p->tokens_per_day == 0)
		return 0;
	read_day(r, &used);
	if (p->requests_per_day && used.requests >= (uint64_t)p->requests_per_day)
		return spent(r, "requests", p->requests_per_day);
	if (p->tokens_per_day && used.tokens >= (uint64_t)p->tokens_per_day)
		return spent(r, "tokens", p->tokens_per_day);
	return 0;
}

/* His own window, as exact as a lane's. It is the last check: it takes a place. */
static int check_minute(struct req *r)
{
	struct shm_pace pace = { (uint32_t)r->person->requests_per_minute, 60000, 0 };
	struct shm_ring *ring = &r->env->segment->people[r->person->row].ring;
	struct shm_taker who = { r->person->row, r->slot_number, false };
	struct shm_place place;
	struct shm_view view;

	if (r->person->requests_per_minute == 0)
		return 0;
	do {
		int64_t now_ms = clock_ms(), open_ms;

		shm_ring_view(ring, &pace, now_ms, &view);
		open_ms = shm_view_free_ms(&view, 0);
		if (open_ms > now_ms)
			return refuse(r, AN_RATE_LIMIT, whole_seconds(open_ms - now_ms),
				      pool_strf(r->pool,
						"%s may ask %u times a minute, and has.",
						r->person->name.ptr, pace.limit));
	} while (!shm_ring_take(ring, &view, &who, &place));
	shm_ring_settle(ring, &place, view.now_ms);
	return 0;
}

/* ---- the lanes */

int64_t admit_max_wait_ms(const struct req *r)
{
	int64_t own = r->person->max_wait_ms;

	return own >= 0 ? own : r->env->settings.max_wait_ms;
}

static struct str refusal_words(struct req *r, int64_t wait_ms)
{
	if (wait_ms == INT64_MAX)
		return STR(
			"No lane can be used: the upstream has refused its key. "
			"Whoever runs the proxy must give it a new one (see its log).");
	return pool_strf(r->pool,
			 "All requests that the upstream allows are taken for the next "
			 "%lld seconds (max_wait is %lld).",
			 (long long)(wait_ms / 1000),
			 (long long)(admit_max_wait_ms(r) / 1000));
}

/*
 * Who was told to come back is expected, so others of the same person come after him:
 * each refused one is sent to the time behind the last one's.
 */
static int check_lanes(struct req *r)
{
	struct shm_person *p = &r->env->segment->people[r->person->row];
	int64_t now_ms = clock_ms(), last_ms = 0, each_ms, wait_ms, at_ms;
	int64_t most_ms = admit_max_wait_ms(r);
	unsigned expected;
	int retry_after;

	if (shm_person_redeem(p, r->turn.client, now_ms))
		return 0;
	wait_ms = turn_wait_ms(r, now_ms, &each_ms);
	if (wait_ms == INT64_MAX)
		return refuse(r, AN_API, 0, refusal_words(r, wait_ms));
	expected = shm_person_expected(p, now_ms, &last_ms);
	wait_ms += expected * each_ms;
	if (wait_ms <= most_ms)
		return 0;
	at_ms = now_ms + wait_ms - most_ms + MARGIN_MS;
	if (expected && last_ms + each_ms > at_ms)
		at_ms = last_ms + each_ms;
	retry_after = whole_seconds(at_ms - now_ms);
	shm_person_promise(p, r->turn.client, now_ms + (int64_t)retry_after * 1000,
			   now_ms);
	return refuse(r, AN_RATE_LIMIT, retry_after, refusal_words(r, wait_ms));
}

int admit(struct req *r)
{
	static int (*const checks[])(struct req *) = { check_model, check_day,
						       check_streams, check_lanes,
						       check_minute };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](r) < 0)
			return -1;
	return 0;
}

bool admit_again(struct req *r, int64_t now_ms, int *retry_after)
{
	int64_t each_ms, wait_ms = turn_wait_ms(r, now_ms, &each_ms);
	int64_t left_ms = r->began_ms + admit_max_wait_ms(r) - now_ms;

	if (wait_ms <= left_ms)
		return true;
	*retry_after =
		wait_ms == INT64_MAX
			? 0
			: whole_seconds(wait_ms - admit_max_wait_ms(r) + MARGIN_MS);
	return false;
}

/* ---- what the client is told of its lanes */

struct sums {
	int64_t limit, used, reset_ms;
	int64_t token_limit, tokens_used;
};

static void add_lane(struct sums *sums, struct shm_lane *lane, int64_t now_ms)
{
	struct shm_pace pace = shm_lane_pace(lane);
	struct shm_view view;
	int64_t tpm = atomic_load(&lane->tpm);

	if (!atomic_load(&lane->is_paced) || atomic_load(&lane->is_disabled))
		return;
	shm_ring_view(&lane->ring, &pace, now_ms, &view);
	sums->limit += pace.limit;
	sums->used += view.used < pace.limit ? view.used : pace.limit;
	if (view.used && shm_view_free_ms(&view, pace.limit - 1) > sums->reset_ms)
		sums->reset_ms = shm_view_free_ms(&view, pace.limit - 1);
	if (tpm > 0) {
		int64_t used = shm_lane_tokens_used(lane, &view);

		sums->token_limit += tpm;
		sums->tokens_used += used < tpm ? used : tpm;
	}
}

static void put_limit(char fields[ADMIT_FIELDS_MAX], const char *what, int64_t limit,
		      int64_t left, const char *reset)
{
	size_t len = strlen(fields);

	(void)snprintf(fields + len, ADMIT_FIELDS_MAX - len,
		       "anthropic-ratelimit-%s-limit: %lld\r\n"
		       "anthropic-ratelimit-%s-remaining: %lld\r\n"
		       "anthropic-ratelimit-%s-reset: %s\r\n",
		       what, (long long)limit, what, (long long)left, what, reset);
}

void admit_fields(const struct req *r, char fields[ADMIT_FIELDS_MAX])
{
	struct shm_segment *seg = r->env->segment;
	int64_t now_ms = clock_ms();
	struct sums sums = { .reset_ms = now_ms };
	const struct shm_group *group;
	char reset[32];
	struct tm utc;
	time_t at;

	fields[0] = '\0';
	if (!r->person || r->person->group >= seg->shape.groups)
		return;
	group = &seg->groups[r->person->group];
	for (uint32_t i = 0; i < group->count && i < SHM_POOL_LANES; i++)
		add_lane(&sums, &seg->lanes[group->lanes[i] % seg->shape.lanes], now_ms);
	if (sums.limit == 0)
		return;
	at = (time_t)(clock_wall_s() + (sums.reset_ms - now_ms + 999) / 1000);
	gmtime_r(&at, &utc);
	strftime(reset, sizeof(reset), "%Y-%m-%dT%H:%M:%SZ", &utc);
	put_limit(fields, "requests", sums.limit, sums.limit - sums.used, reset);
	if (sums.token_limit)
		put_limit(fields, "tokens", sums.token_limit,
			  (sums.token_limit - sums.tokens_used) / TOKENS_ROUND *
				  TOKENS_ROUND,
			  reset);
}
