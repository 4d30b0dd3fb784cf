/* SPDX-License-Identifier: MIT */
/* Text into a segment: line by line, value by value, each by its name. */
#include "config.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "master/state.h"

enum {
	SUM_LINE = 4 + 64 + 1,
	NAME_MOST = SHM_MODEL_NAME,
	NOBODY = SHM_PERSONS_MAX - 1, /* no row of the people */
};

static const struct str magic = { "nim-state 1\n", 12 };

/* ---- the frame */

const char *state_check(struct str text)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char line[SUM_LINE + 1] = "sum ";
	size_t len;

	if (text.len == 0)
		return "it is empty";
	if (!str_has_prefix(text, STR("nim-state ")))
		return "it is no state of nim";
	if (!str_has_prefix(text, magic))
		return "it is of a form that this version does not know";
	if (text.len < magic.len + SUM_LINE)
		return "it is torn";
	len = text.len - SUM_LINE;
	SHA256((const uint8_t *)text.ptr, len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(line + 4 + 2 * i, 3, "%02x", digest[i]);
	line[SUM_LINE - 1] = '\n';
	if (memcmp(text.ptr + len, line, SUM_LINE) != 0)
		return "it is torn, or was changed: its checksum is wrong";
	return NULL;
}

/* ---- one value */

/* The next word up to a blank; false at the end of the line. */
static bool next_word(struct str *line, struct str *word)
{
	const char *end;

	*line = str_trim(*line);
	if (line->len == 0)
		return false;
	end = memchr(line->ptr, ' ', line->len);
	*word = (struct str){ line->ptr, end ? (size_t)(end - line->ptr) : line->len };
	*line = (struct str){ line->ptr + word->len, line->len - word->len };
	return true;
}

/* The value of name=value in a line; empty when it is not there. */
static struct str value_of(struct str line, const char *name)
{
	size_t len = strlen(name);
	struct str word;

	while (next_word(&line, &word))
		if (word.len > len && word.ptr[len] == '=' &&
		    memcmp(word.ptr, name, len) == 0)
			return (struct str){ word.ptr + len + 1, word.len - len - 1 };
	return (struct str){ NULL, 0 };
}

static int64_t number_in(struct str text)
{
	bool is_negative = text.len && text.ptr[0] == '-';
	uint64_t value;

	if (is_negative)
		text = (struct str){ text.ptr + 1, text.len - 1 };
	if (str_to_u64(text, INT64_MAX, &value) < 0)
		return 0;
	return is_negative ? -(int64_t)value : (int64_t)value;
}

static int64_t number_of(struct str line, const char *name)
{
	return number_in(value_of(line, name));
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void name_in(struct str text, char name[NAME_MOST])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < NAME_MOST - 1; i++) {
		if (text.ptr[i] == '%' && i + 2 < text.len && hex(text.ptr[i + 1]) >= 0 &&
		    hex(text.ptr[i + 2]) >= 0) {
			name[len++] =
				(char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
			i += 2;
		} else {
			name[len++] = text.ptr[i];
		}
	}
	name[len] = '\0';
}

/* The part up to a separator; text goes on behind it. */
static struct str cut(struct str *text, char separator)
{
	const char *end = text->len ? memchr(text->ptr, separator, text->len) : NULL;
	struct str part = { text->ptr, end ? (size_t)(end - text->ptr) : text->len };
	size_t used = part.len + (end != NULL);

	*text = (struct str){ text->ptr + used, text->len - used };
	return part;
}

/* ---- rows */

static void read_counters(struct str line, _Atomic uint64_t counters[SHM_COUNTER_COUNT])
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		atomic_store(&counters[i],
			     (uint64_t)number_of(line, shm_counter_names[i]));
}

static void read_hist(struct str line, struct shm_account *a, size_t hist)
{
	struct str list = value_of(line, shm_hist_names[hist]);
	char name[64];

	for (size_t i = 0; i < SHM_BUCKETS && list.len; i++)
		atomic_store(&a->buckets[hist][i], (uint64_t)number_in(cut(&list, ',')));
	(void)snprintf(name, sizeof(name), "%s_ms", shm_hist_names[hist]);
	atomic_store(&a->sums_ms[hist], (uint64_t)number_of(line, name));
}

static void read_account(struct str line, struct shm_account *a)
{
	read_counters(line, a->counters);
	for (size_t i = 0; i < SHM_HIST_COUNT; i++)
		read_hist(line, a, i);
	atomic_store(&a->today, (uint64_t)number_of(line, "today"));
	atomic_store(&a->today_requests, (uint64_t)number_of(line, "today_requests"));
	atomic_store(&a->today_tokens, (uint64_t)number_of(line, "today_tokens"));
}

struct reader {
	struct shm_segment *seg;
	const struct state_clock *clock;
	enum state_loaded result;
	bool is_by_key; /* the second time: lanes that have their keys here */
};

static void read_run(struct reader *r, struct str line)
{
	if (!str_eq(value_of(line, "boot"), str_of(r->clock->boot)))
		r->result = STATE_REBOOTED;
	else if (str_eq(value_of(line, "clean"), STR("yes")))
		r->result = STATE_CLEAN;
	else
		r->result = STATE_UNCLEAN;
}

static void read_total(struct reader *r, struct str line)
{
	read_account(line, r->seg->books.total);
}

static void read_person(struct reader *r, struct str line)
{
	char name[NAME_MOST];
	int32_t row;

	name_in(value_of(line, "name"), name);
	row = shm_segment_person(r->seg, name);
	if (row < 0)
		return;
	read_account(line, &r->seg->books.people[row]);
	if (r->result != STATE_REBOOTED && value_of(line, "served").len)
		shm_person_serve(&r->seg->people[row], true, number_of(line, "served"));
}

