/* SPDX-License-Identifier: MIT */
/* Names of tools: legal upstream, never two alike, and back as the client wrote them. */
#include "config.h"

#include "translate/oa_tools.h"

#include "tests/unit/unit.h"
#include "translate/jput.h"

#define LONG_60 "mcp__a_very_long_server_name__and_a_tool_whose_name_goes_on_"

static const char *const clients[] = {
	"Bash",
	"mcp__files__read-file_2",
	"mcp.dots.and spaces",
	"mcp.dots.and.spaces",
	"mcp_dots_and_spaces",
	"h\xc3\xb6ren",
	LONG_60 "0123",
	LONG_60 "01234",
	LONG_60 "01235",
	"{\"a\":1}",
};
enum { CLIENTS = sizeof(clients) / sizeof(clients[0]) };

static struct pool pool;
static struct oa_names names;

static int read_names(const char *const *list, size_t count)
{
	struct an_request request;
	struct jget_error error = { "" };
	struct buf *b = pool_buf(&pool, 1 << 16);

	buf_lit(b, "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
		   "\"content\":\"a\"}],"
		   "\"tools\":[");
	for (size_t i = 0; i < count; i++) {
		buf_adds(b, i ? STR(",{\"name\":") : STR("{\"name\":"));
		jput_str(b, str_of(list[i]));
		buf_addc(b, '}');
	}
	buf_lit(b, "]}");
	ck_assert_int_eq(an_request_read(&request, &pool, buf_str(b), true, &error), 0);
	return oa_tools_names(&names, &request, &pool, &error);
}

static bool is_legal(struct str name)
{
	if (name.len < 1 || name.len > OA_TOOL_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
			    "89_-",
			    name.ptr[i]))
			return false;
	return true;
}

static void set_up(void)
{
	pool_init(&pool, NULL);
	ck_assert_int_eq(read_names(clients, CLIENTS), 0);
	ck_assert_uint_eq(names.count, CLIENTS);
}

static void tear_down(void)
{
	pool_release(&pool);
}

START_TEST(every_name_is_legal_and_comes_back)
{
	struct str upstream = oa_tools_upstream(&names, &pool, str_of(clients[_i]));

	ck_assert_msg(is_legal(upstream), "%s -> %.*s", clients[_i], STR_ARG(upstream));
	ck_assert(str_eq(oa_tools_client(&names, upstream), str_of(clients[_i])));
}
END_TEST

START_TEST(legal_names_stay_as_they_are)
{
	static const char *const legal[] = { "Bash", "mcp__files__read-file_2",
					     LONG_60 "0123" };

	for (size_t i = 0; i < 3; i++)
		ck_assert(str_eq(oa_tools_upstream(&names, &pool, str_of(legal[i])),
				 str_of(legal[i])));
}
END_TEST

START_TEST(no_two_names_meet)
{
	for (size_t i = 0; i < CLIENTS; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(
				!str_eq(names.list[i].upstream, names.list[j].upstream),
				"%s and %s", clients[i], clients[j]);
}
END_TEST

START_TEST(a_name_that_was_made_for_another_is_not_given_twice)
{
	/* the second is exactly what the first one is mapped to */
	struct str made = oa_tools_upstream(&names, &pool, STR("mcp.dots.and.spaces"));
	const char *const both[] = { made.ptr, "mcp.dots.and.spaces" };

	ck_assert_int_eq(read_names(both, 2), 0);
	ck_assert(str_eq(names.list[0].upstream, made));
	ck_assert(!str_eq(names.list[1].upstream, made));
	ck_assert(is_legal(names.list[1].upstream));
}
END_TEST

START_TEST(a_name_of_the_history_is_mapped_without_being_declared)
{
	struct str upstream = oa_tools_upstream(&names, &pool, STR("gone.tool"));

	ck_assert(is_legal(upstream));
	ck_assert(str_eq(upstream, oa_tools_upstream(&names, &pool, STR("gone.tool"))));
}
END_TEST

START_TEST(what_was_not_declared_comes_back_as_it_is)
{
	ck_assert(str_eq(oa_tools_client(&names, STR("never_seen")), STR("never_seen")));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("translate_oa_tools");
	TCase *t = tcase_create("names");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, every_name_is_legal_and_comes_back, 0, CLIENTS);
	tcase_add_test(t, legal_names_stay_as_they_are);
	tcase_add_test(t, no_two_names_meet);
	tcase_add_test(t, a_name_that_was_made_for_another_is_not_given_twice);
	tcase_add_test(t, a_name_of_the_history_is_mapped_without_being_declared);
	tcase_add_test(t, what_was_not_declared_comes_back_as_it_is);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
