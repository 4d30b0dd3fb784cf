/* SPDX-License-Identifier: MIT */
/* The frame of a request: what is read into which field, and how wrong types are told. */
#include "config.h"

#include "translate/an_request.h"

#include "tests/unit/unit.h"
#include "translate/buf.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]"
#define HEAD	 "{\"model\":\"m\",\"max_tokens\":5," MESSAGES

static struct pool pool;
static struct an_request request;
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

static int read_body(const char *body)
{
	return an_request_read(&request, &pool, str_of(body), true, &error);
}

static void must_read(const char *body)
{
	ck_assert_msg(read_body(body) == 0, "%s: %s", body, error.text);
}

static const struct {
	const char *body, *error;
} wrong[] = {
	{ "", "The request body is not valid JSON: " },
	{ "{\"model\":", "The request body is not valid JSON: " },
	{ "null", "The request body must be a JSON object" },
	{ "\"a\"", "The request body must be a JSON object" },
	{ "{}", "model: Field required" },
	{ "{\"model\":null}", "model: Field required" },
	{ "{\"model\":5}", "model: Input should be a valid string" },
	{ "{\"model\":\"m\"}", "messages: Field required" },
	{ "{\"model\":\"m\",\"messages\":{}}", "messages: Input should be a valid list" },
	{ "{\"model\":\"m\"," MESSAGES "}", "max_tokens: Field required" },
	{ "{\"model\":\"m\",\"max_tokens\":\"5\"," MESSAGES "}",
	  "max_tokens: Input should be a valid integer" },
	{ "{\"model\":\"m\",\"max_tokens\":1.5," MESSAGES "}",
	  "max_tokens: Input should be a valid integer" },
	{ "{\"model\":\"m\",\"max_tokens\":-1," MESSAGES "}",
	  "max_tokens: Input should be greater than or equal to 1" },
	{ "{\"model\":\"m\",\"max_tokens\":99999999999999999999," MESSAGES "}",
	  "max_tokens: Input should be " },
	{ HEAD ",\"stream\":1}", "stream: Input should be a valid boolean" },
	{ HEAD ",\"system\":5}", "system: Input should be a valid string or list" },
	{ HEAD ",\"tools\":{}}", "tools: Input should be a valid list" },
	{ HEAD ",\"tool_choice\":\"auto\"}", "tool_choice: Input should be an object" },
	{ HEAD ",\"thinking\":true}", "thinking: Input should be an object" },
	{ HEAD ",\"thinking\":{\"type\":1}}",
	  "thinking.type: Input should be a valid string" },
	{ HEAD ",\"output_config\":[]}", "output_config: Input should be an object" },
	{ HEAD ",\"output_config\":{\"effort\":1}}",
	  "output_config.effort: Input should be a valid string" },
	{ HEAD ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":1}}}",
	  "output_config.format.schema: Input should be an object" },
	{ HEAD ",\"output_format\":{\"type\":\"json_schema\",\"schema\":1}}",
	  "output_format.schema: Input should be an object" },
	{ HEAD ",\"temperature\":\"hot\"}",
	  "temperature: Input should be a valid number" },
	{ HEAD ",\"top_p\":2}", "top_p: Input should be less than or equal to 1" },
	{ HEAD ",\"top_k\":-1}", "top_k: Input should be greater than or equal to 0" },
	{ HEAD ",\"stop_sequences\":[\"a\",1]}",
	  "stop_sequences.1: Input should be a valid string" },
	{ HEAD ",\"safeguards\":[]}", "safeguards: not supported by this proxy" },
};

START_TEST(a_wrong_body_is_told_with_its_path)
{
	ck_assert_int_eq(read_body(wrong[_i].body), -1);
	ck_assert_msg(str_has_prefix(str_of(error.text), str_of(wrong[_i].error)),
		      "%s: %s", wrong[_i].body, error.text);
}
END_TEST

START_TEST(what_is_absent_or_null_has_its_default)
{
	must_read(HEAD
		  ",\"stream\":null,\"system\":null,\"tools\":null,\"thinking\":null,"
		  "\"output_config\":null,\"stop_sequences\":null,"
		  "\"temperature\":null,\"safeguards\":null}");
	ck_assert(!request.is_stream && !request.system && !request.tools);
	ck_assert(!request.stop_sequences && !request.schema && !request.has_temperature);
	ck_assert_int_eq(request.thinking, AN_THINKING_UNSAID);
	ck_assert_uint_eq(request.effort.len, 0);
}
END_TEST

START_TEST(every_field_is_read)
{
	must_read(HEAD ",\"stream\":true,\"temperature\":0,\"top_p\":0.5,\"top_k\":7,"
		       "\"output_config\":{\"effort\":\"high\"}}");
	ck_assert(str_eq(request.model, STR("m")) && request.is_stream);
	ck_assert_int_eq(request.max_tokens, 5);
	ck_assert(request.has_temperature && request.has_top_p && request.has_top_k);
	ck_assert(request.temperature == 0 && request.top_p == 0.5);
	ck_assert_int_eq(request.top_k, 7);
	ck_assert(str_eq(request.effort, STR("high")));
}
END_TEST

static const struct {
	const char *thinking;
	enum an_thinking expected;
} thoughts[] = {
	{ "{\"type\":\"enabled\",\"budget_tokens\":1024}", AN_THINKING_ENABLED },
	{ "{\"type\":\"adaptive\",\"display\":\"updates\"}", AN_THINKING_ENABLED },
	{ "{\"type\":\"between_tools\"}", AN_THINKING_ENABLED },
	{ "{\"type\":\"disabled\"}", AN_THINKING_DISABLED },
	{ "{}", AN_THINKING_UNSAID },
};

START_TEST(thinking_is_wanted_not_wanted_or_unsaid)
{
	must_read(pool_strf(&pool, HEAD ",\"thinking\":%s}", thoughts[_i].thinking).ptr);
	ck_assert_int_eq(request.thinking, thoughts[_i].expected);
}
END_TEST

static const struct {
	const char *member;
	bool has_schema;
} formats[] = {
	{ "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{}}}",
	  true },
	{ "\"output_format\":{\"type\":\"json_schema\",\"schema\":{}}", true },
	{ "\"output_config\":{\"format\":null}", false },
	{ "\"output_config\":{\"format\":{\"type\":\"text\",\"schema\":{}}}", false },
	{ "\"output_config\":{\"format\":{\"type\":\"json_schema\"}}", false },
};

START_TEST(a_schema_is_found_under_both_names)
{
	must_read(pool_strf(&pool, HEAD ",%s}", formats[_i].member).ptr);
	ck_assert_int_eq(request.schema != NULL, formats[_i].has_schema);
}
END_TEST

START_TEST(counting_tokens_needs_no_max_tokens)
{
	ck_assert_int_eq(an_request_read(&request, &pool,
					 STR("{\"model\":\"m\"," MESSAGES "}"), false,
					 &error),
			 0);
	ck_assert_int_eq(request.max_tokens, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("translate_an_request");
	TCase *t = tcase_create("frame");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_wrong_body_is_told_with_its_path, 0,
			    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, what_is_absent_or_null_has_its_default);
	tcase_add_test(t, every_field_is_read);
	tcase_add_loop_test(t, thinking_is_wanted_not_wanted_or_unsaid, 0,
			    sizeof(thoughts) / sizeof(thoughts[0]));
	tcase_add_loop_test(t, a_schema_is_found_under_both_names, 0,
			    sizeof(formats) / sizeof(formats[0]));
	tcase_add_test(t, counting_tokens_needs_no_max_tokens);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
