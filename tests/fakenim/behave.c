/* SPDX-License-Identifier: MIT */
/* From a model's name to a row of the table, and from the row to an answer. */
#include "config.h"

#include "tests/fakenim/behave.h"

#include <stdlib.h>

#include "tests/fakenim/echo.h"
#include "tests/fakenim/play.h"
#include "tests/fakenim/stats.h"

/* name against a row's pattern; # takes digits and a point. */
static bool matches(struct turn *t, const char *pattern, struct str name)
{
	size_t at = 0, numbers = 0;

	for (; *pattern; pattern++) {
		char text[24] = "";
		size_t len = 0;

		if (*pattern != '#') {
			if (at == name.len || name.ptr[at++] != *pattern)
				return false;
			continue;
		}
		while (at < name.len && len < sizeof(text) - 1 &&
		       memchr("0123456789.", name.ptr[at], 11))
			text[len++] = name.ptr[at++];
		if (!len || numbers == BEHAVE_NUMBERS)
			return false;
		t->number[numbers++] = strtod(text, NULL);
	}
	return at == name.len;
}

static const struct behave *find_row(struct turn *t, struct str name)
{
	for (size_t i = 0; i < behave_count; i++)
		if (matches(t, behave_rows[i].name, name))
			return &behave_rows[i];
	return NULL;
}

static bool cut_end(struct str *name, struct str end)
{
	if (name->len <= end.len ||
	    memcmp(name->ptr + name->len - end.len, end.ptr, end.len) != 0)
		return false;
	name->len -= end.len;
	return true;
}

bool behave_find(struct turn *t, bool any_model)
{
	struct str name = t->model;
	const char *tag;
	bool is_once;
	int times;

	if (!str_has_prefix(name, STR("mock/"))) {
		t->row = any_model ? find_row(t, STR("assistant")) : NULL;
		return any_model;
	}
	name = (struct str){ name.ptr + 5, name.len - 5 };
	tag = name.len ? memchr(name.ptr, '@', name.len) : NULL;
	if (tag)
		name.len = (size_t)(tag - name.ptr);
	is_once = cut_end(&name, STR("-once"));
	t->row = find_row(t, name);
	if (!t->row)
		return false;
	times = is_once ? 1 : t->row->times < 0 ? (int)t->number[0] : t->row->times;
	if (times && stats_nth(t->model) >= times)
		t->row = find_row(t, STR("normal"));
	return true;
}

static struct str filled(struct turn *t, const char *text)
{
	struct buf *b = pool_buf(&t->c->pool, 1 << 16);

	for (; text && *text; text++)
		if (text[0] == '$' && text[1] == 'M') {
			buf_adds(b, t->model);
			text++;
		} else if (text[0] == '$' && text[1] == 'U') {
			buf_adds(b, echo_last(t));
			text++;
		} else if (text[0] == '#') {
			buf_addf(b, "%d", (int)t->number[0]);
		} else {
			buf_addc(b, *text);
		}
	buf_addc(b, '\0');
	b->len--;
	return buf_str(b);
}

void behave_run(struct turn *t)
{
	const struct behave *row = t->row;

	if (row->status) {
		struct str body = filled(t, row->body);

		conn_answer(t->c, row->status, row->type, filled(t, row->fields).ptr,
			    body);
	} else if (row->script) {
		play(t, row->script);
	} else {
		row->run(t);
	}
}
