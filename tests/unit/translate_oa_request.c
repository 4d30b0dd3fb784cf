/* SPDX-License-Identifier: MIT */
/*
 * What the golden cases can't show: the order of members, prefixes that stay, bodies that
 * are large or built to be slow, and a buffer that is too small.
 */
#include "config.h"

#include "translate/oa_request.h"

#include <time.h>

#include "tests/unit/unit.h"

enum {
	BODY_MAX = 64 << 20,
	MANY = 14000,	    /* near JCHECK_NODES for calls and results */
	MANY_TOOLS = 60000, /* the same for tools */
	SLOW_MS = 4000,	    /* CPU; sorted 0.1 s, searched 8 s and more */
};

#define HEAD "{\"model\":\"m\",\"max_tokens\":5,\"stream\":true"
#define USER "{\"role\":\"user\",\"content\":\"a\"}"

static const struct model model = { .id = { "v/m", 3 } };
static struct pool pool;
static struct oa_names names;
static struct jget_error error;

static void set_up(void)
{
	pool_init(&pool, NULL);
	memset(&error, 0, sizeof(error));
}

static void tear_down(void)
{
	pool_release(&pool);
}

static int put(struct buf *out, struct str body)
{
	struct an_request request;

	if (an_request_read(&request, &pool, body, true, &error) < 0)
		return -1;
	return oa_request_put(out, &request, &model, &names, &pool, &error);
}

static struct str translated(const char *body)
{
	struct buf *out = pool_buf(&pool, OA_REQUEST_MAX);

	ck_assert_msg(put(out, str_of(body)) == 0, "%s: %s", body, error.text);
	return buf_str(out);
}

START_TEST(members_stand_in_one_order)
{
	static const char *const members[] = {
		"{\"model\":",		 ",\"messages\":",    ",\"tools\":",
		",\"tool_choice\":",	 ",\"max_tokens\":",  ",\"stream\":",
		",\"stream_options\":",	 ",\"temperature\":", ",\"top_p\":",
		",\"response_format\":",
	};
	struct str out = translated(
		HEAD ",\"output_config\":{\"format\":{\"type\":\"json_schema\","
		     "\"schema\":{}}},"
		     "\"top_p\":0.5,\"temperature\":1,\"tool_choice\":{\"type\":\"any\"},"
		     "\"tools\":[{\"name\":\"a\"}],\"messages\":[" USER "]}");
	const char *text = pool_str(&pool, out).ptr, *at = text;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *found = strstr(at, members[i]);

		ck_assert_msg(found != NULL, "%s behind the others in %s", members[i],
			      text);
		at = found + 1;
	}
}
END_TEST

#define CALL                                                                             \
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\","      \
	"\"name\":\"ls\",\"input\":{}}]}"
#define RESULT                                                                           \
	"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","                     \
	"\"tool_use_id\":\"t\",\"content\":\"r\"}]}"

/* Each conversation goes on where the one before it ended. */
static const char *const turns[] = {
	USER,
	"{\"role\":\"system\",\"content\":\"env\"}",
	CALL,
	RESULT,
	"{\"role\":\"assistant\",\"content\":\"b\"}",
	"{\"role\":\"system\",\"content\":\"late\"}",
	USER,
};
/* How many of them are there when the client asks. */
static const size_t asked[] = { 1, 2, 4, 6, 7 };

/* Length of what two texts have in common at their beginnings. */
static size_t common(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
		n++;
	return n;
}

START_TEST(what_was_said_stays_a_prefix)
{
	struct str before = { NULL, 0 };

	for (size_t round = 0; round < sizeof(asked) / sizeof(asked[0]); round++) {
		struct buf *body = pool_buf(&pool, BODY_MAX);
		struct str out;
		const char *end;

		buf_lit(body, HEAD ",\"messages\":[");
		for (size_t i = 0; i < asked[round]; i++) {
			buf_adds(body, i ? STR(",") : STR(""));
			buf_adds(body, str_of(turns[i]));
		}
		buf_lit(body, "]}");
		buf_addc(body, '\0');
		out = translated(body->data);
		end = before.len ? strstr(before.ptr, "\"}],\"max_tokens\"") : NULL;
		if (end) /* turns end alike, and a user's last one may grow */
			ck_assert_uint_ge(common(before, out),
					  (size_t)(end - before.ptr));
		before = pool_str(&pool, out);
	}
}
END_TEST

