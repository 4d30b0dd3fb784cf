/* SPDX-License-Identifier: MIT */
/* A segment as text. It is read while workers write: what is torn is a turn at most. */
#include "config.h"

#include <openssl/sha.h>

#include "master/state.h"

enum { TRIES = 100 };

/* Names come from outside: what is not plain becomes %xx (RFC 3986, 2.1). */
static void put_name(struct buf *to, const char *name, size_t most)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-@";

	for (size_t i = 0; i < most && name[i]; i++) {
		if (strchr(plain, name[i]))
			buf_addc(to, name[i]);
		else
			buf_addf(to, "%%%02x", (unsigned char)name[i]);
	}
}

static void put_number(struct buf *to, const char *name, int64_t value)
{
	if (value != 0)
		buf_addf(to, " %s=%lld", name, (long long)value);
}

static int64_t get(const _Atomic uint64_t *word)
{
	return (int64_t)atomic_load_explicit(word, memory_order_relaxed);
}

static void put_counters(struct buf *to,
			 const _Atomic uint64_t counters[SHM_COUNTER_COUNT])
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		put_number(to, shm_counter_names[i], get(&counters[i]));
}

static void put_hist(struct buf *to, const struct shm_account *a, size_t hist)
{
	int64_t all = 0;

	for (size_t i = 0; i < SHM_BUCKETS; i++)
		all += get(&a->buckets[hist][i]);
	if (all == 0)
		return;
	buf_addf(to, " %s=", shm_hist_names[hist]);
	for (size_t i = 0; i < SHM_BUCKETS; i++)
		buf_addf(to, "%s%lld", i ? "," : "",
			 (long long)get(&a->buckets[hist][i]));
	buf_addf(to, " %s_ms=%lld", shm_hist_names[hist],
		 (long long)get(&a->sums_ms[hist]));
}

static void put_account(struct buf *to, const struct shm_account *a)
{
	put_counters(to, a->counters);
	for (size_t i = 0; i < SHM_HIST_COUNT; i++)
		put_hist(to, a, i);
	put_number(to, "today", get(&a->today));
	put_number(to, "today_requests", get(&a->today_requests));
	put_number(to, "today_tokens", get(&a->today_tokens));
}

static void put_total(struct buf *to, const struct shm_segment *seg)
{
	struct shm_delta all;

	shm_segment_totals(seg, &all);
	/* Those of the gate stand in its slot; here they join the others, in front of the
	 * account's own: the first value of a name counts. */
	buf_addf(to, "total %s=%llu", shm_counter_names[SHM_overloaded],
		 (unsigned long long)all.by[SHM_overloaded]);
	put_account(to, seg->books.total);
	buf_addc(to, '\n');
}

static void put_person(struct buf *to, const struct shm_segment *seg, uint32_t row)
{
	const struct shm_person *p = &seg->people[row];

	if (!p->name[0])
		return;
	buf_lit(to, "person name=");
	put_name(to, p->name, SHM_NAME_MAX);
	put_account(to, &seg->books.people[row]);
	if (get(&p->served))
		put_number(to, "served", shm_person_served_ms(p));
	buf_addc(to, '\n');
}

static void put_ring(struct buf *to, const struct shm_segment *seg,
		     const struct shm_lane *lane, const struct state_clock *clock)
{
	struct shm_pace pace = shm_lane_pace(lane);
	struct shm_view view;
	bool is_first = true;

	shm_ring_view(&lane->ring, &pace, clock->now_ms, &view);
	for (uint32_t i = 0; i < view.count; i++) {
		const struct shm_stamp *s = &view.stamps[i];

		if (!s->is_used)
			continue;
		buf_addf(to, "%s%lld:", is_first ? " ring=" : ",", (long long)s->at_ms);
		if (s->person < seg->shape.people)
			put_name(to, seg->people[s->person].name, SHM_NAME_MAX);
		buf_addf(to, ":%d", s->is_background);
		is_first = false;
	}
}

static void put_keys(struct buf *to, const struct shm_lane *lane)
{
	bool is_first = true;

	for (size_t i = 0; i < SHM_LANE_KEYS; i++) {
		uint64_t key = atomic_load(&lane->keys[i]);

		if (!key)
			continue;
		buf_addf(to, "%s%016llx", is_first ? " keys=" : ",",
			 (unsigned long long)key);
		is_first = false;
	}
}

static void put_lane(struct buf *to, const struct shm_segment *seg, uint32_t row,
		     const struct state_clock *clock)
{
	const struct shm_lane *lane = &seg->lanes[row];

	if (!lane->name[0])
		return;
	buf_lit(to, "lane name=");
	put_name(to, lane->name, SHM_NAME_MAX);
	put_account(to, &seg->books.lanes[row]);
	put_number(to, "benched", atomic_load(&lane->benched_until_ms));
	put_keys(to, lane);
	put_ring(to, seg, lane, clock);
	buf_addc(to, '\n');
}

static void put_model(struct buf *to, const struct shm_segment *seg, uint32_t row)
{
	struct shm_model *m = &seg->models[row];

	if (atomic_load(&m->hash) == 0 || !m->name[0])
		return;
	buf_lit(to, "model name=");
	put_name(to, m->name, SHM_MODEL_NAME);
	put_account(to, &seg->books.models[row]);
	put_number(to, "token_ratio", atomic_load(&m->token_ratio));
	put_number(to, "token_samples", get(&m->token_samples));
	put_number(to, "presses", get(&m->presses));
	buf_addc(to, '\n');
}

static void put_spans(struct buf *to, const char *word, const struct shm_span *spans,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (get(&spans[i].number) == 0)
			continue;
		buf_addf(to, "%s number=%lld", word, (long long)get(&spans[i].number));
		put_counters(to, spans[i].counters);
		buf_addc(to, '\n');
	}
}

static void put_all(struct buf *to, const struct shm_segment *seg,
		    const struct state_clock *clock, bool is_last)
{
	buf_lit(to, "nim-state 1\n");
	buf_addf(to, "run boot=%s clean=%s wall=%lld now=%lld\n", clock->boot,
		 is_last ? "yes" : "no", (long long)clock->wall_s,
		 (long long)clock->now_ms);
	put_total(to, seg);
	for (uint32_t i = 0; i < seg->shape.people; i++)
		put_person(to, seg, i);
	for (uint32_t i = 0; i < seg->shape.lanes; i++)
		put_lane(to, seg, i, clock);
	for (uint32_t i = 0; i < SHM_MODELS; i++)
		put_model(to, seg, i);
	put_spans(to, "minute", seg->books.minutes, SHM_MINUTES);
	put_spans(to, "day", seg->books.days, SHM_DAYS);
}

static void put_sum(struct buf *to)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)to->data, to->len, digest);
	buf_lit(to, "sum ");
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_addf(to, "%02x", digest[i]);
	buf_addc(to, '\n');
}

void state_write(struct buf *to, const struct shm_segment *seg,
		 const struct state_clock *clock, bool is_last)
{
	const _Atomic uint64_t *version = &seg->books.journal->version;
	int64_t before;

	/* A booking in between would count a request in one account and not in another.
	 */
	for (int i = 0; i < TRIES; i++) {
		before = get(version);
		buf_clear(to);
		put_all(to, seg, clock, is_last);
		if (before % 2 == 0 && get(version) == before)
			break;
	}
	put_sum(to);
}
