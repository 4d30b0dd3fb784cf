/* SPDX-License-Identifier: MIT */
/*
 * Tool call arguments: whatever the model wrote and however it was cut, one JSON object
 * comes out, and text comes out at once.
 */
#include "config.h"

#include "translate/args.h"

#include "tests/unit/unit.h"
#include "translate/jcheck.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define T(literal)   (literal), sizeof(literal) - 1

/* out NULL: the text as it came. */
static const struct {
	const char *name, *in;
	size_t len;
	const char *out;
} fine[] = {
	{ "nothing", T(""), "{}" },
	{ "blanks", T(" \n"), "{}" },
	{ "null", T("null"), "{}" },
	{ "null and blanks", T(" null\n"), "{}" },
	{ "empty object", T("{}"), NULL },
	{ "blanks around", T("\n{ }\n"), "{ }" },
	{ "one string", T("{\"a\":\"b\"}"), NULL },
	{ "empty string", T("{\"\":\"\"}"), NULL },
	{ "blanks inside", T("{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"), NULL },
	{ "pretty", T("{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}"), NULL },
	{ "all scalars", T("{\"a\":[0,-1,2.5,1e5,-1.25E+3,true,false,null]}"), NULL },
	{ "nested", T("{\"a\":[[],[{}],{\"b\":[]}]}"), NULL },
	{ "escapes", T("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}"),
	  NULL },
	{ "escaped name", T("{\"\\u0061\\n\":1}"), NULL },
	{ "NUL in a value", T("{\"a\":\"\\u0000\"}"), NULL },
	{ "characters", T("{\"\xc3\xa9\":\"\xe6\xbc\xa2\xf0\x9f\x98\x80\"}"), NULL },
	{ "brackets in strings", T("{\"a\":\"}]{\",\"]\":\"\"}"), NULL },
};

