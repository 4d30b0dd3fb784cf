/* SPDX-License-Identifier: MIT */
/*
 * A small JSON machine that never says anything it can't take back to a valid object:
 * what has gone out is always closed by a quote, if a string is open, and one bracket a
 * level.
 */
#include "config.h"

#include "translate/args.h"

#include <assert.h>

#include "translate/args_form.h"
#include "translate/args_text.h"
#include "translate/jcheck.h"

enum args_state {
	UNDECIDED,   /* nothing but blanks yet */
	COLLECTING,  /* not an object: decided at the end */
	NAME_OR_END, /* behind { */
	NAME,	     /* behind a comma */
	IN_NAME,
	COLON,
	VALUE_OR_END, /* behind [ */
	VALUE,
	IN_STRING,
	IN_SCALAR, /* a number or a word */
	COMMA_OR_END,
	DONE, /* the object is complete, or given up and closed */
};

static_assert(ARGS_DEPTH <= 64, "a level is a bit of in_object");

/* Words as models write them, and as JSON does. */
static const struct {
	struct str word, json;
} words[] = {
	{ { "true", 4 }, { "true", 4 } },   { { "false", 5 }, { "false", 5 } },
	{ { "null", 4 }, { "null", 4 } },   { { "True", 4 }, { "true", 4 } },
	{ { "False", 5 }, { "false", 5 } }, { { "None", 4 }, { "null", 4 } },
};

void args_init(struct args *a)
{
	*a = (struct args){ .state = UNDECIDED };
	buf_init(&a->held, ARGS_MAX);
}

void args_release(struct args *a)
{
	buf_release(&a->held);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_scalar(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       c == '-' || c == '+' || c == '.';
}

static void flush(struct args *a, struct buf *out)
{
	a->has_member |= a->depth > 0 && a->held.len > 0;
	buf_adds(out, buf_str(&a->held));
	buf_clear(&a->held);
}

/* Closes all that is open; what is held back is lost. */
static void close_all(struct args *a, struct buf *out)
{
	bool is_half = a->is_cut || a->state == IN_STRING;

	buf_clear(&a->held);
	a->part_len = 0;
	if (a->state == IN_STRING)
		buf_addc(out, '"');
	for (; a->depth > 0; a->depth--) {
		if (a->depth == 1 && is_half)
			buf_adds(out, a->has_member ? STR(",\"" ARGS_MARK "\":true")
						    : STR("\"" ARGS_MARK "\":true"));
		buf_addc(out, a->in_object & 1 ? '}' : ']');
		a->in_object >>= 1;
	}
	a->repairs |= ARGS_CLOSED;
	a->state = DONE;
}

static bool give_up(struct args *a, struct buf *out)
{
	a->repairs |= ARGS_DROPPED;
	close_all(a, out);
	return true;
}

static bool open_level(struct args *a, char c, struct buf *out)
{
	if (a->depth == ARGS_DEPTH)
		return give_up(a, out);
	flush(a, out);
	buf_addc(out, c);
	a->depth++;
	a->in_object = a->in_object << 1 | (c == '{');
	a->state = c == '{' ? NAME_OR_END : VALUE_OR_END;
	return true;
}

/* At a closing bracket; a comma in front of it is held and dropped. */
static bool close_level(struct args *a, char c, struct buf *out)
{
	if (c != (a->in_object & 1 ? '}' : ']'))
		return give_up(a, out);
	if (a->held.len > 0)
		a->repairs |= ARGS_DROPPED;
	buf_clear(&a->held);
	buf_addc(out, c);
	a->depth--;
	a->in_object >>= 1;
	a->state = a->depth > 0 ? COMMA_OR_END : DONE;
	return true;
}

/* Where text of the open string goes: names are held back, values are not. */
static struct buf *string_out(struct args *a, struct buf *out)
{
	return a->state == IN_NAME ? &a->held : out;
}

static bool step_string(struct args *a, char c, struct buf *out)
{
	struct buf *to = string_out(a, out);
	if (a->part_len == 0 && c == '"') {
		buf_addc(to, c);
		a->state = a->state == IN_NAME ? COLON : COMMA_OR_END;
		return true;
	}
	enum args_text result = args_text_step(a, c, a->state == IN_NAME, to);
	return result == ARGS_TEXT_BROKEN ? give_up(a, out) : result == ARGS_TEXT_USED;
}

static struct str scalar(const struct args *a)
{
	return (struct str){ a->held.data + a->scalar_at, a->held.len - a->scalar_at };
}

/* Writes a word in full and as JSON spells it. False: it is none. */
static bool complete_word(struct args *a, bool is_cut)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct str word = words[i].word;
		if (is_cut ? !str_has_prefix(word, scalar(a)) : !str_eq(word, scalar(a)))
			continue;
		buf_cut(&a->held, a->scalar_at);
		buf_adds(&a->held, words[i].json);
		return true;
	}
	return false;
}

/* A number or word is whole, or is_cut by the end of the text. False: it is neither. */
static bool end_scalar(struct args *a, bool is_cut, struct buf *out)
{
	struct jcheck_error error;
	if (!complete_word(a, is_cut)) {
		while (is_cut && scalar(a).len > 0 &&
		       strchr("+-.eE", a->held.data[a->held.len - 1]))
			buf_cut(&a->held, a->held.len - 1);
		if (jcheck(scalar(a), &error) != 0)
			return false;
	}
	if (a->held.has_failed)
		return false;
	flush(a, out);
	a->state = COMMA_OR_END;
	return true;
}

