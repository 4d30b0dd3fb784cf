/* SPDX-License-Identifier: MIT */
/*
 * Think tags in answer text.  A tag that is whole in one feed is seen where it stands;
 * only a beginning at the end of a feed is copied and held back.
 */
#include "config.h"

#include "translate/think.h"

static const struct str open_tag = { "<think>", 7 };
static const struct str close_tag = { "</think>", 8 };

enum match { MATCH_NONE, MATCH_BEGINNING, MATCH_OPEN, MATCH_CLOSE };

struct out {
	think_piece_fn *piece;
	void *context;
};

void think_init(struct think *t)
{
	*t = (struct think){ .is_inside = false };
}

static void deliver(const struct think *t, const struct out *out, const char *text,
		    size_t len)
{
	if (len > 0)
		out->piece(out->context, t->is_inside, (struct str){ text, len });
}

/* A run of backticks is over. */
static void end_ticks(struct think *t)
{
	size_t run = t->ticks;
	t->ticks = 0;
	if (run == 0)
		return;
	if (t->fence > 0)
		t->fence = run >= t->fence ? 0 : t->fence;
	else if (t->span > 0)
		t->span = run == t->span ? 0 : t->span;
	else if (run >= 3)
		t->fence = run;
	else
		t->span = run;
}

/* text begins with <. Which tag that counts here is it, or can it become? */
static enum match match_tag(const struct think *t, struct str text)
{
	bool wants_open = !t->is_inside && t->fence == 0 && t->span == 0;
	bool wants_close = t->is_inside || (wants_open && !t->has_tag);
	if (wants_open && str_has_prefix(text, open_tag))
		return MATCH_OPEN;
	if (wants_close && str_has_prefix(text, close_tag))
		return MATCH_CLOSE;
	if ((wants_open && str_has_prefix(open_tag, text)) ||
	    (wants_close && str_has_prefix(close_tag, text)))
		return MATCH_BEGINNING;
	return MATCH_NONE;
}

static void pass_tag(struct think *t, enum match match)
{
	t->has_tag = true;
	t->is_inside = match == MATCH_OPEN;
	t->drop_newlines = match == MATCH_CLOSE;
	t->fence = t->span = t->ticks = 0;
}

/* Follows the code rules over one byte that is no tag. */
static void pass_byte(struct think *t, char c)
{
	if (t->is_inside)
		return;
	if (c == '`') {
		t->ticks++;
		return;
	}
	end_ticks(t);
	if (c == '\n')
		t->span = 0;
}

/* Adds bytes of text to a beginning that is held until it is decided; returns how many.
 */
static size_t settle_held(struct think *t, struct str text, const struct out *out)
{
	size_t at = 0;
	while (t->held_len > 0 && at < text.len) {
		t->held[t->held_len] = text.ptr[at];
		enum match match = match_tag(t, (struct str){ t->held, t->held_len + 1 });
		if (match == MATCH_NONE) {
			deliver(t, out, t->held, t->held_len);
			t->held_len = 0;
			break; /* the byte is looked at as any other */
		}
		t->held_len++;
		at++;
		if (match != MATCH_BEGINNING) {
			t->held_len = 0;
			pass_tag(t, match);
		}
	}
	return at;
}

void think_feed(struct think *t, struct str text, think_piece_fn *piece, void *context)
{
	const struct out out = { piece, context };
	size_t at = settle_held(t, text, &out);
	size_t start = at; /* from start to at: text not yet delivered */
	while (at < text.len) {
		char c = text.ptr[at];
		if (t->drop_newlines && c == '\n') {
			start = ++at;
			continue;
		}
		t->drop_newlines = false;
		pass_byte(t, c);
		if (c != '<') {
			at++;
			continue;
		}
		struct str rest = { text.ptr + at, text.len - at };
		enum match match = match_tag(t, rest);
		if (match == MATCH_NONE) {
			at++;
			continue;
		}
		deliver(t, &out, text.ptr + start, at - start);
		if (match == MATCH_BEGINNING) {
			memcpy(t->held, rest.ptr, rest.len);
			t->held_len = rest.len;
			return;
		}
		at += match == MATCH_OPEN ? open_tag.len : close_tag.len;
		start = at;
		pass_tag(t, match);
	}
	deliver(t, &out, text.ptr + start, at - start);
}

void think_end(struct think *t, think_piece_fn *piece, void *context)
{
	const struct out out = { piece, context };
	deliver(t, &out, t->held, t->held_len);
	t->held_len = 0;
}