static const struct {
	const char *name, *in;
	size_t len;
	const char *out;
	unsigned repairs;
} repaired[] = {
	/* wrapped */
	{ "fence", T("```json\n{\"a\":1}\n```"), "{\"a\":1}", ARGS_UNWRAPPED },
	{ "fence without a word", T("```\n{\"a\":1}\n```\n"), "{\"a\":1}",
	  ARGS_UNWRAPPED },
	{ "fence on one line", T("```{\"a\":1}```"), "{\"a\":1}", ARGS_UNWRAPPED },
	{ "fence without an end", T("```json\n{\"a\":1}"), "{\"a\":1}", ARGS_UNWRAPPED },
	{ "fence cut inside", T("```json\n{\"a\":\"x"),
	  "{\"a\":\"x\",\"" ARGS_MARK "\":true}", ARGS_UNWRAPPED | ARGS_CLOSED },
	{ "text behind the fence", T("```\n{}\n```\nDone."), "{}",
	  ARGS_UNWRAPPED | ARGS_DROPPED },
	{ "empty fence", T("```\n```"), "{}", ARGS_UNWRAPPED },
	{ "prose in a fence", T("```\nls\n```"), "{}", ARGS_UNWRAPPED | ARGS_DROPPED },
	{ "string", T("\"{\\\"a\\\":\\\"b\\\\n\\\"}\""), "{\"a\":\"b\\n\"}",
	  ARGS_UNWRAPPED },
	{ "string in a string", T("\"\\\"{}\\\"\""), "{}", ARGS_UNWRAPPED },
	{ "fence in a string", T("\"```json\\n{\\\"a\\\":1}\\n```\""), "{\"a\":1}",
	  ARGS_UNWRAPPED },
	{ "empty string", T("\"\""), "{}", ARGS_UNWRAPPED },
	{ "null in a string", T("\"null\""), "{}", ARGS_UNWRAPPED },
	{ "cut string", T("\"{\\\"a\\\":\\\"b"), "{\"a\":\"b\",\"" ARGS_MARK "\":true}",
	  ARGS_UNWRAPPED | ARGS_CLOSED },
	{ "string cut in an escape", T("\"{\\\"a\\\":\\\"b\\u00"),
	  "{\"a\":\"b\",\"" ARGS_MARK "\":true}", ARGS_UNWRAPPED | ARGS_CLOSED },
	{ "prose in a string", T("\"ls -l\""), "{}", ARGS_UNWRAPPED | ARGS_DROPPED },
	/* cut */
	{ "cut at once", T("{"), "{}", ARGS_CLOSED },
	{ "cut in a name", T("{\"a\":1,\"b"), "{\"a\":1}", ARGS_CLOSED },
	{ "cut behind a name", T("{\"a\":1,\"b\""), "{\"a\":1}", ARGS_CLOSED },
	{ "cut behind a colon", T("{\"a\":1,\"b\": "), "{\"a\":1}", ARGS_CLOSED },
	{ "cut behind a comma", T("{\"a\":1, "), "{\"a\":1}", ARGS_CLOSED },
	{ "cut in a string", T("{\"a\":\"xyz"), "{\"a\":\"xyz\",\"" ARGS_MARK "\":true}",
	  ARGS_CLOSED },
	{ "cut behind a backslash", T("{\"a\":\"x\\"),
	  "{\"a\":\"x\",\"" ARGS_MARK "\":true}", ARGS_CLOSED },
	{ "cut in an escape", T("{\"a\":\"x\\u00e"),
	  "{\"a\":\"x\",\"" ARGS_MARK "\":true}", ARGS_CLOSED },
	{ "cut in a character", T("{\"a\":\"x\xf0\x9f\x98"),
	  "{\"a\":\"x\",\"" ARGS_MARK "\":true}", ARGS_CLOSED },
	{ "cut in a number", T("{\"a\":12"), "{\"a\":12}", ARGS_CLOSED },
	{ "cut behind a dot", T("{\"a\":12."), "{\"a\":12}", ARGS_CLOSED },
	{ "cut in an exponent", T("{\"a\":1.5e-"), "{\"a\":1.5}", ARGS_CLOSED },
	{ "cut behind a minus", T("{\"b\":0,\"a\":-"), "{\"b\":0}", ARGS_CLOSED },
	{ "cut in a word", T("{\"a\":tr"), "{\"a\":true}", ARGS_CLOSED },
	{ "cut in null", T("{\"a\":[n"), "{\"a\":[null]}", ARGS_CLOSED },
	{ "cut in arrays", T("{\"a\":[[1,[2,"), "{\"a\":[[1,[2]]]}", ARGS_CLOSED },
	{ "cut in a nested object", T("{\"a\":[{\"b\":{\"c\":\"d"),
	  "{\"a\":[{\"b\":{\"c\":\"d\"}}],\"" ARGS_MARK "\":true}", ARGS_CLOSED },
	{ "last bracket missing", T("{\"a\":[1]"), "{\"a\":[1]}", ARGS_CLOSED },
	/* strings with slips */
	{ "raw line feed", T("{\"a\":\"x\ny\tz\"}"), "{\"a\":\"x\\ny\\tz\"}",
	  ARGS_ESCAPED },
	{ "raw control", T("{\"a\":\"\0\x1b\"}"), "{\"a\":\"\\u0000\\u001b\"}",
	  ARGS_ESCAPED },
	{ "raw line feed in a name", T("{\"a\n\":1}"), "{\"a\\n\":1}", ARGS_ESCAPED },
	{ "regular expression", T("{\"a\":\"\\d+\\.\\w\"}"),
	  "{\"a\":\"\\\\d+\\\\.\\\\w\"}", ARGS_ESCAPED },
	{ "escaped apostrophe", T("{\"a\":\"it\\'s\"}"), "{\"a\":\"it's\"}",
	  ARGS_ESCAPED },
	{ "path", T("{\"a\":\"C:\\users\"}"), "{\"a\":\"C:\\\\users\"}", ARGS_ESCAPED },
	{ "half a unicode escape", T("{\"a\":\"\\u12\"}"), "{\"a\":\"\\\\u12\"}",
	  ARGS_ESCAPED },
	{ "backslash at the end of a line", T("{\"a\":\"x \\\ny\"}"),
	  "{\"a\":\"x \\\\\\ny\"}", ARGS_ESCAPED },
	{ "backslash before a character", T("{\"a\":\"\\\xc3\xa9\"}"),
	  "{\"a\":\"\\\\\xc3\xa9\"}", ARGS_ESCAPED },
	{ "not UTF-8", T("{\"a\":\"x\xffy\xe6\xbcz\"}"),
	  "{\"a\":\"x\xef\xbf\xbdy\xef\xbf\xbdz\"}", ARGS_ESCAPED },
	{ "encoded surrogate", T("{\"a\":\"\xed\xa0\x80\"}"), "{\"a\":\"\xef\xbf\xbd\"}",
	  ARGS_ESCAPED },
	{ "half a surrogate", T("{\"a\":\"\xed\xa0z\"}"), "{\"a\":\"\xef\xbf\xbdz\"}",
	  ARGS_ESCAPED },
	/* small slips between values */
	{ "trailing comma", T("{\"a\":1,}"), "{\"a\":1}", ARGS_DROPPED },
	{ "trailing comma in an array", T("{\"a\":[1, ] }"), "{\"a\":[1] }",
	  ARGS_DROPPED },
	{ "Python's words", T("{\"a\":[True,False,None]}"), "{\"a\":[true,false,null]}",
	  0 },
	{ "one bracket too many", T("{\"a\":1}}"), "{\"a\":1}", ARGS_DROPPED },
	{ "two objects", T("{\"a\":1} {\"b\":2}"), "{\"a\":1}", ARGS_DROPPED },
	{ "text behind", T("{\"a\":1}\nDone."), "{\"a\":1}", ARGS_DROPPED },
	/* beyond repair */
	{ "array", T("[1]"), "{}", ARGS_DROPPED },
	{ "number", T("5"), "{}", ARGS_DROPPED },
	{ "cut null", T("nul"), "{}", ARGS_DROPPED },
	{ "prose", T("Here it is: {}"), "{}", ARGS_DROPPED },
	{ "not UTF-8 at all", T("\xff\xfe"), "{}", ARGS_DROPPED },
	{ "NUL", T("\0"), "{}", ARGS_DROPPED },
	{ "name without quotes", T("{path: 1}"), "{}", ARGS_DROPPED | ARGS_CLOSED },
	{ "single quotes", T("{\"a\":1,'b':2}"), "{\"a\":1}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "missing comma", T("{\"a\":1 \"b\":2}"), "{\"a\":1 }",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "missing colon", T("{\"a\" 1}"), "{}", ARGS_DROPPED | ARGS_CLOSED },
	{ "missing value", T("{\"b\":0,\"a\":}"), "{\"b\":0}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "wrong bracket", T("{\"a\":[1}"), "{\"a\":[1]}", ARGS_DROPPED | ARGS_CLOSED },
	{ "other wrong bracket", T("{\"a\":1]"), "{\"a\":1}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "leading zero", T("{\"b\":0,\"a\":01}"), "{\"b\":0}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "undefined", T("{\"a\":undefined}"), "{}", ARGS_DROPPED | ARGS_CLOSED },
	{ "NUL in a name", T("{\"b\":0,\"a\\u0000\":1}"), "{\"b\":0}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "raw NUL in a name", T("{\"b\":0,\"a\0\":1}"), "{\"b\":0}",
	  ARGS_DROPPED | ARGS_CLOSED },
	{ "only a comma", T("{,}"), "{}", ARGS_DROPPED | ARGS_CLOSED },
};