static bool step_value(struct args *a, char c, struct buf *out)
{
	if (c == '{' || c == '[')
		return open_level(a, c, out);
	if (c == ']' && !(a->in_object & 1))
		return close_level(a, c, out);
	if (c == '"') {
		flush(a, out);
		buf_addc(out, c);
		a->state = IN_STRING;
		return true;
	}
	if (!is_scalar(c))
		return give_up(a, out);
	a->scalar_at = a->held.len;
	a->state = IN_SCALAR;
	return false;
}

static bool step_name(struct args *a, char c, struct buf *out)
{
	if (c != '"')
		return close_level(a, c, out);
	buf_addc(&a->held, c);
	a->state = IN_NAME;
	return true;
}

static bool step_comma(struct args *a, char c, struct buf *out)
{
	if (c != ',')
		return close_level(a, c, out);
	buf_addc(&a->held, c);
	a->state = a->in_object & 1 ? NAME : VALUE;
	return true;
}

static bool step_colon(struct args *a, char c, struct buf *out)
{
	if (c != ':')
		return give_up(a, out);
	buf_addc(&a->held, c);
	a->state = VALUE;
	return true;
}

static bool step_start(struct args *a, char c, struct buf *out)
{
	if (is_blank(c))
		return true;
	if (c != '{') {
		a->state = COLLECTING;
		return false;
	}
	a->is_streaming = true;
	return open_level(a, c, out);
}

static bool step_scalar(struct args *a, char c, struct buf *out)
{
	if (is_scalar(c)) {
		buf_addc(&a->held, c);
		return true;
	}
	return end_scalar(a, false, out) ? false : give_up(a, out);
}

/* Takes one byte. False: look at it again, the state has changed. */
static bool step(struct args *a, char c, struct buf *out)
{
	if (a->held.has_failed && a->is_streaming && a->state != DONE)
		return give_up(a, out);
	if (is_blank(c) && (a->state >= NAME_OR_END && a->state != IN_NAME &&
			    a->state != IN_STRING && a->state != IN_SCALAR)) {
		if (a->state != DONE)
			buf_addc(a->held.len > 0 ? &a->held : out, c);
		return true;
	}
	switch ((enum args_state)a->state) {
	case UNDECIDED:
		return step_start(a, c, out);
	case COLLECTING:
		buf_addc(&a->held, c);
		return true;
	case NAME_OR_END:
	case NAME:
		return step_name(a, c, out);
	case COLON:
		return step_colon(a, c, out);
	case VALUE_OR_END:
	case VALUE:
		return step_value(a, c, out);
	case IN_NAME:
	case IN_STRING:
		return step_string(a, c, out);
	case IN_SCALAR:
		return step_scalar(a, c, out);
	case COMMA_OR_END:
		return step_comma(a, c, out);
	case DONE:
		a->repairs |= ARGS_DROPPED;
		return true;
	}
	return true;
}

void args_feed(struct args *a, struct str fragment, struct buf *out)
{
	const size_t before = out->len;
	if (a->is_streaming && a->state != DONE && fragment.len > ARGS_MAX - a->sent)
		(void)give_up(a, out);
	for (size_t at = 0; at < fragment.len;) {
		struct str rest = { fragment.ptr + at, fragment.len - at };
		if ((a->state == IN_STRING || a->state == IN_NAME) && a->part_len == 0)
			at += args_text_run(rest, string_out(a, out));
		if (at < fragment.len)
			at += step(a, fragment.ptr[at], out);
	}
	a->sent += out->len - before;
	if (a->sent > ARGS_MAX)
		a->sent = ARGS_MAX;
	a->has_passed = a->sent > 0;
}

/*
 * What was collected is unwrapped until an object appears, which then passes as if it
 * came now.
 */
static void end_form(struct args *a, struct buf *out)
{
	enum { LAYERS_MAX = 4 }; /* each costs a look at the whole text */
	struct buf text;
	buf_init(&text, ARGS_MAX);
	for (int layer = 0; layer < LAYERS_MAX; layer++) {
		if (!args_form_unwrap(buf_str(&a->held), &text, &a->repairs))
			break;
		struct buf outer = a->held;
		a->held = text;
		text = outer;
		buf_clear(&text);
	}
	struct str form = str_trim(buf_str(&a->held));
	if (a->held.has_failed) {
		a->repairs |= ARGS_DROPPED;
	} else if (str_has_prefix(form, STR("{"))) {
		buf_adds(&text, form);
		buf_clear(&a->held);
		a->state = UNDECIDED;
		args_feed(a, buf_str(&text), out);
	} else if (form.len > 0 && !str_eq(form, STR("null"))) {
		a->repairs |= ARGS_DROPPED;
	}
	buf_release(&text);
}

void args_end(struct args *a, struct buf *out)
{
	if (a->state == COLLECTING)
		end_form(a, out);
	const size_t before = out->len;
	if (!a->is_streaming)
		buf_lit(out, "{}");
	else if (a->state == IN_SCALAR)
		(void)end_scalar(a, true, out);
	if (a->is_streaming && a->state != DONE)
		close_all(a, out);
	a->state = DONE;
	a->sent += out->len - before;
	a->has_passed = true;
	buf_release(&a->held);
}
