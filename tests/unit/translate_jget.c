/* SPDX-License-Identifier: MIT */
/* Typed reads: what is there, what is absent, and how a wrong type is told. */
#include "config.h"

#include "translate/jget.h"

#include <math.h>

#include "tests/unit/unit.h"
#include "translate/jcheck.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

static const char document[] =
	"{\"s\":\"text\",\"empty\":\"\",\"t\":true,\"f\":false,\"i\":42,\"neg\":-7,\"d\":"
	"2.0,"
	"\"e\":1e3,\"half\":0.5,\"nil\":null,\"a\":[1],\"o\":{\"x\":1},"
	"\"i64\":9223372036854775807,\"u64\":9223372036854775808,"
	"\"huge\":99999999999999999999999,\"low\":-99999999999999999999999,\"inf\":"
	"1e999}";

/* messages.1.content.0 */
static const struct jget_path messages = { NULL, "messages", 0 };
static const struct jget_path second = { &messages, NULL, 1 };
static const struct jget_path content = { &second, "content", 0 };
static const struct jget_path place = { &content, NULL, 0 };

enum reader { GET_STR, GET_BOOL, GET_INT, GET_DOUBLE, GET_ARRAY, GET_OBJECT };

static const struct {
	enum reader reader;
	const char *name;
	int result;
	const char *error;
} reads[] = {
	{ GET_STR, "s", 1, "" },
	{ GET_STR, "empty", 1, "" },
	{ GET_STR, "nil", 0, "" },
	{ GET_STR, "absent", 0, "" },
	{ GET_STR, "i", -1, "messages.1.content.0.i: Input should be a valid string" },
	{ GET_STR, "o", -1, "messages.1.content.0.o: Input should be a valid string" },
	{ GET_BOOL, "t", 1, "" },
	{ GET_BOOL, "f", 1, "" },
	{ GET_BOOL, "nil", 0, "" },
	{ GET_BOOL, "i", -1, "messages.1.content.0.i: Input should be a valid boolean" },
	{ GET_BOOL, "s", -1, "messages.1.content.0.s: Input should be a valid boolean" },
	{ GET_INT, "i", 1, "" },
	{ GET_INT, "neg", 1, "" },
	{ GET_INT, "i64", 1, "" },
	{ GET_INT, "absent", 0, "" },
	{ GET_INT, "d", -1, "messages.1.content.0.d: Input should be a valid integer" },
	{ GET_INT, "e", -1, "messages.1.content.0.e: Input should be a valid integer" },
	{ GET_INT, "t", -1, "messages.1.content.0.t: Input should be a valid integer" },
	{ GET_INT, "s", -1, "messages.1.content.0.s: Input should be a valid integer" },
	{ GET_INT, "u64", -1,
	  "messages.1.content.0.u64: Input should be less than or equal to "
	  "9223372036854775807" },
	{ GET_INT, "huge", -1,
	  "messages.1.content.0.huge: Input should be less than or equal to "
	  "9223372036854775807" },
	{ GET_INT, "low", -1,
	  "messages.1.content.0.low: Input should be greater than or equal to -1000" },
	{ GET_DOUBLE, "half", 1, "" },
	{ GET_DOUBLE, "i", 1, "" },
	{ GET_DOUBLE, "e", 1, "" },
	{ GET_DOUBLE, "nil", 0, "" },
	{ GET_DOUBLE, "t", -1, "messages.1.content.0.t: Input should be a valid number" },
	{ GET_DOUBLE, "s", -1, "messages.1.content.0.s: Input should be a valid number" },
	{ GET_DOUBLE, "neg", -1,
	  "messages.1.content.0.neg: Input should be greater than or equal to -0.5" },
	{ GET_DOUBLE, "inf", -1,
	  "messages.1.content.0.inf: Input should be less than or equal to 1000" },
	{ GET_ARRAY, "a", 1, "" },
	{ GET_ARRAY, "nil", 0, "" },
	{ GET_ARRAY, "o", -1, "messages.1.content.0.o: Input should be a valid list" },
	{ GET_OBJECT, "o", 1, "" },
	{ GET_OBJECT, "absent", 0, "" },
	{ GET_OBJECT, "a", -1, "messages.1.content.0.a: Input should be an object" },
};

struct values {
	struct str text;
	bool flag;
	int64_t integer;
	double number;
	struct json_object *node;
};

