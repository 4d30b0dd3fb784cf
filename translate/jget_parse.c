/* SPDX-License-Identifier: MIT */
/*
 * Text to tree.  json-c turns an integer above 64 bits into the largest it knows, in
 * silence; a tool's argument would go upstream as another number.  Such an integer is fed
 * to it with an exponent of nothing behind it: then it is a double, which keeps the text
 * it was read with.
 */
#include "config.h"

#include "translate/jget.h"

#include <limits.h>

#include "translate/jcheck.h"

enum { DIGITS_LONG = 19 }; /* shorter integers fit into 64 bits */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether so many digits stand in a row anywhere; looks at one byte in nineteen. */
static bool has_long_digits(struct str text)
{
	for (size_t i = DIGITS_LONG - 1; i < text.len; i += DIGITS_LONG) {
		size_t from = i, to = i;

		if (!is_digit(text.ptr[i]))
			continue;
		while (from > 0 && is_digit(text.ptr[from - 1]))
			from--;
		while (to < text.len && is_digit(text.ptr[to]))
			to++;
		if (to - from >= DIGITS_LONG)
			return true;
		i = to > i ? to - 1 : i;
	}
	return false;
}

/* Digits without a leading zero: above what json-c's integers hold? */
static bool is_huge(struct str digits, bool is_negative)
{
	struct str most =
		is_negative ? STR("9223372036854775808") : STR("18446744073709551615");

	if (digits.len != most.len)
		return digits.len > most.len;
	return memcmp(digits.ptr, most.ptr, most.len) > 0;
}

/* Where the string that begins at at ends: behind its closing quote. */
static size_t skip_string(struct str text, size_t at)
{
	for (at++; at < text.len && text.ptr[at] != '"'; at++)
		at += text.ptr[at] == '\\';
	return at + 1;
}

/* The end of the next huge integer from at on, or the end of text. */
static size_t next_huge(struct str text, size_t at)
{
	while (at < text.len) {
		size_t start = at;
		bool is_negative = at > 0 && text.ptr[at - 1] == '-';

		if (text.ptr[at] == '"') {
			at = skip_string(text, at);
			continue;
		}
		while (at < text.len && is_digit(text.ptr[at]))
			at++;
		if (at == start) {
			at++;
			continue;
		}
		if (at < text.len && strchr(".eE", text.ptr[at]) && text.ptr[at]) {
			while (at < text.len && strchr("0123456789.eE+-", text.ptr[at]) &&
			       text.ptr[at])
				at++;
			continue; /* a double: json-c keeps its text */
		}
		if (is_huge((struct str){ text.ptr + start, at - start }, is_negative))
			return at;
	}
	return text.len;
}

static struct json_object *feed_spelled(struct json_tokener *tokener, struct str text)
{
	struct json_object *root = NULL;

	for (size_t at = 0; at < text.len && !root;) {
		size_t end = next_huge(text, at);

		root = json_tokener_parse_ex(tokener, text.ptr + at, (int)(end - at));
		if (!root && end < text.len)
			root = json_tokener_parse_ex(tokener, "e0", 2);
		at = end;
	}
	return root;
}

struct json_object *jget_parse(struct str text)
{
	struct json_tokener *tokener;
	struct json_object *root;

	if (text.len > INT_MAX)
		return NULL;
	/* json-c counts a scalar in the innermost level, and the end, as levels too */
	tokener = json_tokener_new_ex(JCHECK_DEPTH + 2);
	if (!tokener)
		return NULL;
	root = has_long_digits(text)
		       ? feed_spelled(tokener, text)
		       : json_tokener_parse_ex(tokener, text.ptr, (int)text.len);
	/* a number at the end of the text might go on: a blank says that it doesn't */
	if (!root && json_tokener_get_error(tokener) == json_tokener_continue)
		root = json_tokener_parse_ex(tokener, "\n", 1);
	json_tokener_free(tokener);
	return root;
}
