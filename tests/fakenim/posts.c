/* SPDX-License-Identifier: MIT */
/* One lock, two arrays. A window is counted back from each arrival. */
#include "config.h"

#include "tests/fakenim/posts.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "translate/jput.h"

enum { TEXT = 80, POSTS_MAX = 300000, KEYS_MAX = 256, MINUTE_MS = 60000 };

struct post {
	int64_t at_us, deltas;
	int status; /* 0: it has not ended */
	int key;
	bool was_aborted;
	char model[TEXT], mark[TEXT];
};

struct key {
	char text[TEXT];
	int posts, over, most;
};

static struct {
	pthread_mutex_t lock;
	int limit;
	int64_t window_us;
	struct buf posts; /* struct post, one behind the other */
	struct key keys[KEYS_MAX];
	int key_count;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER,
	  .window_us = MINUTE_MS * INT64_C(1000),
	  .posts = { .max = POSTS_MAX * sizeof(struct post) } };

static void lock(void)
{
	(void)pthread_mutex_lock(&all.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&all.lock);
}

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void put_text(char to[TEXT], struct str text)
{
	(void)snprintf(to, TEXT, "%.*s", (int)(text.len < TEXT ? text.len : TEXT - 1),
		       text.ptr ? text.ptr : "");
}

static struct post *post_at(size_t number)
{
	return (struct post *)all.posts.data + number;
}

static size_t count(void)
{
	return all.posts.len / sizeof(struct post);
}

void posts_limit(int limit, int64_t window_ms)
{
	all.limit = limit;
	all.window_us = window_ms * 1000;
}

static int find_key(struct str text)
{
	char name[TEXT];
	int i = 0;

	put_text(name, text);
	while (i < all.key_count && strcmp(all.keys[i].text, name) != 0)
		i++;
	if (i == all.key_count && i < KEYS_MAX - 1) {
		all.keys[i] = (struct key){ .posts = 0 };
		put_text(all.keys[i].text, text);
		all.key_count++;
	}
	return i;
}

/* Arrivals of a key in the window that ends now; they stand in order of time. */
static int count_back(int key, int64_t at_us)
{
	int n = 0;

	for (size_t i = count(); i > 0; i--) {
		const struct post *p = post_at(i - 1);

		if (at_us - p->at_us >= all.window_us)
			break;
		n += p->key == key;
	}
	return n;
}

size_t posts_begin(struct str key, struct str model, struct str mark, bool *is_over)
{
	struct post p = { .deltas = 0 };
	struct key *k;
	size_t number;
	int n;

	lock();
	p.at_us = now_us();
	p.key = find_key(key);
	put_text(p.model, model);
	put_text(p.mark, mark);
	number = count();
	buf_add(&all.posts, &p, sizeof(p));
	k = &all.keys[p.key];
	k->posts++;
	n = count_back(p.key, p.at_us);
	if (n > k->most)
		k->most = n;
	*is_over = all.limit > 0 && n > all.limit;
	k->over += *is_over;
	unlock();
	return number;
}

int posts_count(struct str key)
{
	int n;

	lock();
	n = all.keys[find_key(key)].posts;
	unlock();
	return n;
}

void posts_progress(size_t number, int64_t deltas)
{
	lock();
	if (number < count())
		post_at(number)->deltas = deltas;
	unlock();
}

void posts_end(size_t number, int status, bool was_aborted)
{
	lock();
	if (number < count()) {
		post_at(number)->status = status;
		post_at(number)->was_aborted = was_aborted;
	}
	unlock();
}

/* Requests that are under way end as numbers that nobody has: they are not told. */
void posts_reset(void)
{
	lock();
	buf_clear(&all.posts);
	all.key_count = 0;
	unlock();
}

void posts_put_keys(struct buf *b)
{
	lock();
	buf_lit(b, "{\"keys\":[");
	for (int i = 0; i < all.key_count; i++) {
		buf_adds(b, i ? STR(",{\"key\":") : STR("{\"key\":"));
		jput_str(b, str_of(all.keys[i].text));
		buf_addf(b, ",\"posts\":%d,\"over\":%d,\"most\":%d}", all.keys[i].posts,
			 all.keys[i].over, all.keys[i].most);
	}
	buf_lit(b, "]}");
	unlock();
}

void posts_put(struct buf *b)
{
	lock();
	buf_lit(b, "{\"posts\":[");
	for (size_t i = 0; i < count(); i++) {
		const struct post *p = post_at(i);

		buf_adds(b, i ? STR(",{\"key\":") : STR("{\"key\":"));
		jput_str(b, str_of(all.keys[p->key].text));
		buf_lit(b, ",\"model\":");
		jput_str(b, str_of(p->model));
		buf_lit(b, ",\"mark\":");
		jput_str(b, str_of(p->mark));
		buf_addf(b,
			 ",\"at_us\":%lld,\"status\":%d,\"deltas\":%lld,\"end\":\"%s\"}",
			 (long long)p->at_us, p->status, (long long)p->deltas,
			 !p->status	  ? "running"
			 : p->was_aborted ? "aborted"
					  : "ended");
	}
	buf_lit(b, "]}");
	unlock();
}