static int read_one(struct json_object *root, enum reader reader, const char *name,
		    struct values *v, struct jget_error *error)
{
	switch (reader) {
	case GET_STR:
		return jget_str(root, name, &place, &v->text, error);
	case GET_BOOL:
		return jget_bool(root, name, &place, &v->flag, error);
	case GET_INT:
		return jget_int(root, name, &place, -1000, INT64_MAX, &v->integer, error);
	case GET_DOUBLE:
		return jget_double(root, name, &place, -0.5, 1000, &v->number, error);
	case GET_ARRAY:
		return jget_array(root, name, &place, &v->node, error);
	case GET_OBJECT:
		return jget_object(root, name, &place, &v->node, error);
	}
	return -2;
}

START_TEST(readers_tell_right_absent_and_wrong)
{
	struct json_object *root = jget_parse(str_of(document));
	ck_assert_ptr_nonnull(root);
	struct jget_error error = { "" };
	struct values v = { { NULL, 99 }, true, 99, 99, NULL }, untouched = v;
	int result = read_one(root, reads[_i].reader, reads[_i].name, &v, &error);
	ck_assert_int_eq(result, reads[_i].result);
	ck_assert_str_eq(error.text, reads[_i].error);
	if (result != 1) {
		ck_assert(v.text.len == untouched.text.len && v.flag == untouched.flag);
		ck_assert(v.integer == untouched.integer && !v.node);
		ck_assert(fabs(v.number - untouched.number) < 1e-9);
	}
	ck_assert_int_eq(read_one(root, reads[_i].reader, reads[_i].name, &v, NULL),
			 result);
	json_object_put(root);
}
END_TEST

START_TEST(readers_give_the_values)
{
	struct json_object *root = jget_parse(str_of(document)), *node = NULL;
	struct str text = STR("x");
	bool flag = false;
	int64_t integer = 0;
	double number = 0;
	ck_assert_int_eq(jget_str(root, "s", NULL, &text, NULL), 1);
	ck_assert(str_eq(text, STR("text")));
	ck_assert_int_eq(jget_str(root, "empty", NULL, &text, NULL), 1);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_int_eq(jget_bool(root, "t", NULL, &flag, NULL), 1);
	ck_assert(flag);
	ck_assert_int_eq(jget_int(root, "neg", NULL, -7, -7, &integer, NULL), 1);
	ck_assert_int_eq(integer, -7);
	ck_assert_int_eq(jget_int(root, "i64", NULL, 0, INT64_MAX, &integer, NULL), 1);
	ck_assert(integer == INT64_MAX);
	ck_assert_int_eq(jget_double(root, "i", NULL, 0, 42, &number, NULL), 1);
	ck_assert(fabs(number - 42) < 1e-9);
	ck_assert_int_eq(jget_array(root, "a", NULL, &node, NULL), 1);
	ck_assert_uint_eq(json_object_array_length(node), 1);
	ck_assert_ptr_eq(jget_member(root, "a"), node);
	ck_assert_ptr_null(jget_member(root, "nil"));
	ck_assert_ptr_null(jget_member(root, "absent"));
	ck_assert(jget_is(root, "s", STR("text")));
	ck_assert(!jget_is(root, "s", STR("tex")));
	ck_assert(!jget_is(root, "i", STR("42")));
	ck_assert(!jget_is(root, "absent", STR("")));
	json_object_put(root);
}
END_TEST

START_TEST(range_errors_name_the_bound)
{
	struct json_object *root = jget_parse(STR("{\"max_tokens\":0,\"top_p\":1.5}"));
	struct jget_error error;
	int64_t integer;
	double number;
	ck_assert_int_eq(jget_int(root, "max_tokens", NULL, 1, 100, &integer, &error),
			 -1);
	ck_assert_str_eq(error.text,
			 "max_tokens: Input should be greater than or equal to 1");
	ck_assert_int_eq(jget_int(root, "max_tokens", NULL, -9, -1, &integer, &error),
			 -1);
	ck_assert_str_eq(error.text,
			 "max_tokens: Input should be less than or equal to -1");
	ck_assert_int_eq(jget_double(root, "top_p", NULL, 0, 1, &number, &error), -1);
	ck_assert_str_eq(error.text, "top_p: Input should be less than or equal to 1");
	json_object_put(root);
}
END_TEST

