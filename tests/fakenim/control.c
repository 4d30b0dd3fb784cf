/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "tests/fakenim/control.h"

#include <string.h>

#include "tests/fakenim/posts.h"
#include "tests/fakenim/stats.h"

static bool is_of_a_mark(char c)
{
	return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

struct str control_mark(struct str body)
{
	struct str sign = STR("mark:");
	size_t at = body.len, len = 0;

	while (at > 0 && !(body.len - at >= sign.len &&
			   memcmp(body.ptr + at, sign.ptr, sign.len) == 0))
		at--;
	if (at == 0)
		return (struct str){ NULL, 0 };
	at += sign.len;
	while (at + len < body.len && is_of_a_mark(body.ptr[at + len]))
		len++;
	return (struct str){ body.ptr + at, len };
}

static void show(struct conn *c, size_t max, void (*put)(struct buf *b))
{
	struct buf *b = pool_buf(&c->pool, max);

	put(b);
	conn_answer(c, 200, "application/json", NULL, buf_str(b));
}

void control_stats(struct conn *c)
{
	show(c, 4 << 20, stats_put);
}

void control_keys(struct conn *c)
{
	show(c, 4 << 20, posts_put_keys);
}

void control_posts(struct conn *c)
{
	show(c, 128 << 20, posts_put);
}

void control_reset(struct conn *c)
{
	stats_reset();
	posts_reset();
	conn_answer(c, 200, "application/json", NULL, STR("{}"));
}