static void feed_copy(struct args *a, const char *in, size_t len, struct buf *out)
{
	char *copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, in, len);
	args_feed(a, (struct str){ copy, len }, out);
	free(copy);
}

/* Feeds in, cut at two places, or byte by byte when first is above second. */
static unsigned run(const char *in, size_t len, size_t first, size_t second,
		    struct buf *out)
{
	struct args a;
	buf_clear(out);
	args_init(&a);
	if (first <= second) {
		feed_copy(&a, in, first, out);
		feed_copy(&a, in + first, second - first, out);
		feed_copy(&a, in + second, len - second, out);
	} else {
		for (size_t at = 0; at < len; at++)
			feed_copy(&a, in + at, 1, out);
	}
	args_end(&a, out);
	ck_assert_uint_eq(a.sent, out->len);
	args_release(&a);
	return a.repairs;
}

static void check_cuts(const char *name, const char *in, size_t len, struct str want,
		       unsigned repairs)
{
	struct buf out;
	struct jcheck_error error;
	buf_init(&out, 10000);
	for (size_t first = 0; first <= len + 1; first++) {
		for (size_t second = first <= len ? first : len; second <= len;
		     second++) {
			unsigned seen = run(in, len, first, second, &out);
			ck_assert_msg(str_eq(buf_str(&out), want),
				      "%s cut at %zu and %zu: %.*s", name, first, second,
				      STR_ARG(buf_str(&out)));
			ck_assert_msg(seen == repairs, "%s: repairs %u", name, seen);
		}
	}
	ck_assert_int_eq(jcheck(buf_str(&out), &error), 0);
	buf_release(&out);
}

