/* SPDX-License-Identifier: MIT */
/* One lock around a handful of numbers and texts. */
#include "config.h"

#include "tests/fakenim/stats.h"

#include <pthread.h>
#include <stdio.h>

#include "translate/jput.h"

enum { KEYS_MAX = 512, KEY_LEN = 96, TEXTS_MAX = 20, LAST_MAX = 1 << 20 };

static const char *const names[STATS_COUNTERS] = {
	[STATS_CONNECTIONS] = "connections",
	[STATS_REQUESTS] = "requests",
	[STATS_POSTS] = "posts",
	[STATS_COMPLETED] = "completed",
	[STATS_ABORTED] = "aborted",
	[STATS_UNARY] = "unary",
	[STATS_VIOLATIONS] = "violations",
	[STATS_BROKEN] = "broken",
	[STATS_IN_FLIGHT] = "in_flight",
};

static struct {
	pthread_mutex_t lock;
	int counters[STATS_COUNTERS];
	char texts[TEXTS_MAX][256]; /* the first violations */
	struct buf last;
	size_t key_count;
	struct {
		char text[KEY_LEN];
		int count;
	} keys[KEYS_MAX];
} stats = { .lock = PTHREAD_MUTEX_INITIALIZER, .last = { .max = LAST_MAX } };

static void lock(void)
{
	(void)pthread_mutex_lock(&stats.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&stats.lock);
}

void stats_add(enum stats_counter counter, int by)
{
	lock();
	stats.counters[counter] += by;
	unlock();
}

void stats_violation(struct str text)
{
	int nth;

	lock();
	nth = stats.counters[STATS_VIOLATIONS]++;
	if (nth < TEXTS_MAX)
		(void)snprintf(stats.texts[nth], sizeof(stats.texts[nth]), "%.*s",
			       STR_ARG(text));
	unlock();
	(void)fprintf(stderr, "fakenim: violation: %.*s\n", STR_ARG(text));
}

void stats_last(struct str model, struct str agent, struct str body)
{
	lock();
	buf_clear(&stats.last);
	buf_lit(&stats.last, "{\"model\":");
	jput_str(&stats.last, model);
	buf_lit(&stats.last, ",\"user_agent\":");
	jput_str(&stats.last, agent);
	buf_lit(&stats.last, ",\"body\":");
	buf_adds(&stats.last, body);
	buf_lit(&stats.last, "}");
	unlock();
}

int stats_nth(struct str key)
{
	size_t i = 0;
	int nth = 0;

	if (key.len >= KEY_LEN)
		key.len = KEY_LEN - 1;
	lock();
	while (i < stats.key_count && !str_eq(str_of(stats.keys[i].text), key))
		i++;
	if (i == stats.key_count && i < KEYS_MAX) {
		(void)snprintf(stats.keys[i].text, KEY_LEN, "%.*s", STR_ARG(key));
		stats.keys[i].count = 0;
		stats.key_count++;
	}
	if (i < KEYS_MAX)
		nth = stats.keys[i].count++;
	unlock();
	return nth;
}

void stats_reset(void)
{
	lock();
	for (int i = 0; i < STATS_IN_FLIGHT; i++)
		stats.counters[i] = 0;
	stats.key_count = 0;
	buf_clear(&stats.last);
	unlock();
}

void stats_put(struct buf *b)
{
	int texts;

	lock();
	buf_lit(b, "{");
	for (int i = 0; i < STATS_COUNTERS; i++)
		buf_addf(b, "\"%s\":%d,", names[i], stats.counters[i]);
	buf_lit(b, "\"violation_texts\":[");
	texts = stats.counters[STATS_VIOLATIONS];
	for (int i = 0; i < texts && i < TEXTS_MAX; i++) {
		if (i)
			buf_addc(b, ',');
		jput_str(b, str_of(stats.texts[i]));
	}
	buf_lit(b, "],\"last\":");
	if (stats.last.len == 0 || stats.last.has_failed)
		buf_lit(b, "null");
	else
		buf_adds(b, buf_str(&stats.last));
	buf_lit(b, "}");
	unlock();
}
