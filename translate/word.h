/* SPDX-License-Identifier: MIT */
/*
 * Eight bytes of text at a time, as one word.  The tests "is zero" and "is below n" on
 * all bytes of a word at once can err only above a byte that was found rightly (a borrow
 * runs upwards), so the first hit is exact.
 */
#ifndef NIM_TRANSLATE_WORD_H
#define NIM_TRANSLATE_WORD_H

#include <stdint.h>
#include <string.h>

#define WORD_ONES 0x0101010101010101u
#define WORD_TOPS 0x8080808080808080u

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORD_ORDERED(word) __builtin_bswap64(word)
#else
#define WORD_ORDERED(word) (word)
#endif

/* The word at that place, its first byte lowest. */
static inline uint64_t word_at(const void *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return WORD_ORDERED(word);
}

/* Which byte the first of the marks (top bits) belongs to; marks is not 0. */
static inline unsigned word_first(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks) / 8;
}

/* The top bit of each byte that is ", \ or below 0x20. Bytes from 0x80 on are not marked.
 */
static inline uint64_t word_marks(uint64_t word)
{
	uint64_t quote = word ^ WORD_ONES * '"', backslash = word ^ WORD_ONES * '\\';

	return (((word - WORD_ONES * 0x20) & ~word) | ((quote - WORD_ONES) & ~quote) |
		((backslash - WORD_ONES) & ~backslash)) &
	       WORD_TOPS;
}

#endif