START_TEST(an_object_passes_as_it_is)
{
	struct str want = { fine[_i].in, fine[_i].len };
	if (fine[_i].out)
		want = str_of(fine[_i].out);
	check_cuts(fine[_i].name, fine[_i].in, fine[_i].len, want, ARGS_FINE);
}
END_TEST

START_TEST(anything_becomes_an_object)
{
	check_cuts(repaired[_i].name, repaired[_i].in, repaired[_i].len,
		   str_of(repaired[_i].out), repaired[_i].repairs);
}
END_TEST

/* What is out after the fragment, before anything else comes. */
static const struct {
	const char *in, *out;
} prompt[] = {
	{ "{", "{" },
	{ "{\"a\":\"hel", "{\"a\":\"hel" },
	{ "{\"a\":\"x\\n", "{\"a\":\"x\\n" },
	{ "{\"a\":\"x\\", "{\"a\":\"x" },
	{ "{\"a\":\"x\\u00e", "{\"a\":\"x" },
	{ "{\"a\":\"x\xe6\xbc", "{\"a\":\"x" },
	{ "{\"a\":\"x\"}", "{\"a\":\"x\"}" },
	{ "{\"a\":\"x\",\"bcd", "{\"a\":\"x\"" },
	{ "{\"a\":[1,2,", "{\"a\":[1,2" },
	{ "{\"a\":12", "{" },
	{ "{\"a\":12,", "{\"a\":12" },
	{ "  {", "{" },
	{ "```json\n{\"a\":1}", "" },
};

START_TEST(text_passes_at_once_and_the_undecided_is_held_back)
{
	struct args a;
	struct buf out;
	buf_init(&out, 1000);
	args_init(&a);
	args_feed(&a, str_of(prompt[_i].in), &out);
	ck_assert_msg(str_eq(buf_str(&out), str_of(prompt[_i].out)), "%.*s",
		      STR_ARG(buf_str(&out)));
	ck_assert(a.has_passed == (out.len > 0));
	ck_assert(a.is_streaming == (out.len > 0));
	args_release(&a);
	buf_release(&out);
}
END_TEST

