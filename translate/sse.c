/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events, read as they come.  A line that is whole in one feed is used where
 * it stands; only a cut one is copied.
 */
#include "config.h"

#include "translate/sse.h"

enum {
	LINE_MAX_BYTES = SSE_EVENT_MAX + 64
}; /* the longest data line has a field name too */

void sse_init(struct sse *s, sse_event_fn *on_event, void *context)
{
	*s = (struct sse){ .on_event = on_event, .context = context };
	buf_init(&s->line, LINE_MAX_BYTES);
	buf_init(&s->data, SSE_EVENT_MAX);
}

void sse_clear(struct sse *s)
{
	buf_clear(&s->line);
	buf_clear(&s->data);
	s->name_len = 0;
	s->has_data = false;
	s->skip_lf = false;
	s->is_started = false;
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	sse_clear(s);
}

/*
 * An empty line: the event is complete. Without data it is none, but for "error": older
 * Dynamo puts the reason into a comment beside it.
 */
static int dispatch(struct sse *s)
{
	struct str name = { s->name, s->name_len };
	bool has_data = s->has_data || str_eq(name, STR("error"));
	s->name_len = 0;
	s->has_data = false;
	int result = has_data ? s->on_event(s->context, name, buf_str(&s->data)) : 0;
	buf_clear(&s->data);
	return result;
}

static int add_data(struct sse *s, struct str value)
{
	if (s->has_data)
		buf_addc(&s->data, '\n');
	s->has_data = true;
	buf_adds(&s->data, value);
	return s->data.has_failed ? SSE_TOO_LONG : 0;
}

static void set_name(struct sse *s, struct str value)
{
	s->name_len = value.len < SSE_NAME_MAX ? value.len : SSE_NAME_MAX;
	if (s->name_len > 0)
		memcpy(s->name, value.ptr, s->name_len);
}

/* A whole line without its end. */
static int take_line(struct sse *s, struct str line)
{
	if (!s->is_started && str_has_prefix(line, STR("\xef\xbb\xbf")))
		line = (struct str){ line.ptr + 3, line.len - 3 };
	s->is_started = true;
	if (line.len == 0)
		return dispatch(s);
	const char *colon = memchr(line.ptr, ':', line.len);
	struct str field = { line.ptr, colon ? (size_t)(colon - line.ptr) : line.len };
	struct str value = { "", 0 };
	if (colon)
		value = (struct str){ colon + 1, line.len - field.len - 1 };
	if (value.len > 0 && value.ptr[0] == ' ')
		value = (struct str){ value.ptr + 1, value.len - 1 };
	if (str_eq(field, STR("data")))
		return add_data(s, value);
	if (str_eq(field, STR("event")))
		set_name(s, value);
	return 0; /* comments, id, retry and unknown fields mean nothing here */
}

/* The end of a line: part is what came of it since the last cut. */
static int end_line(struct sse *s, struct str part)
{
	if (part.len > LINE_MAX_BYTES)
		return SSE_TOO_LONG;
	if (s->line.len == 0)
		return take_line(s, part);
	buf_adds(&s->line, part);
	if (s->line.has_failed)
		return SSE_TOO_LONG;
	int result = take_line(s, buf_str(&s->line));
	buf_clear(&s->line);
	return result;
}

int sse_feed(struct sse *s, const char *bytes, size_t len)
{
	const char *end = bytes + len;
	const char *lf =
		NULL; /* the next LF, or end: kept, so that each byte is seen once */
	for (const char *at = bytes; at < end;) {
		if (s->skip_lf) {
			s->skip_lf = false;
			at += *at == '\n';
			continue;
		}
		if (!lf || lf < at) {
			lf = memchr(at, '\n', (size_t)(end - at));
			lf = lf ? lf : end;
		}
		const char *cr = memchr(at, '\r', (size_t)(lf - at));
		const char *stop = cr ? cr : lf;
		struct str part = { at, (size_t)(stop - at) };
		if (stop == end) {
			buf_adds(&s->line, part);
			return s->line.has_failed ? SSE_TOO_LONG : 0;
		}
		s->skip_lf = cr != NULL;
		at = stop + 1;
		int result = end_line(s, part);
		if (result != 0)
			return result;
	}
	return 0;
}

int sse_end(struct sse *s)
{
	int result = s->line.len > 0 ? end_line(s, (struct str){ "", 0 }) : 0;
	if (result == 0)
		result = dispatch(s);
	sse_clear(s);
	return result;
}
