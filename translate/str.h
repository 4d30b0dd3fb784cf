/* SPDX-License-Identifier: MIT */
/*
 * A slice of bytes: where it starts and how long it is.  Text from outside never
 * ends with NUL here, so length travels with the pointer everywhere.
 *
 * A slice owns nothing: the bytes belong to whoever made them (a pool, a buffer, a
 * json root) and must outlive the slice.  ptr may be NULL when len is 0.
 */
#ifndef NIM_TRANSLATE_STR_H
#define NIM_TRANSLATE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal. */
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

/* For printf: "%.*s", STR_ARG(s).  Only for slices known to be short. */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_of(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is_empty(struct str s)
{
	return s.len == 0;
}

static inline bool str_has_prefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* For sorting: below, equal to or above 0, by bytes; what is shorter comes first. */
int str_compare(struct str a, struct str b);
/* ASCII only, as field names and schemes are compared. */
bool str_eq_nocase(struct str a, struct str b);
/* True when needle stands somewhere in s, ASCII letters compared without case. */
bool str_contains_nocase(struct str s, struct str needle);
/* s without blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);
/*
 * The whole of s as a decimal number without sign, at most max.
 * Returns 0 and *out, or -1 when s is empty, has another byte or is above max.
 */
int str_to_u64(struct str s, uint64_t max, uint64_t *out);

#endif
