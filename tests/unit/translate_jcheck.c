/* SPDX-License-Identifier: MIT */
/*
 * What RFC 8259 allows is accepted, all else refused at the right byte, in constant
 * memory and a time that does not depend on what the text is.
 */
#include "config.h"

#include "translate/jcheck.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/unit/unit.h"

/* Lengths are given, because some texts hold a NUL. */
#define T(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *name, *text;
	size_t len;
} valid[] = {
	{ "number alone", T("0") },
	{ "negative zero", T("-0") },
	{ "one digit fraction", T("0.0") },
	{ "long integer", T("123456789012345678901234567890") },
	{ "exponent", T("1e5") },
	{ "exponent with plus", T("1E+05") },
	{ "exponent with minus", T("-1.25e-3") },
	{ "exponent of zero", T("0e0") },
	{ "huge exponent", T("1e99999") },
	{ "true", T("true") },
	{ "false", T("false") },
	{ "null", T("null") },
	{ "empty string", T("\"\"") },
	{ "all short escapes", T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") },
	{ "unicode escapes in both cases", T("\"\\u00e9\\u00E9\\uFFFF\"") },
	{ "surrogate pair", T("\"\\ud83d\\ude00\"") },
	{ "lone high surrogate", T("\"\\ud800\"") },
	{ "lone low surrogate", T("\"\\udc00x\"") },
	{ "NUL escape in a value", T("\"a\\u0000b\"") },
	{ "two byte character", T("\"\xc3\xa9\"") },
	{ "three byte character", T("\"\xe6\xbc\xa2\"") },
	{ "four byte character", T("\"\xf0\x9f\x98\x80\"") },
	{ "last code point", T("\"\xf4\x8f\xbf\xbf\"") },
	{ "BOM inside a string", T("\"\xef\xbb\xbf\"") },
	{ "DEL in a string", T("\"\x7f\"") },
	{ "blanks everywhere", T(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n") },
	{ "empty object", T("{}") },
	{ "empty array", T("[]") },
	{ "empty ones inside", T("[{},[],{\"\":[]}]") },
	{ "blank inside empty ones", T("[ { } , [ ] ]") },
	{ "same name twice", T("{\"a\":1,\"a\":2}") },
	{ "empty name", T("{\"\":0}") },
	{ "escaped name", T("{\"\\u0061\":0}") },
	{ "string longer than a word", T("\"0123456789abcdef0123456789abcdef\"") },
	{ "bracket in a string", T("[\"]}\"]") },
	{ "request",
	  T("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}") },
};

static const struct {
	const char *name, *text;
	size_t len;
	size_t offset;
} invalid[] = {
	{ "nothing", T(""), 0 },
	{ "blanks only", T(" \n"), 2 },
	{ "BOM", T("\xef\xbb\xbf{}"), 0 },
	{ "NUL", T("\0"), 0 },
	{ "NUL behind", T("{}\0"), 2 },
	{ "vertical tab", T("\v1"), 0 },
	{ "form feed", T("[\f1]"), 1 },
	{ "no-break space",
	  T("[\xc2\xa0"
	    "1]"),
	  1 },
	{ "comment", T("/**/1"), 0 },
	{ "line comment behind", T("1 // one"), 2 },
	{ "hash comment", T("#\n1"), 0 },
	{ "two values", T("1 2"), 2 },
	{ "two objects", T("{}{}"), 2 },
	{ "bracket behind", T("[]]"), 2 },
	{ "comma behind", T("[],"), 2 },
	{ "open array", T("["), 1 },
	{ "open array with value", T("[1"), 2 },
	{ "open array with comma", T("[1,"), 3 },
	{ "open object", T("{"), 1 },
	{ "open object with name", T("{\"a\""), 4 },
	{ "open object with colon", T("{\"a\":"), 5 },
	{ "open object with value", T("{\"a\":1"), 6 },
	{ "open object with comma", T("{\"a\":1,"), 7 },
	{ "trailing comma in array", T("[1,]"), 3 },
	{ "trailing comma in object", T("{\"a\":1,}"), 7 },
	{ "leading comma", T("[,1]"), 1 },
	{ "only a comma", T("{,}"), 1 },
	{ "double comma", T("[1,,2]"), 3 },
	{ "missing comma", T("[1 2]"), 3 },
	{ "missing comma in object", T("{\"a\":1 \"b\":2}"), 7 },
	{ "colon in array", T("[1:2]"), 2 },
	{ "comma for colon", T("{\"a\",1}"), 4 },
	{ "missing value", T("{\"a\":}"), 5 },
	{ "double colon", T("{\"a\"::1}"), 5 },
	{ "missing colon", T("{\"a\" 1}"), 5 },
	{ "name without quotes", T("{a:1}"), 1 },
	{ "number as name", T("{1:1}"), 1 },
	{ "object as name", T("{{}:1}"), 1 },
	{ "single quotes", T("['a']"), 1 },
	{ "wrong bracket for array", T("[1}"), 2 },
	{ "wrong bracket for object", T("{\"a\":1]"), 6 },
	{ "crossed brackets", T("[{]}"), 2 },
	{ "closing alone", T("}"), 0 },
	{ "plus sign", T("+1"), 0 },
	{ "minus alone", T("-"), 1 },
	{ "minus and letter", T("-a"), 1 },
	{ "double minus", T("--1"), 1 },
	{ "leading zero", T("01"), 1 },
	{ "negative leading zero", T("-01"), 2 },
	{ "hexadecimal", T("0x1"), 1 },
	{ "no digit before the dot", T(".5"), 0 },
	{ "no digit behind the dot", T("1."), 2 },
	{ "dot and exponent", T("1.e1"), 2 },
	{ "two dots", T("1.2.3"), 3 },
	{ "exponent without digits", T("1e"), 2 },
	{ "exponent sign without digits", T("1e+"), 3 },
	{ "exponent with fraction", T("1e1.5"), 3 },
	{ "digit group", T("1_000"), 1 },
	{ "infinity", T("Infinity"), 0 },
	{ "negative infinity", T("-Infinity"), 1 },
	{ "not a number", T("NaN"), 0 },
	{ "capital true", T("True"), 0 },
	{ "capitals", T("NULL"), 0 },
	{ "cut true", T("tru"), 0 },
	{ "cut null in array", T("[nul]"), 1 },
	{ "word too long", T("truee"), 4 },
	{ "words together", T("[truefalse]"), 5 },
	{ "undefined", T("undefined"), 0 },
	{ "string without an end", T("\"abc"), 4 },
	{ "long string without an end", T("\"abcdefghijklmnop"), 17 },
	{ "quote alone", T("\""), 1 },
	{ "backslash at the end", T("\"\\"), 1 },
	{ "escaped closing quote", T("\"\\\""), 3 },
	{ "unknown escape", T("\"\\x41\""), 1 },
	{ "escaped single quote", T("\"\\'\""), 1 },
	{ "capital U escape", T("\"\\U0041\""), 1 },
	{ "escaped line feed", T("\"\\\n\""), 1 },
	{ "escaped NUL byte", T("\"\\\0\""), 1 },
	{ "short unicode escape", T("\"\\u12\""), 1 },
	{ "cut unicode escape", T("\"\\u123"), 1 },
	{ "unicode escape with g", T("\"\\u00g0\""), 1 },
	{ "unicode escape with sign", T("\"\\u+041\""), 1 },
	{ "raw line feed", T("\"a\nb\""), 2 },
	{ "raw tab", T("\"\t\""), 1 },
	{ "raw NUL", T("\"\0\""), 1 },
	{ "raw 0x1f far inside", T("\"0123456789abcdef\x1f\""), 17 },
	{ "NUL in a name", T("{\"a\\u0000\":1}"), 3 },
	{ "raw NUL in a name", T("{\"a\0\":1}"), 3 },
	{ "raw line feed in a name", T("{\"a\n\":1}"), 3 },
	{ "lone continuation byte", T("\"\x80\""), 1 },
	{ "cut character", T("\"\xe6\xbc\""), 1 },
	{ "overlong slash", T("\"\xc0\xaf\""), 1 },
	{ "overlong NUL", T("\"\xe0\x80\x80\""), 1 },
	{ "encoded surrogate", T("\"\xed\xa0\x80\""), 1 },
	{ "above the last code point", T("\"\xf4\x90\x80\x80\""), 1 },
	{ "latin 1", T("\"\xe9\""), 1 },
	{ "0xff", T("\"\xff\""), 1 },
	{ "UTF-16", T("[\0]\0"), 1 },
	{ "not UTF-8 behind a fault", T("[,\"0123456789\xff\"]"), 13 },
};

/* A copy that ends where the text ends, so that the sanitizer sees a read beyond it. */
static int check_copy(const char *text, size_t len, struct jcheck_error *error)
{
	char *copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	int result = jcheck((struct str){ copy, len }, error);
	free(copy);
	return result;
}

START_TEST(accepts_valid_text)
{
	struct jcheck_error error = { "", 0 };
	int result = check_copy(valid[_i].text, valid[_i].len, &error);
	ck_assert_msg(result == 0, "%s: %s at %zu", valid[_i].name, error.reason,
		      error.offset);
}
END_TEST

START_TEST(refuses_invalid_text_at_the_right_byte)
{
	struct jcheck_error error = { NULL, 999 };
	int result = check_copy(invalid[_i].text, invalid[_i].len, &error);
	ck_assert_msg(result == -1, "%s: accepted", invalid[_i].name);
	ck_assert_ptr_nonnull(error.reason);
	ck_assert_msg(error.offset == invalid[_i].offset, "%s: %s at %zu",
		      invalid[_i].name, error.reason, error.offset);
}
END_TEST

/* Every beginning of a document is refused: no cut body passes for a whole one. */
START_TEST(refuses_every_beginning)
{
	static const char text[] =
		"{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\n\xc3\xa9\"],\"b\":{}}";
	struct jcheck_error error;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		ck_assert_msg(check_copy(text, len, &error) == -1, "%zu bytes", len);
	ck_assert_int_eq(check_copy(text, sizeof(text) - 1, &error), 0);
}
END_TEST

static size_t nest(char *text, int depth, bool is_object)
{
	size_t len = 0;
	for (int i = 0; i < depth; i++) {
		memcpy(text + len, is_object ? "{\"a\":" : "[", is_object ? 5 : 1);
		len += is_object ? 5 : 1;
	}
	text[len++] = '1';
	for (int i = 0; i < depth; i++)
		text[len++] = is_object ? '}' : ']';
	return len;
}

START_TEST(nesting_ends_at_the_limit)
{
	char text[1024];
	struct jcheck_error error;
	bool is_object = _i == 1;
	size_t len = nest(text, JCHECK_DEPTH, is_object);
	ck_assert_int_eq(check_copy(text, len, &error), 0);
	len = nest(text, JCHECK_DEPTH + 1, is_object);
	ck_assert_int_eq(check_copy(text, len, &error), -1);
	ck_assert_str_eq(error.reason, "depth above 64");
}
END_TEST

/* An array of that many zeros. */
static size_t zeros(char *text, size_t count)
{
	size_t len = 0;
	text[len++] = '[';
	for (size_t i = 0; i < count; i++) {
		text[len++] = '0';
		text[len++] = i + 1 < count ? ',' : ']';
	}
	return len;
}

START_TEST(values_and_names_are_counted)
{
	static char text[2 * JCHECK_NODES + 16];
	struct jcheck_error error;
	ck_assert_int_eq(check_copy(text, zeros(text, JCHECK_NODES - 1), &error), 0);
	ck_assert_int_eq(check_copy(text, zeros(text, JCHECK_NODES), &error), -1);
	ck_assert_str_eq(error.reason, "more than 200000 values and names");
}
END_TEST

enum { BIG = 32 << 20 }; /* the largest body that is accepted */

static const struct {
	const char *name, *head, *unit, *tail;
	int result;
} big[] = {
	{ "empty objects", "[", "{},", "{}]", -1 },
	{ "zeros", "[", "0,", "0]", -1 },
	{ "names", "{", "\"\":0,", "\"\":0}", -1 },
	{ "brackets", "", "[", "", -1 },
	{ "letters", "\"", "a", "\"", 0 },
	{ "line feed escapes", "\"", "\\n", "\"", 0 },
	{ "unicode escapes", "\"", "\\u0041", "\"", 0 },
	{ "kanji", "\"", "\xe6\xbc\xa2", "\"", 0 },
	{ "accents and letters", "\"", "\xc3\xa9x", "\"", 0 },
	{ "blanks", "", " ", "1", 0 },
	{ "digits", "1", "1", "", 0 },
	{ "string without an end", "\"", "a", "", -1 },
};

START_TEST(a_large_body_takes_little_time_and_no_memory)
{
	size_t head = strlen(big[_i].head), unit = strlen(big[_i].unit);
	size_t tail = strlen(big[_i].tail), len = head;
	char *text = malloc(BIG);
	ck_assert_ptr_nonnull(text);
	memcpy(text, big[_i].head, head);
	for (; len + unit + tail <= BIG; len += unit)
		memcpy(text + len, big[_i].unit, unit);
	memcpy(text + len, big[_i].tail, tail);
	len += tail;

	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	clock_t start = clock();
	struct jcheck_error error;
	int result = jcheck((struct str){ text, len }, &error);
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	getrusage(RUSAGE_SELF, &after);
	free(text);
	ck_assert_int_eq(result, big[_i].result);
	ck_assert_msg(seconds < 1, "%s: %.3f s", big[_i].name, seconds);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 1024);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("jcheck");
	TCase *tcase = tcase_create("jcheck");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, accepts_valid_text, 0, COUNT(valid));
	tcase_add_loop_test(tcase, refuses_invalid_text_at_the_right_byte, 0,
			    COUNT(invalid));
	tcase_add_test(tcase, refuses_every_beginning);
	tcase_add_loop_test(tcase, nesting_ends_at_the_limit, 0, 2);
	tcase_add_test(tcase, values_and_names_are_counted);
	tcase_add_loop_test(tcase, a_large_body_takes_little_time_and_no_memory, 0,
			    COUNT(big));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
