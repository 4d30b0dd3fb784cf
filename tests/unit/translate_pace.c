/* SPDX-License-Identifier: MIT */
/* Pieces of text: where they are cut, and that they join to the text again. */
#include "config.h"

#include "translate/pace.h"

#include <unistr.h>

#include "tests/unit/unit.h"
#include "translate/buf.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define JOINER	     "\xe2\x80\x8d"
#define MAN	     "\xf0\x9f\x91\xa8"
#define FAMILY	     MAN JOINER "\xf0\x9f\x91\xa9" JOINER "\xf0\x9f\x91\xa7"
#define HALF_FLAG    "\xf0\x9f\x87\xa6"
#define FLAG	     HALF_FLAG "\xf0\x9f\x87\xb9"
#define KANJI	     "\xe6\xbc\xa2"
#define ACUTE	     "\xcc\x81" /* combining */

/* out: the pieces with | between them. */
static const struct {
	unsigned max;
	const char *in, *out;
} cases[] = {
	{ 6, "", "" },
	{ 6, "Hello", "Hello" },
	{ 6, "a b c", "a b c" },
	{ 6, "Hello, world", "Hello,| world" },
	{ 6, "The quick brown fox.", "The |quick |brown |fox." },
	{ 6, "international", "intern|ationa|l" },
	{ 6, "a, b, c, d", "a, b, |c, d" },
	{ 6, "end. Next", "end. |Next" },
	{ 6, "foo(bar, baz)", "foo|(bar, |baz)" },
	{ 6, "if (x) {", "if (x)| {" },
	{ 6, "x[10][20]", "x[10]|[20]" },
	{ 6, "      indented", "      |indent|ed" },
	{ 6, "a       b", "a     |  b" },
	{ 6, "one\n\ntwo three", "one\n\n|two |three" },
	{ 6, "one\r\ntwo", "one\r\n|two" },
	{ 6, "12345\r\nx", "12345\r\n|x" },
	{ 1, "\r\n\r\n", "\r\n|\r\n" },
	{ 1, "abc", "a|b|c" },
	{ 3, "a b", "a b" },
	{ 0, "The quick brown fox.", "The quick brown fox." },
	{ 1000, "The quick brown fox.", "The quick brown fox." },
	{ 6, KANJI KANJI KANJI KANJI KANJI KANJI KANJI KANJI,
	  KANJI KANJI KANJI KANJI KANJI KANJI "|" KANJI KANJI },
	{ 6,
	  "Gr\xc3\xbc\xc3\x9f"
	  "e an alle",
	  "Gr\xc3\xbc\xc3\x9f"
	  "e |an |alle" },
	{ 2, "e" ACUTE "e" ACUTE "e" ACUTE, "e" ACUTE "e" ACUTE "|e" ACUTE },
	{ 6, "abcdee" ACUTE "f",
	  "abcdee" ACUTE "|f" }, /* the mark belongs to the sixth */
	{ 1, FAMILY FLAG FLAG, FAMILY "|" FLAG "|" FLAG },
	{ 1, FAMILY JOINER, FAMILY JOINER }, /* a joiner without a partner */
	{ 1, "a" HALF_FLAG, "a|" HALF_FLAG },
	{ 1, HALF_FLAG "\xf0\x9f\x8f\x81" FLAG, HALF_FLAG "|\xf0\x9f\x8f\x81|" FLAG },
	{ 2, "." ACUTE "abc", "." ACUTE "a|bc" },
	{ 2, "\xff\xff\xff", "\xff\xff|\xff" },
	{ 2, "\xe6\xbc", "\xe6\xbc" },
	{ 1,
	  "\x80"
	  "a\xc3",
	  "\x80|a|\xc3" },
};

START_TEST(text_is_cut_at_good_places)
{
	struct str rest = str_of(cases[_i].in);
	struct buf out;
	buf_init(&out, 1000);
	while (rest.len > 0) {
		char *copy = malloc(rest.len); /* so that a read beyond it is seen */
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, rest.ptr, rest.len);
		size_t len = pace_next((struct str){ copy, rest.len }, cases[_i].max);
		free(copy);
		ck_assert(len > 0 && len <= rest.len);
		buf_add(&out, rest.ptr, len);
		rest = (struct str){ rest.ptr + len, rest.len - len };
		if (rest.len > 0)
			buf_addc(&out, '|');
	}
	ck_assert_msg(str_eq(buf_str(&out), str_of(cases[_i].out)), "%.*s",
		      STR_ARG(buf_str(&out)));
	buf_release(&out);
}
END_TEST

START_TEST(no_piece_cuts_a_character)
{
	static const char text[] =
		"Caf\xc3\xa9 " KANJI "a" KANJI ", " FAMILY "! x" ACUTE "(" FLAG "y)";
	for (unsigned max = 1; max < 20; max++) {
		struct str rest = STR(text);
		while (rest.len > 0) {
			size_t len = pace_next(rest, max);
			ck_assert_ptr_null(u8_check((const uint8_t *)rest.ptr, len));
			rest = (struct str){ rest.ptr + len, rest.len - len };
			ck_assert(!str_has_prefix(rest, STR(ACUTE)));
		}
	}
	ck_assert_uint_eq(pace_next((struct str){ NULL, 0 }, 6), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("pace");
	TCase *tcase = tcase_create("pace");
	tcase_add_loop_test(tcase, text_is_cut_at_good_places, 0, COUNT(cases));
	tcase_add_test(tcase, no_piece_cuts_a_character);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