/* A stamp from the future is one of now: the window stays on the safe side. */
static void read_ring(struct reader *r, struct shm_ring *ring, struct str list)
{
	int64_t last_ms = INT64_MIN;
	uint32_t index = 0;

	while (list.len && index < SHM_RPM_MAX) {
		struct str stamp = cut(&list, ',');
		int64_t at_ms = number_in(cut(&stamp, ':'));
		char name[NAME_MOST];
		int32_t person;

		name_in(cut(&stamp, ':'), name);
		person = shm_segment_person(r->seg, name);
		if (at_ms > r->clock->now_ms)
			at_ms = r->clock->now_ms;
		shm_ring_put(ring, index++, at_ms, person < 0 ? NOBODY : (uint32_t)person,
			     str_eq(stamp, STR("1")));
		if (at_ms > last_ms)
			last_ms = at_ms;
	}
	if (index)
		shm_ring_begin(ring, last_ms);
}

static size_t keys_in(struct str list, uint64_t keys[SHM_LANE_KEYS])
{
	size_t count = 0;

	while (list.len && count < SHM_LANE_KEYS) {
		struct str digits = cut(&list, ',');

		keys[count] = 0;
		for (size_t i = 0; i < digits.len && hex(digits.ptr[i]) >= 0; i++)
			keys[count] = keys[count] << 4 | (uint64_t)hex(digits.ptr[i]);
		count++;
	}
	return count;
}

/* The window is the keys', whatever the lane is called now; else the name's. */
static void read_lane(struct reader *r, struct str line)
{
	uint64_t keys[SHM_LANE_KEYS];
	size_t key_count = keys_in(value_of(line, "keys"), keys);
	int32_t row = shm_segment_lane_of(r->seg, keys, key_count);
	char name[NAME_MOST];

	if (r->is_by_key != (row >= 0))
		return;
	name_in(value_of(line, "name"), name);
	if (row < 0)
		row = shm_segment_lane(r->seg, name);
	if (row < 0)
		return;
	read_account(line, &r->seg->books.lanes[row]);
	if (r->result == STATE_REBOOTED)
		return;
	atomic_store(&r->seg->lanes[row].benched_until_ms, number_of(line, "benched"));
	read_ring(r, &r->seg->lanes[row].ring, value_of(line, "ring"));
}

static void read_model(struct reader *r, struct str line)
{
	char name[NAME_MOST];
	struct shm_model *m;

	name_in(value_of(line, "name"), name);
	m = shm_model_find(r->seg->models, name, (unsigned)strlen(name));
	if (!m || !name[0])
		return;
	read_account(line, &r->seg->books.models[m - r->seg->models]);
	atomic_store(&m->token_ratio, (uint32_t)number_of(line, "token_ratio"));
	atomic_store(&m->token_samples, (uint64_t)number_of(line, "token_samples"));
	atomic_store(&m->presses, (uint64_t)number_of(line, "presses"));
}

static void read_span(struct shm_span *spans, size_t count, struct str line)
{
	uint64_t number = (uint64_t)number_of(line, "number");

	if (number == 0)
		return;
	atomic_store(&spans[number % count].number, number);
	read_counters(line, spans[number % count].counters);
}

static void read_minute(struct reader *r, struct str line)
{
	read_span(r->seg->books.minutes, SHM_MINUTES, line);
}

static void read_day(struct reader *r, struct str line)
{
	read_span(r->seg->books.days, SHM_DAYS, line);
}

static const struct {
	const char *word;
	void (*read)(struct reader *r, struct str line);
} kinds[] = {
	{ "run", read_run },   { "total", read_total }, { "person", read_person },
	{ "lane", read_lane }, { "model", read_model }, { "minute", read_minute },
	{ "day", read_day },
};

void state_fill_windows(struct shm_segment *seg, int64_t at_ms)
{
	for (uint32_t i = 0; i < seg->shape.lanes; i++) {
		struct shm_lane *lane = &seg->lanes[i];
		struct shm_pace pace = shm_lane_pace(lane);

		if (!lane->name[0])
			continue;
		for (uint32_t n = 0; n < pace.limit; n++)
			shm_ring_put(&lane->ring, n, at_ms, NOBODY, false);
		shm_ring_begin(&lane->ring, at_ms);
	}
}

static void read_lines(struct reader *r, struct str text)
{
	while (text.len > 0) {
		struct str line = cut(&text, '\n'), word;

		if (!next_word(&line, &word))
			continue;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (str_eq(word, str_of(kinds[i].word)))
				kinds[i].read(r, line);
	}
}

/* What goes by a lane's name comes first, and what goes by its keys replaces it. */
static void read_keyed_lanes(struct reader *r, struct str text)
{
	r->is_by_key = true;
	while (text.len > 0) {
		struct str line = cut(&text, '\n'), word;

		if (next_word(&line, &word) && str_eq(word, STR("lane")))
			read_lane(r, line);
	}
}

enum state_loaded state_read(struct shm_segment *seg, struct str text,
			     const struct state_clock *clock)
{
	struct reader r = { seg, clock, STATE_UNCLEAN, false };

	read_lines(&r, text);
	read_keyed_lanes(&r, text);
	/* Every grant before the boot is older than it: monotonic time began there. */
	if (r.result == STATE_REBOOTED)
		state_fill_windows(seg, 0);
	else if (r.result == STATE_UNCLEAN)
		state_fill_windows(seg, clock->now_ms);
	return r.result;
}
