/* SPDX-License-Identifier: MIT */
/*
 * Strings as models write them: mostly right, sometimes with a raw line feed, a backslash
 * too few or half a character.
 */
#include "config.h"

#include "translate/args_text.h"

#include "translate/jput.h"
#include "translate/utf8.h"

enum { ESCAPE_LEN = 6 }; /* \u0041 */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static enum args_text settle(struct args *a, struct buf *to, size_t len,
			     enum args_text result)
{
	buf_add(to, a->part, len);
	a->part_len = 0;
	return result;
}

/* Behind a backslash. */
static enum args_text step_escape(struct args *a, char c, bool is_name, struct buf *to)
{
	const bool is_first = a->part_len == 1;
	if (is_first ? c == 'u' : is_hex(c)) {
		a->part[a->part_len++] = c;
		if (a->part_len < ESCAPE_LEN)
			return ARGS_TEXT_USED;
		if (is_name && memcmp(a->part + 2, "0000", 4) == 0)
			return ARGS_TEXT_BROKEN; /* jcheck refuses it when it comes back
						  */
		return settle(a, to, ESCAPE_LEN, ARGS_TEXT_USED);
	}
	if (is_first && c != '\0' && strchr("\"\\/bfnrt", c)) {
		a->part[1] = c;
		return settle(a, to, 2, ARGS_TEXT_USED);
	}
	a->repairs |= ARGS_ESCAPED;
	if (is_first && c == '\'') /* elsewhere \' is an escape: for the quote alone */
		return settle(a, to, 0, ARGS_TEXT_AGAIN);
	buf_addc(to, '\\');
	return settle(a, to, a->part_len, ARGS_TEXT_AGAIN);
}

/* Inside a character of several bytes. */
static enum args_text step_character(struct args *a, char c, struct buf *to)
{
	size_t wrong = 0;
	a->part[a->part_len++] = c;
	size_t len = utf8_step(a->part, a->part_len, &wrong);
	if (len > 0)
		return settle(a, to, len, ARGS_TEXT_USED);
	bool is_surrogate = wrong == 3 && a->part[0] == '\xed';
	if (wrong == a->part_len && !is_surrogate)
		return ARGS_TEXT_USED; /* may still become one */
	a->repairs |= ARGS_ESCAPED;
	buf_lit(to, "\xef\xbf\xbd");
	return settle(a, to, 0, is_surrogate ? ARGS_TEXT_USED : ARGS_TEXT_AGAIN);
}

enum args_text args_text_step(struct args *a, char c, bool is_name, struct buf *to)
{
	if (a->part_len > 0 && a->part[0] == '\\')
		return step_escape(a, c, is_name, to);
	if (a->part_len > 0)
		return step_character(a, c, to);
	if (c == '\\' || (unsigned char)c >= 0x80) {
		a->part[a->part_len++] = c;
		return ARGS_TEXT_USED;
	}
	if (c == '\0' && is_name)
		return ARGS_TEXT_BROKEN;
	if ((unsigned char)c < 0x20)
		a->repairs |= ARGS_ESCAPED;
	jput_escaped(to, (struct str){ &c, 1 });
	return ARGS_TEXT_USED;
}

size_t args_text_run(struct str rest, struct buf *to)
{
	size_t at = 0, wrong;
	while (at < rest.len && (unsigned char)rest.ptr[at] >= 0x20 &&
	       rest.ptr[at] != '"' && rest.ptr[at] != '\\') {
		size_t len = utf8_step(rest.ptr + at, rest.len - at, &wrong);
		if (len == 0)
			break;
		at += len;
	}
	buf_add(to, rest.ptr, at);
	return at;
}