START_TEST(paths_start_at_the_root_and_long_ones_are_cut_between_characters)
{
	struct jget_error error;
	ck_assert_int_eq(jget_fail(&error, NULL, "Field required"), -1);
	ck_assert_str_eq(error.text, "Field required");
	ck_assert_int_eq(jget_fail(NULL, NULL, "Field required"), -1);
	jget_fail(&error, &messages, "Field required");
	ck_assert_str_eq(error.text, "messages: Field required");

	char name[400];
	for (int shift = 0; shift < 3; shift++) {
		memset(name, 'a', sizeof(name));
		for (size_t i = (size_t)shift; i + 3 < sizeof(name); i += 3)
			memcpy(name + i, "\xe6\xbc\xa2", 3);
		name[sizeof(name) - 1] = '\0';
		struct jget_path leaf = { NULL, name, 0 };
		jget_fail(&error, &leaf, "Field required");
		size_t len = strlen(error.text);
		ck_assert_uint_lt(len, JGET_ERROR_MAX);
		ck_assert_uint_ge(len, JGET_ERROR_MAX - 3);
		ck_assert_uint_eq((len - (size_t)shift) % 3, 0);
	}
}
END_TEST

static const struct {
	const char *in, *out; /* the string in the tree */
	size_t len;
} strings[] = {
	{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4 },
	{ "\"\\ud800\"", "\xef\xbf\xbd", 3 },
	{ "\"a\\udc00b\"",
	  "a\xef\xbf\xbd"
	  "b",
	  5 },
	{ "\"\\ud800\\ud800\"", "\xef\xbf\xbd\xef\xbf\xbd", 6 },
	{ "\"\\ud800x\"", "\xef\xbf\xbdx", 4 },
	{ "\"\\ud800\\n\"", "\xef\xbf\xbd\n", 4 },
	{ "\"a\\u0000b\"", "a\0b", 3 },
	{ "\"\\/\\u00e9\"", "/\xc3\xa9", 3 },
};

START_TEST(strings_come_decoded_and_lone_surrogates_replaced)
{
	struct json_object *root = jget_parse(str_of(strings[_i].in));
	ck_assert(json_object_is_type(root, json_type_string));
	struct str text = jget_text(root);
	ck_assert(str_eq(text, (struct str){ strings[_i].out, strings[_i].len }));
	json_object_put(root);
}
END_TEST

/* What jcheck() passes at its limit of depth, json-c takes too. */
START_TEST(parses_to_the_depth_that_is_checked)
{
	char text[2 * JCHECK_DEPTH + 1];
	memset(text, '[', JCHECK_DEPTH);
	text[JCHECK_DEPTH] = '1';
	memset(text + JCHECK_DEPTH + 1, ']', JCHECK_DEPTH);
	struct str deep = { text, sizeof(text) };
	struct jcheck_error error;
	ck_assert_int_eq(jcheck(deep, &error), 0);
	struct json_object *root = jget_parse(deep);
	ck_assert_ptr_nonnull(root);
	json_object_put(root);
}
END_TEST

START_TEST(parses_scalars_alone)
{
	struct json_object *root = jget_parse(STR("12"));
	ck_assert(json_object_is_type(root, json_type_int));
	ck_assert_int_eq(json_object_get_int(root), 12);
	json_object_put(root);
	root = jget_parse(STR(" true "));
	ck_assert(json_object_is_type(root, json_type_boolean));
	json_object_put(root);
	ck_assert_ptr_null(jget_parse(STR("null")));
	ck_assert_ptr_null(jget_parse(STR("{\"cut\":")));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("jget");
	TCase *tcase = tcase_create("jget");
	tcase_add_loop_test(tcase, readers_tell_right_absent_and_wrong, 0, COUNT(reads));
	tcase_add_test(tcase, readers_give_the_values);
	tcase_add_test(tcase, range_errors_name_the_bound);
	tcase_add_test(tcase,
		       paths_start_at_the_root_and_long_ones_are_cut_between_characters);
	tcase_add_loop_test(tcase, strings_come_decoded_and_lone_surrogates_replaced, 0,
			    COUNT(strings));
	tcase_add_test(tcase, parses_to_the_depth_that_is_checked);
	tcase_add_test(tcase, parses_scalars_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
