/* SPDX-License-Identifier: MIT */
/*
 * The scan that every JSON text from outside passes before json-c builds a tree of it.
 * One loop, no recursion, one bit of memory for each level.
 */
#include "config.h"

#include "translate/jcheck.h"

#include <assert.h>
#include <unistr.h>

#include "translate/word.h"

struct scan {
	const unsigned char *at, *end;
	const char *reason; /* set when something is wrong at at */
	uint64_t is_object; /* one bit for each open level, the innermost lowest */
	unsigned depth;
	unsigned nodes;
};

static_assert(JCHECK_DEPTH == 64,
	      "a level is a bit of is_object; the number is in a message");
static_assert(JCHECK_NODES == 200000, "the number is in a message");

/* What may stand next. */
enum expect { VALUE, VALUE_OR_END, NAME, NAME_OR_END, COMMA_OR_END, DONE };

static bool fail(struct scan *s, const char *reason)
{
	s->reason = reason;
	return false;
}

static bool count_node(struct scan *s)
{
	if (++s->nodes > JCHECK_NODES)
		return fail(s, "more than 200000 values and names");
	return true;
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static const bool short_escapes[256] = {
	['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
	['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
};

/* At a backslash. */
static bool scan_escape(struct scan *s, bool is_name)
{
	if (s->end - s->at < 2)
		return fail(s, "string without an end");
	unsigned char kind = s->at[1];
	if (kind != 'u') {
		if (!short_escapes[kind])
			return fail(s, "unknown escape");
		s->at += 2;
		return true;
	}
	unsigned unit = 0;
	for (int i = 2; i < 6; i++) {
		int digit = i < s->end - s->at ? hex_digit(s->at[i]) : -1;
		if (digit < 0)
			return fail(s, "\\u without four hexadecimal digits");
		unit = unit << 4 | (unsigned)digit;
	}
	if (unit == 0 && is_name)
		return fail(s, "NUL in a name");
	s->at += 6;
	return true;
}

/* Passes over bytes that need no look of their own, eight at a time. */
static void skip_plain(struct scan *s)
{
	for (; s->end - s->at >= 8; s->at += 8) {
		uint64_t marks = word_marks(word_at(s->at));
		if (marks) {
			s->at += word_first(marks);
			return;
		}
	}
	while (s->at < s->end && *s->at >= 0x20 && *s->at != '"' && *s->at != '\\')
		s->at++;
}

/* At the opening quote. */
static bool scan_string(struct scan *s, bool is_name)
{
	for (s->at++;;) {
		skip_plain(s);
		if (s->at == s->end)
			return fail(s, "string without an end");
		if (*s->at == '"') {
			s->at++;
			return true;
		}
		if (*s->at < 0x20)
			return fail(s, "control character in a string");
		do { /* escapes stand in rows: \n\n, \u6f22\u5b57 */
			if (!scan_escape(s, is_name))
				return false;
		} while (s->at < s->end && *s->at == '\\');
	}
}

static bool scan_digits(struct scan *s)
{
	const unsigned char *start = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

/* RFC 8259 §6: [ minus ] int [ frac ] [ exp ] */
static bool scan_number(struct scan *s)
{
	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0')
		s->at++;
	else if (!scan_digits(s))
		return fail(s, "digit missing");
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!scan_digits(s))
			return fail(s, "digit missing");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!scan_digits(s))
			return fail(s, "digit missing");
	}
	return true;
}

static bool scan_word(struct scan *s, struct str word)
{
	if ((size_t)(s->end - s->at) < word.len || memcmp(s->at, word.ptr, word.len) != 0)
		return fail(s, "unknown word");
	s->at += word.len;
	return true;
}

static bool open_level(struct scan *s, bool is_object)
{
	if (s->depth == JCHECK_DEPTH)
		return fail(s, "depth above 64");
	s->is_object = s->is_object << 1 | is_object;
	s->depth++;
	s->at++;
	return true;
}

static enum expect after_value(const struct scan *s)
{
	return s->depth == 0 ? DONE : COMMA_OR_END;
}

static bool scan_value(struct scan *s, enum expect *next)
{
	bool is_fine;
	if (!count_node(s))
		return false;
	*next = after_value(s);
	switch (*s->at) {
	case '{':
		*next = NAME_OR_END;
		return open_level(s, true);
	case '[':
		*next = VALUE_OR_END;
		return open_level(s, false);
	case '"':
		return scan_string(s, false);
	case 't':
		is_fine = scan_word(s, STR("true"));
		break;
	case 'f':
		is_fine = scan_word(s, STR("false"));
		break;
	case 'n':
		is_fine = scan_word(s, STR("null"));
		break;
	default:
		if (*s->at != '-' && (*s->at < '0' || *s->at > '9'))
			return fail(s, "value missing");
		is_fine = scan_number(s);
	}
	return is_fine;
}

/* A name with its colon. */
static bool scan_name(struct scan *s, enum expect *next)
{
	if (*s->at != '"')
		return fail(s, "name missing");
	if (!count_node(s) || !scan_string(s, true))
		return false;
	skip_blanks(s);
	if (s->at == s->end || *s->at != ':')
		return fail(s, "colon missing");
	s->at++;
	*next = VALUE;
	return true;
}

/* Ends the innermost level when its bracket stands here. */
static bool close_level(struct scan *s, enum expect *next)
{
	if (*s->at != (s->is_object & 1 ? '}' : ']'))
		return false;
	s->at++;
	s->is_object >>= 1;
	s->depth--;
	*next = after_value(s);
	return true;
}

static bool scan_comma(struct scan *s, enum expect *next)
{
	if (*s->at != ',')
		return fail(s, "comma or closing bracket missing");
	s->at++;
	*next = s->is_object & 1 ? NAME : VALUE;
	return true;
}

static bool step(struct scan *s, enum expect *next)
{
	switch (*next) {
	case VALUE_OR_END:
		return close_level(s, next) || scan_value(s, next);
	case VALUE:
		return scan_value(s, next);
	case NAME_OR_END:
		return close_level(s, next) || scan_name(s, next);
	case NAME:
		return scan_name(s, next);
	case COMMA_OR_END:
		return close_level(s, next) || scan_comma(s, next);
	case DONE:
		break;
	}
	return fail(s, "text behind the value");
}

static bool scan_text(struct scan *s)
{
	enum expect next = VALUE;
	for (;;) {
		skip_blanks(s);
		if (s->at == s->end)
			return next == DONE || fail(s, "text ends too early");
		if (!step(s, &next))
			return false;
	}
}

/* The first byte that is not UTF-8, or NULL. libunistring sees only what is not ASCII. */
static const uint8_t *find_invalid(const uint8_t *at, const uint8_t *end)
{
	while (end - at >= 8) {
		if (word_at(at) & WORD_TOPS)
			break;
		at += 8;
	}
	return u8_check(at, (size_t)(end - at));
}

int jcheck(struct str text, struct jcheck_error *error)
{
	const unsigned char *start = (const unsigned char *)text.ptr;
	if (text.len == 0) {
		*error = (struct jcheck_error){ "text ends too early", 0 };
		return -1;
	}
	const unsigned char *wrong = find_invalid(start, start + text.len);
	if (wrong) {
		*error = (struct jcheck_error){ "not UTF-8", (size_t)(wrong - start) };
		return -1;
	}
	struct scan s = { .at = start, .end = start + text.len };
	if (scan_text(&s))
		return 0;
	*error = (struct jcheck_error){ s.reason, (size_t)(s.at - start) };
	return -1;
}
