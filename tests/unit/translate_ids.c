/* SPDX-License-Identifier: MIT */
/* Identifiers: their form, and that an upstream's tool id comes back byte for byte. */
#include "config.h"

#include "translate/ids.h"

#include "tests/unit/unit.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define T(literal)                                                                       \
	{                                                                                \
		(literal), sizeof(literal) - 1                                           \
	}

static const uint8_t zeros[IDS_RANDOM];
static const uint8_t ones[IDS_RANDOM] = { 255, 255, 255, 255, 255, 255, 255, 255,
					  255, 255, 255, 255, 255, 255, 255, 255 };
/* 61 and 62: the last digit of base 62, and the first number with two digits */
static const uint8_t sixty_one[IDS_RANDOM] = { [15] = 61 };
static const uint8_t sixty_two[IDS_RANDOM] = { [15] = 62 };

static const struct {
	const char *prefix;
	const uint8_t *random;
	const char *out;
} makes[] = {
	{ "req_", zeros, "req_010000000000000000000000" },
	{ "msg_", sixty_one, "msg_01000000000000000000000z" },
	{ "", sixty_two, "010000000000000000000010" },
	/* 2^128 - 1, by a calculator */
	{ "req_", ones, "req_017n42DGM5Tflk9n8mt7Fhc7" },
};

START_TEST(made_ids_hold_the_random_number)
{
	struct pool p;
	pool_init(&p, NULL);
	struct str id = ids_make(&p, str_of(makes[_i].prefix), makes[_i].random);
	ck_assert_str_eq(id.ptr, makes[_i].out);
	ck_assert_uint_eq(id.len, strlen(makes[_i].out));
	pool_release(&p);
}
END_TEST

#define ZEROS "toolu_nim0000000000000000"

/* base64url by RFC 4648, §10 and a calculator */
static const struct {
	struct str upstream;
	const char *client;
} carried[] = {
	{ T("f"), ZEROS "_Zg" },
	{ T("fo"), ZEROS "_Zm8" },
	{ T("foo"), ZEROS "_Zm9v" },
	{ T("foob"), ZEROS "_Zm9vYg" },
	{ T("functions.ls:0"), ZEROS "_ZnVuY3Rpb25zLmxzOjA" },
	{ T("\xff\xfe\xfb"), ZEROS "___77" },
	{ T("\0"), ZEROS "_AA" },
	{ T("toolu_nim0000000000000000_Zg"),
	  ZEROS "_dG9vbHVfbmltMDAwMDAwMDAwMDAwMDAwMF9aZw" },
};

START_TEST(an_upstream_id_travels_inside_ours)
{
	struct pool p;
	pool_init(&p, NULL);
	struct str id = ids_tool(&p, carried[_i].upstream, zeros);
	ck_assert_str_eq(id.ptr, carried[_i].client);
	ck_assert(str_eq(ids_tool_upstream(&p, id), carried[_i].upstream));
	pool_release(&p);
}
END_TEST

START_TEST(an_id_that_carries_none_stays)
{
	struct pool p;
	char long_id[IDS_UPSTREAM_MAX + 1];
	pool_init(&p, NULL);
	memset(long_id, 'x', sizeof(long_id));
	struct str id = ids_tool(&p, (struct str){ NULL, 0 }, zeros);
	ck_assert_str_eq(id.ptr, ZEROS);
	ck_assert(str_eq(ids_tool_upstream(&p, id), id));
	id = ids_tool(&p, (struct str){ long_id, IDS_UPSTREAM_MAX + 1 }, zeros);
	ck_assert_str_eq(id.ptr, ZEROS);
	id = ids_tool(&p, (struct str){ long_id, IDS_UPSTREAM_MAX }, zeros);
	ck_assert_uint_eq(id.len, strlen(ZEROS) + 1 + 683);
	ck_assert(str_eq(ids_tool_upstream(&p, id),
			 (struct str){ long_id, IDS_UPSTREAM_MAX }));
	ck_assert(!str_eq(ids_tool(&p, STR("a"), zeros), ids_tool(&p, STR("a"), ones)));
	pool_release(&p);
}
END_TEST

/* Foreign or damaged: sent upstream as they are. */
static const struct str foreign[] = {
	T(""),
	T("call_1"),
	T("toolu_01A09q90qw90lq917835lq9"),
	T("toolu_nim"),
	T("toolu_nim000000000000000_Zg"),   /* 15 */
	T("toolu_nim00000000000000000_Zg"), /* 17 */
	T(ZEROS "_"),
	T(ZEROS "-Zg"),
	T(ZEROS "_Z"), /* no whole byte */
	T(ZEROS "_Zm9vY"),
	T(ZEROS "_Zm9vA"), /* a digit that adds no byte */
	T(ZEROS "_Zh"),	   /* bits beyond the byte */
	T(ZEROS "_Zm9"),
	T(ZEROS "_Zg=="),
	T(ZEROS "_Zm+v"),
	T(ZEROS "_Zm 8"),
	T(ZEROS "_Zm\0v"),
	T("toolu_nim000000000000000-_Zg"),
	T("xtoolu_nim0000000000000000_Zg"),
};

START_TEST(a_foreign_id_stays)
{
	struct pool p;
	pool_init(&p, NULL);
	struct str copy = pool_str(&p, foreign[_i]);
	struct str back = ids_tool_upstream(&p, copy);
	ck_assert(back.ptr == copy.ptr && back.len == copy.len);
	pool_release(&p);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("ids");
	TCase *tcase = tcase_create("ids");
	tcase_add_loop_test(tcase, made_ids_hold_the_random_number, 0, COUNT(makes));
	tcase_add_loop_test(tcase, an_upstream_id_travels_inside_ours, 0, COUNT(carried));
	tcase_add_test(tcase, an_id_that_carries_none_stays);
	tcase_add_loop_test(tcase, a_foreign_id_stays, 0, COUNT(foreign));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
