/* SPDX-License-Identifier: MIT */
/* Few sequences, each short: a plain comparison at each byte that could begin one. */
#include "config.h"

#include "translate/stops.h"

enum { HELD_MAX = 64 << 20 }; /* a sequence is no longer than a request */

void stops_init(struct stops *s, const struct str *list, size_t count, struct pool *p)
{
	*s = (struct stops){ .list = list, .count = count };
	if (count > 0)
		s->held = pool_buf(p, HELD_MAX);
}

/* What a look at the held text has found. */
struct found {
	const struct str *stop; /* the sequence that is complete first */
	size_t at, end;		/* its place */
	size_t begun;		/* where the text ends inside one; its length: nowhere */
};

static void look_at(const struct stops *s, size_t at, struct found *f)
{
	struct str text = { s->held->data + at, s->held->len - at };

	for (size_t i = 0; i < s->count; i++) {
		struct str stop = s->list[i];
		size_t len = stop.len < text.len ? stop.len : text.len;

		if (memcmp(stop.ptr, text.ptr, len) != 0)
			continue;
		if (len < stop.len) {
			if (at < f->begun)
				f->begun = at;
		} else if (at + len < f->end) {
			f->stop = &s->list[i];
			f->at = at;
			f->end = at + len;
		}
	}
}

static void pass(struct stops *s, size_t len, stops_piece_fn *piece, void *context)
{
	if (len > 0)
		piece(context, (struct str){ s->held->data, len });
	buf_drop(s->held, len);
}

void stops_feed(struct stops *s, struct str text, stops_piece_fn *piece, void *context)
{
	struct found f = { .end = SIZE_MAX };

	if (s->matched)
		return;
	if (s->count == 0) {
		piece(context, text);
		return;
	}
	buf_adds(s->held, text);
	f.begun = s->held->len;
	for (size_t at = 0; at < s->held->len && at < f.end; at++)
		look_at(s, at, &f);
	s->matched = f.stop;
	pass(s, f.stop ? f.at : f.begun, piece, context);
	if (f.stop)
		buf_clear(s->held);
}

void stops_end(struct stops *s, stops_piece_fn *piece, void *context)
{
	if (s->count > 0 && !s->matched)
		pass(s, s->held->len, piece, context);
}
