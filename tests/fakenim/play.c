/* SPDX-License-Identifier: MIT */
/* The interpreter of the scripts in behave.c. */
#include "config.h"

#include "tests/fakenim/play.h"

#include <stdlib.h>

#include "tests/fakenim/strict.h"

enum { HANG_MS = 3600 * 1000, LINE_MAX_BYTES = 4096 };

struct line {
	struct turn *t;
	struct str rest; /* behind the word */
};

static struct str next_word(struct str *rest)
{
	const char *blank = rest->len ? memchr(rest->ptr, ' ', rest->len) : NULL;
	size_t len = blank ? (size_t)(blank - rest->ptr) : rest->len;
	struct str word = { rest->ptr, len };
	size_t used = blank ? len + 1 : len;

	*rest = (struct str){ rest->ptr + used, rest->len - used };
	return word;
}

/* \n becomes a line feed, and ' becomes " when it stands for it. */
static struct str plain(struct line *l, bool is_json)
{
	struct buf *b = pool_buf(&l->t->c->pool, LINE_MAX_BYTES);

	for (size_t i = 0; i < l->rest.len; i++) {
		char c = l->rest.ptr[i];

		if (!is_json && c == '\\' && i + 1 < l->rest.len &&
		    l->rest.ptr[i + 1] == 'n') {
			c = '\n';
			i++;
		} else if (is_json && c == '\'') {
			c = '"';
		}
		buf_addc(b, c);
	}
	return buf_str(b);
}

struct str play_tool_name(struct turn *t, size_t n)
{
	struct json_object *tools = strict_get(t->body, "tools", json_type_array);
	struct json_object *tool, *name;

	if (!tools)
		return STR("get_weather");
	tool = json_object_array_get_idx(tools, n % json_object_array_length(tools));
	name = strict_get(strict_get(tool, "function", json_type_object), "name",
			  json_type_string);
	return str_of(json_object_get_string(name));
}

/* Indexes in scripts have one digit. */
static int index_of(struct str word)
{
	return word.len ? word.ptr[0] - '0' : 0;
}

static void do_role(struct line *l)
{
	answer_delta(&l->t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
}

static void do_text(struct line *l)
{
	answer_text(&l->t->a, plain(l, false));
}

static void do_reason(struct line *l)
{
	answer_reason(&l->t->a, "reasoning_content", plain(l, false));
}

static void do_vreason(struct line *l)
{
	answer_reason(&l->t->a, "reasoning", plain(l, false));
}

static void do_call(struct line *l)
{
	int index = index_of(next_word(&l->rest));
	struct str id = next_word(&l->rest);
	struct str name = next_word(&l->rest);

	if (str_eq(id, STR("-")))
		id.len = 0;
	if (name.len == 2 && name.ptr[0] == '@')
		name = play_tool_name(l->t, (size_t)(name.ptr[1] - '1'));
	answer_call(&l->t->a, index, id, name, plain(l, false));
}

static void do_args(struct line *l)
{
	int index = index_of(next_word(&l->rest));

	answer_call(&l->t->a, index, (struct str){ NULL, 0 }, (struct str){ NULL, 0 },
		    plain(l, false));
}

static void do_delta(struct line *l)
{
	answer_delta(&l->t->a, plain(l, true));
}

static void do_data(struct line *l)
{
	answer_data(&l->t->a, plain(l, true));
}

static void do_raw(struct line *l)
{
	answer_raw(&l->t->a, plain(l, false));
}

static void do_bare(struct line *l)
{
	answer_bare(&l->t->a, plain(l, false));
}

static void do_end(struct line *l)
{
	struct str reason = next_word(&l->rest);

	answer_finish(&l->t->a, reason, plain(l, true));
}

static void do_usage(struct line *l)
{
	answer_usage(&l->t->a);
}

static void do_done(struct line *l)
{
	answer_done(&l->t->a);
}

static void do_head(struct line *l)
{
	answer_head(&l->t->a);
}

static void do_sleep(struct line *l)
{
	double seconds = l->rest.len == 2 && l->rest.ptr[0] == '#'
				 ? l->t->number[l->rest.ptr[1] - '1']
				 : strtod(l->rest.ptr, NULL);

	answer_flush(&l->t->a);
	conn_sleep(l->t->c, (int64_t)(seconds * 1000));
}

static void do_hang(struct line *l)
{
	answer_flush(&l->t->a);
	conn_sleep(l->t->c, HANG_MS);
}

/* What was sent before shall be read before the news of the reset is. */
static void do_rst(struct line *l)
{
	answer_flush(&l->t->a);
	conn_sleep(l->t->c, 50);
	conn_reset(l->t->c);
	l->t->a.has_ended = true;
}

static void do_fin(struct line *l)
{
	answer_flush(&l->t->a);
	l->t->c->wants_close = true;
	l->t->a.has_ended = true;
}

/* Such a server closes an idle connection just as the next request is on its way. */
static void do_stale(struct line *l)
{
	l->t->c->closes_next = true;
}

static void do_over(struct line *l)
{
	answer_head(&l->t->a);
	answer_end(&l->t->a);
}

static void do_close(struct line *l)
{
	do_over(l);
	l->t->c->wants_close = true;
}

static const struct {
	const char *word;
	void (*run)(struct line *l);
} words[] = {
	{ "role", do_role },   { "text", do_text },   { "reason", do_reason },
	{ "call", do_call },   { "args", do_args },   { "vreason", do_vreason },
	{ "delta", do_delta }, { "data", do_data },   { "raw", do_raw },
	{ "bare", do_bare },   { "end", do_end },     { "usage", do_usage },
	{ "done", do_done },   { "head", do_head },   { "sleep", do_sleep },
	{ "hang", do_hang },   { "rst", do_rst },     { "fin", do_fin },
	{ "over", do_over },   { "close", do_close }, { "stale", do_stale },
};

static void run_line(struct turn *t, struct str text)
{
	struct line l = { t, text };
	struct str word = next_word(&l.rest);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_of(words[i].word)))
			words[i].run(&l);
}

void play(struct turn *t, const char *script)
{
	while (*script && !t->c->is_gone && !t->a.has_ended) {
		size_t len = strcspn(script, "\n");

		run_line(t, (struct str){ script, len });
		script += len + (script[len] == '\n');
	}
	answer_end(&t->a);
}
