/* SPDX-License-Identifier: MIT */
/*
 * Where to cut text for the eye.  It runs for every piece of every answer, so plain
 * ASCII, which is most of it, is looked at byte by byte; the rest asks libunistring.
 */
#include "config.h"

#include "translate/pace.h"

#include <unigbrk.h>

enum { BLANK = 1, CLOSING = 2, OPENING = 4, CR = 8 };

static const uint8_t kinds[256] = {
	[' '] = BLANK,	 ['\t'] = BLANK,  ['\n'] = BLANK,  ['\r'] = BLANK | CR,
	['.'] = CLOSING, [','] = CLOSING, [';'] = CLOSING, [':'] = CLOSING,
	['!'] = CLOSING, ['?'] = CLOSING, [')'] = CLOSING, [']'] = CLOSING,
	['}'] = CLOSING, ['('] = OPENING, ['['] = OPENING, ['{'] = OPENING,
};

/* Is the place between characters of these kinds a good one? */
static bool is_good(uint8_t before, uint8_t after)
{
	return (before & CLOSING) || (after & OPENING) ||
	       ((before & BLANK) && !(after & BLANK));
}

/* The next piece of text that is longer than max bytes; 0 when it is not plain ASCII. */
static size_t next_ascii(const unsigned char *text, size_t max)
{
	size_t cut = max;
	uint8_t before = 0;
	for (size_t at = 0; at <= max; at++) {
		uint8_t kind = kinds[text[at]];
		if (text[at] >= 0x80 || (kind & CR)) /* CR LF is one character */
			return 0;
		if (at > 0 && is_good(before, kind))
			cut = at;
		before = kind;
	}
	return cut;
}

/* One half of a flag: a regional indicator, U+1F1E6 to U+1F1FF, alone. */
static bool is_half_flag(const uint8_t *at, const uint8_t *next)
{
	return next - at == 4 && memcmp(at, "\xf0\x9f\x87", 3) == 0 && at[3] >= 0xa6;
}

static bool ends_with_joiner(const uint8_t *at, const uint8_t *next)
{
	return next - at > 3 && memcmp(next - 3, "\xe2\x80\x8d", 3) == 0;
}

/*
 * End of the character at at. libunistring 1.0 looks at two code points at a time and so
 * takes flags and joined emoji apart (UAX 29, GB11 and GB12).
 */
static const uint8_t *next_character(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *next = u8_grapheme_next(at, end);
	if (next < end && is_half_flag(at, next)) {
		const uint8_t *second = u8_grapheme_next(next, end);
		if (is_half_flag(next, second))
			next = second;
	}
	while (next < end && ends_with_joiner(at, next))
		next = u8_grapheme_next(next, end);
	return next;
}

/* The kind of a whole character; what has accents is a letter. */
static uint8_t kind_of(const uint8_t *at, const uint8_t *next)
{
	return next - at == 1 || (kinds[*at] & CR) ? kinds[*at] : 0;
}

static size_t next_unicode(const uint8_t *text, size_t len, unsigned max_chars)
{
	const uint8_t *end = text + len, *at = text, *cut = NULL;
	uint8_t before = 0;
	for (unsigned count = 0;; count++) {
		const uint8_t *next = next_character(at, end);
		uint8_t kind = kind_of(at, next);
		if (count > 0 && is_good(before, kind))
			cut = at;
		if (count == max_chars)
			return (size_t)((cut ? cut : at) - text);
		if (next == end)
			return len;
		before = kind;
		at = next;
	}
}

size_t pace_next(struct str text, unsigned max_chars)
{
	if (max_chars == 0 || text.len <= max_chars)
		return text.len;
	const unsigned char *bytes = (const unsigned char *)text.ptr;
	size_t len = next_ascii(bytes, max_chars);
	return len > 0 ? len : next_unicode(bytes, text.len, max_chars);
}