START_TEST(nesting_ends_at_the_limit)
{
	struct buf in, out;
	struct jcheck_error error;
	buf_init(&in, 1000);
	buf_init(&out, 1000);
	for (int depth = ARGS_DEPTH; depth <= ARGS_DEPTH + 1; depth++) {
		buf_clear(&in);
		buf_lit(&in, "{\"a\":");
		for (int i = 1; i < depth; i++)
			buf_addc(&in, '[');
		for (int i = 1; i < depth; i++)
			buf_addc(&in, ']');
		buf_addc(&in, '}');
		unsigned repairs = run(in.data, in.len, 0, in.len, &out);
		ck_assert_int_eq(jcheck(buf_str(&out), &error), 0);
		ck_assert(depth > ARGS_DEPTH ? repairs == (ARGS_DROPPED | ARGS_CLOSED)
					     : repairs == ARGS_FINE);
		ck_assert(depth > ARGS_DEPTH || str_eq(buf_str(&out), buf_str(&in)));
	}
	buf_release(&in);
	buf_release(&out);
}
END_TEST

/* 0: an endless string; 1: an endless name; 2: endless prose; 3: an endless number. */
START_TEST(size_ends_at_the_limit)
{
	static const char *const starts[] = { "{\"a\":\"", "{\"", "prose ", "{\"a\":1" };
	static char piece[1 << 20];
	struct args a;
	struct buf out;
	struct jcheck_error error;
	buf_init(&out, 2 * ARGS_MAX);
	args_init(&a);
	memset(piece, '1', sizeof(piece));
	args_feed(&a, str_of(starts[_i]), &out);
	for (int i = 0; i < 10; i++) {
		if (i ==
		    8) /* in the piece that passes the limit the name or string ends */
			memcpy(piece + 1000, "\":\"x\",", 7);
		args_feed(&a, (struct str){ piece, sizeof(piece) }, &out);
	}
	args_end(&a, &out);
	ck_assert(a.repairs & ARGS_DROPPED);
	ck_assert_uint_le(out.len, ARGS_MAX + 10);
	ck_assert(!out.has_failed);
	ck_assert_int_eq(jcheck(buf_str(&out), &error), 0);
	args_release(&a);
	buf_release(&out);
}
END_TEST

/* The caller knows more than the text shows. */
static const char *const cut[][2] = {
	{ "{", "{\"" ARGS_MARK "\":true}" },
	{ "{\"a", "{\"" ARGS_MARK "\":true}" },
	{ "{\"a\":1", "{\"a\":1,\"" ARGS_MARK "\":true}" },
	{ "{\"a\":[1,", "{\"a\":[1],\"" ARGS_MARK "\":true}" },
	{ "{\"a\":{", "{\"a\":{},\"" ARGS_MARK "\":true}" },
	{ "{\"a\":1}", "{\"a\":1}" }, /* nothing is missing */
};

START_TEST(what_is_known_to_be_cut_is_marked)
{
	struct args a;
	struct buf out;

	args_init(&a);
	buf_init(&out, 1000);
	a.is_cut = true;
	args_feed(&a, str_of(cut[_i][0]), &out);
	args_end(&a, &out);
	buf_addc(&out, '\0');
	ck_assert_str_eq(out.data, cut[_i][1]);
	buf_release(&out);
	args_release(&a);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("args");
	TCase *tcase = tcase_create("args");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, an_object_passes_as_it_is, 0, COUNT(fine));
	tcase_add_loop_test(tcase, what_is_known_to_be_cut_is_marked, 0,
			    sizeof(cut) / sizeof(cut[0]));
	tcase_add_loop_test(tcase, anything_becomes_an_object, 0, COUNT(repaired));
	tcase_add_loop_test(tcase, text_passes_at_once_and_the_undecided_is_held_back, 0,
			    COUNT(prompt));
	tcase_add_test(tcase, nesting_ends_at_the_limit);
	tcase_add_loop_test(tcase, size_ends_at_the_limit, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