START_TEST(a_buffer_too_small_is_told)
{
	struct buf *out = pool_buf(&pool, 40);

	ck_assert_int_eq(put(out, STR(HEAD ",\"messages\":[" USER "]}")), -1);
	ck_assert_str_eq(error.text, "The request is too large to be translated");
}
END_TEST

static void repeat(struct buf *b, const char *before, const char *after, size_t count,
		   bool is_falling)
{
	for (size_t i = 0; i < count; i++) {
		buf_adds(b, i ? STR(",") : STR(""));
		buf_adds(b, str_of(before));
		buf_addf(b, "%05zu", is_falling ? count - i : i + 1);
		buf_adds(b, str_of(after));
	}
}

static void many_tools(struct buf *b)
{
	buf_lit(b, HEAD ",\"messages\":[" USER "],\"tools\":[");
	repeat(b, "{\"name\":\"a.", "\"}", MANY_TOOLS, false);
	buf_lit(b, "]}");
}

static void many_notes(struct buf *b)
{
	buf_lit(b, HEAD ",\"messages\":[" USER ",");
	repeat(b, "{\"role\":\"system\",\"clear_at\":\"next_user_message\",\"x\":\"",
	       "\"}", 2 * MANY, false);
	buf_lit(b, "]}");
}

static void many_results(struct buf *b)
{
	buf_lit(b, HEAD ",\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":[");
	repeat(b, "{\"type\":\"tool_use\",\"name\":\"a\",\"id\":\"", "\"}", MANY, false);
	buf_lit(b, "]},{\"role\":\"user\",\"content\":[");
	repeat(b, "{\"type\":\"tool_result\",\"tool_use_id\":\"", "\"}", MANY, true);
	buf_lit(b, "]}]}");
}

static void old_names(struct buf *b)
{
	buf_lit(b, HEAD ",\"tools\":[");
	repeat(b, "{\"name\":\"n", "\"}", MANY_TOOLS / 2, false);
	buf_lit(b, "],\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":[");
	repeat(b, "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"z", "\"}", MANY / 2,
	       false);
	buf_lit(b, "]}]}");
}

static void (*const slow[])(struct buf *b) = { many_tools, many_notes, many_results,
					       old_names };

START_TEST(bodies_built_to_be_slow_are_not)
{
	struct buf *body = pool_buf(&pool, BODY_MAX);
	struct buf *out = pool_buf(&pool, OA_REQUEST_MAX);
	clock_t start;

	slow[_i](body);
	start = clock();
	ck_assert_msg(put(out, buf_str(body)) == 0, "%s", error.text);
	ck_assert_int_lt((clock() - start) * 1000 / CLOCKS_PER_SEC, SLOW_MS);
}
END_TEST

START_TEST(every_result_finds_its_call_among_many)
{
	struct buf *body = pool_buf(&pool, BODY_MAX);
	struct buf *out = pool_buf(&pool, OA_REQUEST_MAX);

	many_results(body);
	ck_assert_int_eq(put(out, buf_str(body)), 0);
	buf_addc(out, '\0');
	ck_assert_ptr_null(strstr(out->data, "no result"));
	ck_assert_ptr_null(strstr(out->data, "earlier tool call"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("translate_oa_request");
	TCase *t = tcase_create("body");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, members_stand_in_one_order);
	tcase_add_test(t, what_was_said_stays_a_prefix);
	tcase_add_test(t, a_buffer_too_small_is_told);
	tcase_add_loop_test(t, bodies_built_to_be_slow_are_not, 0,
			    sizeof(slow) / sizeof(slow[0]));
	tcase_add_test(t, every_result_finds_its_call_among_many);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
