/* SPDX-License-Identifier: MIT */
/* A recursive descent without a tree; the names of open objects stand on a stack. */
#include "config.h"

#include "tests/fakenim/strict_json.h"

enum {
	DEPTH_MAX = 128,
	NAMES_MAX = 4096, /* of all open objects; further ones are not compared */
};

struct scan {
	const unsigned char *p, *end;
	const char *problem;
	int depth;
	size_t name_count;
	struct str names[NAMES_MAX];
};

static void scan_value(struct scan *s);

static bool fail(struct scan *s, const char *problem)
{
	if (!s->problem)
		s->problem = problem;
	return false;
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end &&
	       (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, unsigned char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* Four hex digits, or -1. */
static int hex4(struct scan *s)
{
	int value = 0;

	if (s->end - s->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned char c = *s->p++;

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

static void scan_escape(struct scan *s)
{
	int unit;

	if (s->p == s->end) {
		fail(s, "EOF while parsing a string");
	} else if (*s->p != 'u') {
		if (!memchr("\"\\/bfnrt", *s->p, 8))
			fail(s, "invalid escape");
		s->p++;
	} else {
		s->p++;
		unit = hex4(s);
		if (unit < 0)
			fail(s, "invalid escape");
		else if (unit >= 0xdc00 && unit <= 0xdfff)
			fail(s, "lone trailing surrogate in hex escape");
		else if (unit >= 0xd800 && unit <= 0xdbff) {
			if (!take(s, '\\') || !take(s, 'u'))
				fail(s, "unexpected end of hex escape");
			else if ((unit = hex4(s)) < 0xdc00 || unit > 0xdfff)
				fail(s, "lone leading surrogate in hex escape");
		}
	}
}

/* One UTF-8 sequence (The Unicode Standard, table 3-7); *s->p is above 0x7f. */
static void scan_utf8(struct scan *s)
{
	unsigned char c = *s->p;
	size_t more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;

	if (c < 0xc2 || c > 0xf4 || (size_t)(s->end - s->p) <= more || s->p[1] < low ||
	    s->p[1] > high) {
		fail(s, "invalid UTF-8");
		return;
	}
	for (size_t i = 2; i <= more; i++)
		if ((s->p[i] & 0xc0) != 0x80)
			fail(s, "invalid UTF-8");
	s->p += more + 1;
}

static struct str scan_string(struct scan *s)
{
	const unsigned char *from = s->p;

	while (!s->problem) {
		if (s->p == s->end) {
			fail(s, "EOF while parsing a string");
		} else if (*s->p == '"') {
			s->p++;
			return (struct str){ (const char *)from,
					     (size_t)(s->p - 1 - from) };
		} else if (*s->p == '\\') {
			s->p++;
			scan_escape(s);
		} else if (*s->p < 0x20) {
			fail(s, "control character while parsing a string");
		} else if (*s->p < 0x80) {
			s->p++;
		} else {
			scan_utf8(s);
		}
	}
	return (struct str){ NULL, 0 };
}

static bool scan_digits(struct scan *s)
{
	const unsigned char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from || fail(s, "invalid number");
}

static void scan_number(struct scan *s)
{
	(void)take(s, '-');
	if (!take(s, '0') && !scan_digits(s))
		return;
	if (take(s, '.'))
		scan_digits(s);
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			(void)take(s, '-');
		scan_digits(s);
	}
}

static void scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(s->end - s->p) >= len && memcmp(s->p, words[i], len) == 0) {
			s->p += len;
			return;
		}
	}
	fail(s, "expected value");
}

static void keep_name(struct scan *s, size_t first, struct str name)
{
	for (size_t i = first; i < s->name_count; i++)
		if (str_eq(s->names[i], name))
			fail(s, "duplicate field");
	if (s->name_count < NAMES_MAX)
		s->names[s->name_count++] = name;
}

static void scan_object(struct scan *s)
{
	size_t first = s->name_count;
	bool is_first = true;

	skip_blanks(s);
	while (!s->problem && !take(s, '}')) {
		if (!is_first && !take(s, ','))
			fail(s, "expected `,` or `}`");
		is_first = false;
		skip_blanks(s);
		if (!take(s, '"'))
			fail(s, "key must be a string");
		else
			keep_name(s, first, scan_string(s));
		skip_blanks(s);
		if (!take(s, ':'))
			fail(s, "expected `:`");
		scan_value(s);
		skip_blanks(s);
	}
	s->name_count = first;
}

static void scan_array(struct scan *s)
{
	bool is_first = true;

	skip_blanks(s);
	while (!s->problem && !take(s, ']')) {
		if (!is_first && !take(s, ','))
			fail(s, "expected `,` or `]`");
		is_first = false;
		scan_value(s);
		skip_blanks(s);
	}
}

static void scan_value(struct scan *s)
{
	skip_blanks(s);
	if (s->problem)
		return;
	if (s->p == s->end)
		fail(s, "EOF while parsing a value");
	else if (++s->depth > DEPTH_MAX)
		fail(s, "recursion limit exceeded");
	else if (take(s, '{'))
		scan_object(s);
	else if (take(s, '['))
		scan_array(s);
	else if (take(s, '"'))
		(void)scan_string(s);
	else if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
		scan_number(s);
	else
		scan_word(s);
	s->depth--;
}

const char *strict_json(struct str text, size_t *at)
{
	const unsigned char *bytes = (const unsigned char *)text.ptr;
	static __thread struct scan s;

	s.p = bytes;
	s.end = bytes + text.len;
	s.problem = NULL;
	s.depth = 0;
	s.name_count = 0;
	scan_value(&s);
	skip_blanks(&s);
	if (!s.problem && s.p != s.end)
		fail(&s, "trailing characters");
	*at = (size_t)(s.p - bytes);
	return s.problem;
}
