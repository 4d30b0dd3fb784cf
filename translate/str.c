/* SPDX-License-Identifier: MIT */
/*
 * Slices compared, trimmed and read as numbers.  ASCII only and without the locale: field
 * names, schemes and lengths mean the same everywhere.
 */
#include "config.h"

#include "translate/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len && equal_nocase(a.ptr, b.ptr, a.len);
}

bool str_contains_nocase(struct str s, struct str needle)
{
	for (size_t at = 0; at + needle.len <= s.len; at++)
		if (needle.len == 0 || equal_nocase(s.ptr + at, needle.ptr, needle.len))
			return true;
	return false;
}

int str_compare(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int difference = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return difference ? difference : (a.len > b.len) - (a.len < b.len);
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

int str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	if (s.len == 0)
		return -1;
	uint64_t number = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');
		if (digit > max || number > (max - digit) / 10)
			return -1;
		number = number * 10 + digit;
	}
	*out = number;
	return 0;
}
