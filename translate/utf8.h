/* SPDX-License-Identifier: MIT */
/*
 * One step through UTF-8 text, for the places that look at every character (writing JSON,
 * counting, cutting) and would spend most of their time in a call.  Well-formed means
 * The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above
 * U+10FFFF.
 */
#ifndef NIM_TRANSLATE_UTF8_H
#define NIM_TRANSLATE_UTF8_H

#include "translate/str.h"

static inline bool utf8_is_tail(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/*
 * Length of the character at text, which has left > 0 bytes: 1 to 4.  0 when no
 * well-formed one stands there; *wrong is then the length of the maximal wrong part (a
 * beginning that could have become a character, or one byte; the three bytes of an
 * encoded surrogate are one part).
 */
static inline size_t utf8_step(const char *text, size_t left, size_t *wrong)
{
	const unsigned char *p = (const unsigned char *)text;
	if (p[0] < 0x80)
		return 1;
	*wrong = 1;
	size_t want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < 2)
		return 0;
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	bool is_surrogate = p[0] == 0xed && p[1] >= 0xa0;
	for (size_t i = 2; i < want; i++) {
		if (i == left || !utf8_is_tail(p[i])) {
			*wrong = i;
			return 0;
		}
	}
	if (is_surrogate) {
		*wrong = 3;
		return 0;
	}
	return want;
}

/* The code point of the well-formed character of len bytes at text. */
static inline uint32_t utf8_point(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	if (len == 1)
		return p[0];
	uint32_t point = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		point = point << 6 | (p[i] & 0x3fu);
	return point;
}

#endif
