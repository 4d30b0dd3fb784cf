/* SPDX-License-Identifier: MIT */
/* Writing JSON: escapes, wrong UTF-8, numbers, whole trees. */
#include "config.h"

#include "translate/jput.h"

#include <math.h>

#include "tests/unit/unit.h"
#include "translate/jcheck.h"
#include "translate/jget.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define T(literal)   (literal), sizeof(literal) - 1
#define FFFD	     "\xef\xbf\xbd"

static const struct {
	const char *name, *in;
	size_t len;
	const char *out;
} strings[] = {
	{ "nothing", T(""), "\"\"" },
	{ "plain", T("abc"), "\"abc\"" },
	{ "plain and long", T("0123456789abcdefghijk"), "\"0123456789abcdefghijk\"" },
	{ "quote and backslash", T("a\"b\\c"), "\"a\\\"b\\\\c\"" },
	{ "short escapes", T("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
	{ "other controls", T("\0\x01\x0b\x1f"), "\"\\u0000\\u0001\\u000b\\u001f\"" },
	{ "slash, DEL and 0x20 stay", T("/ \x7f"), "\"/ \x7f\"" },
	{ "line separators stay", T("\xe2\x80\xa8"), "\"\xe2\x80\xa8\"" },
	{ "escape far inside", T("0123456789abc\ndefghijklmn\"o"),
	  "\"0123456789abc\\ndefghijklmn\\\"o\"" },
	{ "two bytes", T("\xc3\xa9"), "\"\xc3\xa9\"" },
	{ "three bytes", T("\xe6\xbc\xa2"), "\"\xe6\xbc\xa2\"" },
	{ "four bytes", T("a\xf0\x9f\x98\x80z"), "\"a\xf0\x9f\x98\x80z\"" },
	{ "last code point", T("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"" },
	{ "first of each length", T("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80"),
	  "\"\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\"" },
	{ "beside the surrogates", T("\xed\x9f\xbf\xee\x80\x80"),
	  "\"\xed\x9f\xbf\xee\x80\x80\"" },
	{ "lone continuation", T("a\x80z"), "\"a" FFFD "z\"" },
	{ "two continuations", T("\x80\xbf"), "\"" FFFD FFFD "\"" },
	{ "cut two bytes", T("\xc3"), "\"" FFFD "\"" },
	{ "cut three bytes", T("\xe6\xbc"), "\"" FFFD "\"" },
	{ "cut four bytes", T("\xf0\x9f\x98"), "\"" FFFD "\"" },
	{ "cut and text", T("\xf0\x9f\x98z"), "\"" FFFD "z\"" },
	{ "cut and quote", T("\xe6\""), "\"" FFFD "\\\"\"" },
	{ "lead after lead", T("\xe6\xe6\xbc\xa2"), "\"" FFFD "\xe6\xbc\xa2\"" },
	{ "overlong two", T("\xc0\xaf"), "\"" FFFD FFFD "\"" },
	{ "overlong three", T("\xe0\x80\xaf"), "\"" FFFD FFFD FFFD "\"" },
	{ "overlong four", T("\xf0\x80\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"" },
	{ "above the end", T("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"" },
	{ "never a lead", T("\xf5\xfe\xff"), "\"" FFFD FFFD FFFD "\"" },
	{ "encoded surrogate", T("\xed\xa0\x80"), "\"" FFFD "\"" },
	{ "encoded pair", T("a\xed\xa0\xbd\xed\xb8\x80z"), "\"a" FFFD FFFD "z\"" },
	{ "cut surrogate", T("\xed\xa0"), "\"" FFFD "\"" },
	{ "surrogate and letter", T("\xed\xa0z"), "\"" FFFD "z\"" },
};

/* A copy that ends where the text ends, so that the sanitizer sees a read beyond it. */
static void put_copy(struct buf *b, const char *in, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, in, len);
	jput_str(b, (struct str){ copy, len });
	free(copy);
}

START_TEST(strings_become_valid_json)
{
	struct buf b;
	struct jcheck_error error;
	buf_init(&b, 1000);
	put_copy(&b, strings[_i].in, strings[_i].len);
	ck_assert_msg(str_eq(buf_str(&b), str_of(strings[_i].out)), "%s: %.*s",
		      strings[_i].name, STR_ARG(buf_str(&b)));
	ck_assert_int_eq(jcheck(buf_str(&b), &error), 0);
	buf_release(&b);
}
END_TEST

/* The eight byte steps see every byte at every place. */
START_TEST(every_byte_is_escaped_at_every_place)
{
	char text[24];
	struct buf b;
	struct jcheck_error error;
	buf_init(&b, 1000);
	for (size_t place = 0; place < sizeof(text); place++) {
		for (int byte = 0; byte < 256; byte++) {
			memset(text, 'x', sizeof(text));
			text[place] = (char)byte;
			buf_clear(&b);
			put_copy(&b, text, sizeof(text));
			ck_assert_int_eq(jcheck(buf_str(&b), &error), 0);
			struct json_object *root = jget_parse(buf_str(&b));
			struct str back = jget_text(root);
			ck_assert_uint_eq(back.len, byte < 0x80 ? 24 : 26);
			ck_assert(byte >= 0x80 || memcmp(back.ptr, text, 24) == 0);
			json_object_put(root);
		}
	}
	buf_release(&b);
}
END_TEST

static const struct {
	int64_t in;
	const char *out;
} integers[] = {
	{ 0, "0" },
	{ -1, "-1" },
	{ 1234567890, "1234567890" },
	{ INT64_MAX, "9223372036854775807" },
	{ INT64_MIN, "-9223372036854775808" },
};

START_TEST(integers_are_decimal)
{
	struct buf b;
	buf_init(&b, 100);
	jput_int(&b, integers[_i].in);
	ck_assert(str_eq(buf_str(&b), str_of(integers[_i].out)));
	buf_release(&b);
}
END_TEST

START_TEST(pieces_make_an_object)
{
	struct buf b;
	buf_init(&b, 100);
	buf_addc(&b, '{');
	jput_name(&b, false, "a");
	jput_bool(&b, true);
	jput_name(&b, true, "b\"");
	jput_bool(&b, false);
	jput_name(&b, true, "c");
	buf_addc(&b, '"');
	jput_escaped(&b, STR("x\n"));
	jput_escaped(&b, STR("y"));
	buf_lit(&b, "\"}");
	ck_assert(
		str_eq(buf_str(&b), STR("{\"a\":true,\"b\\\"\":false,\"c\":\"x\\ny\"}")));
	buf_release(&b);
}
END_TEST

/* NULL: the same text comes out. */
static const struct {
	const char *in, *out;
} trees[] = {
	{ "null", NULL },
	{ "true", NULL },
	{ "{}", NULL },
	{ "[]", NULL },
	{ "\"a\\\"\\n\\u0001\"", NULL },
	{ "[1,-2,0,9223372036854775807,18446744073709551615,-9223372036854775808]",
	  NULL },
	{ "[1.0,9.5,0.10,1e5,1E+05,-1.25e-3,1e999]", NULL },
	{ "{\"z\":1,\"a\":2,\"m\":{\"q\":[{}]}}", NULL },
	{ "{\"k\\\"\\u0001\":null}", NULL },
	{ "[null,false,\"\xe6\xbc\xa2\"]", NULL },
	{ " { \"a\" : [ 1 , 2 ] } ", "{\"a\":[1,2]}" },
	{ "\"\\u00e9\\/\\ud83d\\ude00\"", "\"\xc3\xa9/\xf0\x9f\x98\x80\"" },
	{ "\"\\ud800\"", "\"" FFFD "\"" },
	{ "\"\\u0000\"", NULL },
	{ "{\"a\":1,\"a\":2}", "{\"a\":2}" },
};

START_TEST(trees_come_out_as_they_went_in)
{
	struct json_object *root = jget_parse(str_of(trees[_i].in));
	struct buf b;
	buf_init(&b, 1000);
	jput_tree(&b, root);
	const char *out = trees[_i].out ? trees[_i].out : trees[_i].in;
	ck_assert_msg(str_eq(buf_str(&b), str_of(out)), "%.*s", STR_ARG(buf_str(&b)));
	json_object_put(root);
	buf_release(&b);
}
END_TEST

START_TEST(numbers_without_a_text_become_null)
{
	struct json_object *root = json_object_new_array();
	json_object_array_add(root, json_object_new_double((double)INFINITY));
	json_object_array_add(root, json_object_new_double(-(double)INFINITY));
	json_object_array_add(root, json_object_new_double((double)NAN));
	json_object_array_add(root, json_object_new_double(-0.5));
	struct buf b;
	buf_init(&b, 100);
	jput_tree(&b, root);
	ck_assert(str_eq(buf_str(&b), STR("[null,null,null,-0.5]")));
	json_object_put(root);
	buf_release(&b);
}
END_TEST

START_TEST(a_full_buffer_is_noticed)
{
	struct buf b;
	buf_init(&b, 5);
	jput_str(&b, STR("ab\n\n"));
	ck_assert(b.has_failed);
	ck_assert(str_eq(buf_str(&b), STR("\"ab")));
	buf_release(&b);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("jput");
	TCase *tcase = tcase_create("jput");
	tcase_add_loop_test(tcase, strings_become_valid_json, 0, COUNT(strings));
	tcase_add_test(tcase, every_byte_is_escaped_at_every_place);
	tcase_add_loop_test(tcase, integers_are_decimal, 0, COUNT(integers));
	tcase_add_test(tcase, pieces_make_an_object);
	tcase_add_loop_test(tcase, trees_come_out_as_they_went_in, 0, COUNT(trees));
	tcase_add_test(tcase, numbers_without_a_text_become_null);
	tcase_add_test(tcase, a_full_buffer_is_noticed);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
