/* SPDX-License-Identifier: MIT */
/* Slices: comparing, trimming, reading numbers. */
#include "config.h"

#include "translate/str.h"

#include "tests/unit/unit.h"

static const struct {
	const char *a, *b;
	bool is_equal, contains;
} nocase[] = {
	{ "", "", true, true },
	{ "Content-Length", "content-LENGTH", true, true },
	{ "abc", "abd", false, false },
	{ "abc", "ab", false, true },
	{ "ab", "abc", false, false },
	{ "xxBearer yy", "bearer", false, true },
	{ "aab", "AB", false, true },
	{ "[", "{", false, false }, /* differ by the bit that differs in letters */
	{ "\xc3\x84", "\xc3\xa4", false, false },
};

START_TEST(compares_ascii_without_case)
{
	struct str a = str_of(nocase[_i].a), b = str_of(nocase[_i].b);
	ck_assert(str_eq_nocase(a, b) == nocase[_i].is_equal);
	ck_assert(str_contains_nocase(a, b) == nocase[_i].contains);
}
END_TEST

static const struct {
	const char *in, *out;
} trims[] = {
	{ "", "" },	  { " \t\r\n", "" }, { "a", "a" }, { " a b\r\n", "a b" },
	{ "\va", "\va" },
};

START_TEST(trims_blanks_at_both_ends)
{
	struct str out = str_trim(str_of(trims[_i].in));
	ck_assert(str_eq(out, str_of(trims[_i].out)));
}
END_TEST

static const struct {
	const char *in;
	uint64_t max;
	int result;
	uint64_t out;
} numbers[] = {
	{ "0", 0, 0, 0 },
	{ "1", 0, -1, 7 },
	{ "007", 9, 0, 7 },
	{ "65535", 65535, 0, 65535 },
	{ "65536", 65535, -1, 7 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -1, 7 },
	{ "99999999999999999999999999", UINT64_MAX, -1, 7 },
	{ "", 9, -1, 7 },
	{ "+1", 9, -1, 7 },
	{ "-1", 9, -1, 7 },
	{ " 1", 9, -1, 7 },
	{ "1 ", 9, -1, 7 },
	{ "1a", 99, -1, 7 },
	{ "0x1", 99, -1, 7 },
};

START_TEST(reads_whole_decimal_numbers_up_to_max)
{
	uint64_t out = 7;
	int result = str_to_u64(str_of(numbers[_i].in), numbers[_i].max, &out);
	ck_assert_int_eq(result, numbers[_i].result);
	ck_assert_uint_eq(out, numbers[_i].out);
}
END_TEST

START_TEST(prefix_and_equality_take_empty_slices)
{
	struct str none = { NULL, 0 };
	ck_assert(str_eq(none, STR("")));
	ck_assert(str_is_empty(none));
	ck_assert(str_has_prefix(STR("abc"), none));
	ck_assert(str_has_prefix(STR("abc"), STR("abc")));
	ck_assert(!str_has_prefix(STR("ab"), STR("abc")));
	ck_assert(!str_eq(STR("ab"), STR("abc")));
	ck_assert_uint_eq(str_of(NULL).len, 0);
	ck_assert_uint_eq(str_trim(none).len, 0);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("str");
	TCase *tcase = tcase_create("str");
	tcase_add_loop_test(tcase, compares_ascii_without_case, 0, COUNT(nocase));
	tcase_add_loop_test(tcase, trims_blanks_at_both_ends, 0, COUNT(trims));
	tcase_add_loop_test(tcase, reads_whole_decimal_numbers_up_to_max, 0,
			    COUNT(numbers));
	tcase_add_test(tcase, prefix_and_equality_take_empty_slices);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
