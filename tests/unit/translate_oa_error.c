/* SPDX-License-Identifier: MIT */
/*
 * What a refusal means, asked with the bodies that NIM, Dynamo 1.6.1, vLLM 0.32.0 and
 * SGLang really send.
 */
#include "config.h"

#include "translate/oa_error.h"
#include "translate/oa_said.h"

#include "tests/unit/unit.h"

#define ACCOUNT	 "kX9_fQ2mZ-7LrT4uVb1sWc8dHe3gJ5nP6yAqRtBvCx0"
#define FUNCTION "0123abcd-4567-89ab-cdef-0123456789ab"

struct row {
	const char *name;
	int status;
	const char *body;
	enum an_error_kind kind;
	bool is_transient, want_no_retry;
	const char *part; /* stands in the message */
};

static const struct row rows[] = {
	{ "gateway 401", 401,
	  "{\"status\":401,\"title\":\"Unauthorized\",\"detail\":\"Authentication "
	  "failed\"}",
	  AN_API, false, true, "Authentication failed" },
	{ "401 says what to do", 401, "", AN_API, false, true, "NVIDIA_API_KEY" },
	{ "vLLM 401", 401, "{\"error\":\"Unauthorized\"}", AN_API, false, true,
	  "401: Unauthorized" },
	{ "402", 402, "{}", AN_API, false, true, "NVIDIA_API_KEY" },
	{ "403", 403,
	  "{\"status\":403,\"title\":\"Forbidden\",\"detail\":\"Authorization failed\"}",
	  AN_API, false, true, "403: Authorization failed" },
	{ "plain 404", 404, "404 page not found\n", AN_NOT_FOUND, false, false,
	  "\"vendor/big\", asked for as \"claude-x\" (404: 404 page not found)" },
	{ "404 says where to look", 404,
	  "{\"message\":\"Model not found\",\"type\":\"Not Found\",\"code\":404}",
	  AN_NOT_FOUND, false, false, "models.conf" },
	{ "404 without a body is not ready", 404, "", AN_OVERLOADED, true, false,
	  "has not started the model \"vendor/big\"" },
	{ "410", 410,
	  "{\"status\":410,\"detail\":\"The model 'X' has reached its end of life\"}",
	  AN_NOT_FOUND, false, false, "end of life" },
	{ "DEGRADED", 400,
	  "{\"status\":400,\"title\":\"Bad Request\",\"detail\":\"Function id '" FUNCTION
	  "': DEGRADED function cannot be invoked\"}",
	  AN_OVERLOADED, true, false, "vendor/big" },
	{ "Dynamo 400", 400,
	  "{\"message\":\"Validation: Unsupported parameter(s): `x`\",\"type\":\"Bad "
	  "Request\",\"code\":400}",
	  AN_INVALID_REQUEST, false, false,
	  "(400: Validation: Unsupported parameter(s): `x`)" },
	{ "vLLM 400", 400,
	  "{\"error\":{\"message\":\"no\",\"type\":\"BadRequestError\",\"param\":null,"
	  "\"code\":400}}",
	  AN_INVALID_REQUEST, false, false, "(400: no)" },
	{ "a string as error", 400, "{\"error\":\"Tool use has not been enabled.\"}",
	  AN_INVALID_REQUEST, false, false, "Tool use has not been enabled." },
	{ "400 without words", 400, "", AN_INVALID_REQUEST, false, false, "(400)" },
	{ "FastAPI 422", 422,
	  "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"x\",0],\"msg\":"
	  "\"Extra "
	  "inputs are not permitted\",\"input\":1},{\"msg\":\"two\"}]}",
	  AN_INVALID_REQUEST, false, false,
	  "body.x.0: Extra inputs are not permitted; two" },
	{ "NIM 1.x 422", 422,
	  "{\"type\":\"urn:x\",\"title\":\"Unprocessable "
	  "Entity\",\"status\":422,\"detail\":\"body "
	  "-> x\\n  Extra inputs\",\"instance\":\"/v2/nvcf/pexec/functions/" FUNCTION
	  "\"}",
	  AN_INVALID_REQUEST, false, false, "(422: body -> x Extra inputs)" },
	{ "413", 413, "<html><body>413</body></html>", AN_TOO_LARGE, false, false,
	  "413" },
	{ "429", 429, "{\"status\":429,\"title\":\"Too Many Requests\"}", AN_RATE_LIMIT,
	  true, false, "rate limit" },
	{ "a worker limit as 429", 429,
	  "{\"detail\":\"ResourceExhausted: Worker local total request limit reached "
	  "(16/16)\"}",
	  AN_OVERLOADED, true, false, "no free capacity" },
	{ "a worker limit as 503", 503,
	  "{\"error\":{\"message\":\"ResourceExhausted: Worker local total request limit "
	  "reached (16/16)\",\"type\":\"Service Unavailable\",\"code\":503}}",
	  AN_OVERLOADED, true, false, "no free capacity" },
	{ "500", 500, "{\"message\":\"secret words\",\"code\":500}", AN_OVERLOADED, true,
	  false, "failed (500)" },
	{ "501", 501, "", AN_BAD_UPSTREAM, false, true, "does not support" },
	{ "502", 502, "<html><h1>Bad Gateway</h1></html>", AN_OVERLOADED, true, false,
	  "failed (502)" },
	{ "503", 503, "{\"message\":\"Service is not ready\"}", AN_OVERLOADED, true,
	  false, "503" },
	{ "504", 504, "", AN_TIMEOUT, true, false, "too long" },
	{ "529", 529,
	  "{\"message\":\"Service temporarily "
	  "overloaded\",\"type\":\"Overloaded\",\"code\":529}",
	  AN_OVERLOADED, true, false, "no free capacity" },
	{ "520", 520, "", AN_OVERLOADED, true, false, "failed (520)" },
	{ "307", 307, "", AN_BAD_UPSTREAM, false, true, "redirect" },
	{ "202", 202, "", AN_BAD_UPSTREAM, true, false, "202" },
	{ "405", 405, "", AN_API, false, true, "405" },
	{ "in a stream: 500", 0,
	  "{\"error\":{\"message\":\"Internal server "
	  "error\",\"type\":\"internal_server_error\","
	  "\"code\":500}}",
	  AN_OVERLOADED, true, false, "failed (500)" },
	{ "in a stream: 503", 0,
	  "{\"error\":{\"message\":\"Service temporarily unavailable\",\"code\":503}}",
	  AN_OVERLOADED, true, false, "503" },
	{ "in a stream: flat", 0,
	  "{\"message\":\"no\",\"type\":\"Bad Request\",\"code\":400}",
	  AN_INVALID_REQUEST, false, false, "(400: no)" },
	{ "in a stream: text", 0, "it broke", AN_OVERLOADED, true, false,
	  "reported an error" },
	{ "JSON in a 200", 200, "{\"error\":{\"message\":\"x\",\"code\":\"504\"}}",
	  AN_TIMEOUT, true, false, "504" },
};

static struct pool pool;

static void set_up(void)
{
	pool_init(&pool, NULL);
}

static void tear_down(void)
{
	pool_release(&pool);
}

static struct oa_error ask(int status, const char *body, const char *retry_after)
{
	struct oa_error out;
	struct oa_error_in in = { .status = status,
				  .body = str_of(body),
				  .retry_after = str_of(retry_after),
				  .now_s = 784111777, /* Sun, 06 Nov 1994 08:49:37 GMT */
				  .model_id = STR("vendor/big"),
				  .model_asked = STR("claude-x") };
	oa_error_read(&out, &pool, &in);
	return out;
}

static const char *text(struct str s)
{
	return pool_str(&pool, s).ptr;
}

START_TEST(a_refusal_becomes_the_right_error)
{
	const struct row *row = &rows[_i];
	struct oa_error out = ask(row->status, row->body, "");
	ck_assert_msg(out.error.kind == row->kind, "%s: kind %d", row->name,
		      out.error.kind);
	ck_assert_msg(out.is_transient == row->is_transient, "%s", row->name);
	ck_assert_msg(out.error.want_no_retry == row->want_no_retry, "%s", row->name);
	ck_assert_msg(strstr(text(out.error.message), row->part) != NULL, "%s: %s",
		      row->name, text(out.error.message));
}
END_TEST

START_TEST(nothing_known_is_an_error_too)
{
	struct oa_error_in in = { .status = 0 };
	struct oa_error out;
	for (; in.status < 600; in.status += 100) {
		oa_error_read(&out, &pool, &in);
		ck_assert_uint_gt(out.error.message.len, 10);
	}
}
END_TEST

#define WINDOW "This model's maximum context length is "

/* Statuses 400 unless it says otherwise; every one is an invalid_request_error. */
static const struct {
	const char *body, *message;
} limits[] = {
	/* Dynamo */
	{ WINDOW "196608 tokens. However, your messages resulted in 199906 tokens. "
		 "Please reduce "
		 "the length of the messages.",
	  "prompt is too long: 199906 tokens > 196608 maximum" },
	/* vLLM 0.32: the number is one above the window, not the prompt's length */
	{ WINDOW "65536 tokens. However, your prompt contains at least 65537 input "
		 "tokens, which "
		 "exceeds this limit even without any output tokens. Please reduce the "
		 "length of "
		 "the input prompt. (parameter=input_tokens, value=65537)",
	  "prompt is too long: 65537 tokens > 65536 maximum" },
	{ WINDOW
	  "65536 tokens. However, your prompt contains 46000069 characters (more than "
	  "5242880 characters, which is the upper bound for 65536 input tokens). Please "
	  "reduce the length of the input prompt.",
	  "prompt is too long: 11500017 tokens > 65536 maximum" },
	/* vLLM 0.12 to 0.20 */
	{ WINDOW "16384 tokens. However, you requested 8192 output tokens and your "
		 "prompt contains "
		 "at least 8193 input tokens, for a total of at least 16385 tokens.",
	  "input length and `max_tokens` exceed context limit: 8193 + 8192 > 16384, "
	  "decrease input "
	  "length or `max_tokens` and try again" },
	{ WINDOW "16384 tokens. However, you requested 8192 output tokens and your "
		 "prompt contains "
		 "at least 20000 input tokens, for a total of at least 28192 tokens.",
	  "prompt is too long: 20000 tokens > 16384 maximum" },
	/* older */
	{ WINDOW
	  "4096 tokens. However, you requested 5000 tokens (3000 in the messages, 2000 "
	  "in "
	  "the completion). Please reduce the length of the messages or completion.",
	  "input length and `max_tokens` exceed context limit: 3000 + 2000 > 4096, "
	  "decrease input "
	  "length or `max_tokens` and try again" },
	{ "'max_tokens' or 'max_completion_tokens' is too large: 8192. " WINDOW
	  "16384 tokens and your request has 9000 input tokens (8192 > 16384 - 9000).",
	  "input length and `max_tokens` exceed context limit: 9000 + 8192 > 16384, "
	  "decrease input "
	  "length or `max_tokens` and try again" },
	{ "The decoder prompt (length 5000) is longer than the maximum model length of "
	  "4096.",
	  "prompt is too long: 5000 tokens > 4096 maximum" },
	/* SGLang */
	{ "The input (5000 tokens) is longer than the model's context length (4096 "
	  "tokens).",
	  "prompt is too long: 5000 tokens > 4096 maximum" },
	/* TensorRT-LLM, free-form */
	{ "PROMPT length (5,000) should not exceed max_input_len (4,096)",
	  "prompt is too long: 5000 tokens > 4096 maximum" },
	{ "total 9000 over max_seq_len, which is 8192 here",
	  "prompt is too long: 9000 tokens > 8192 maximum" },
	{ "max_tokens must be at least 1, got -46771. (parameter=max_tokens, "
	  "value=-46771)",
	  "prompt is too long: the conversation does not fit into the model's context "
	  "window" },
	{ "max_tokens (128000 > 8192) is not allowed",
	  "max_tokens: 128000 > 8192, which is the maximum allowed number of output "
	  "tokens for "
	  "this model" },
	{ "max_tokens is too large: 128000. This model supports at most 8192 completion "
	  "tokens",
	  "max_tokens: 128000 > 8192, which is the maximum allowed number of output "
	  "tokens for "
	  "this model" },
};

START_TEST(too_long_is_said_as_the_client_understands_it)
{
	const char *in_error = text(pool_strf(
		&pool, "{\"error\":{\"message\":\"%s\",\"code\":400}}", limits[_i].body));
	const char *flat = text(
		pool_strf(&pool, "{\"message\":\"%s\",\"code\":400}", limits[_i].body));
	struct oa_error answers[] = { ask(400, in_error, ""), ask(400, flat, ""),
				      ask(0, in_error, ""),
				      ask(400, limits[_i].body, "") };
	for (int i = 0; i < 4; i++) {
		ck_assert_str_eq(text(answers[i].error.message), limits[_i].message);
		ck_assert_int_eq(answers[i].error.kind, AN_INVALID_REQUEST);
		ck_assert(!answers[i].is_transient);
	}
}
END_TEST

START_TEST(a_code_is_enough_to_know_it_is_too_long)
{
	struct oa_error out = ask(
		400,
		"{\"error\":{\"message\":\"no\",\"code\":\"context_length_exceeded\"}}",
		"");
	ck_assert(str_has_prefix(out.error.message, STR("prompt is too long: ")));
}
END_TEST

/* {header, error.retry_after, retry_after} */
static const struct {
	const char *header;
	int told, asked;
} retries[] = {
	{ "", 10, 0 },
	{ "2", 2, 2 },
	{ " 7 ", 7, 7 },
	{ "0", 1, 1 },
	{ "60", 60, 60 },
	{ "300", 60, 300 },
	{ "99999999999999999999999999", 60, 3600 },
	{ "soon", 10, 0 },
	{ "-5", 10, 0 },
	{ "Sun, 06 Nov 1994 08:49:49 GMT", 12, 12 },
	{ "Sun, 06 Nov 1994 08:49:00 GMT", 1, 1 },
	{ "Mon, 07 Nov 1994 08:49:37 GMT", 60, 3600 },
	{ "Sun, 06 Foo 1994 08:49:49 GMT", 10, 0 },
	{ "Sun, 06 Nov 1994 08:49:4x GMT", 10, 0 },
};

START_TEST(retry_after_is_whole_and_within_a_minute)
{
	struct oa_error out = ask(429, "", retries[_i].header);
	ck_assert_int_eq(out.error.retry_after, retries[_i].told);
	ck_assert_int_eq(out.retry_after, retries[_i].asked);
}
END_TEST

/* as date -u -d says */
static const struct {
	const char *date;
	int64_t at;
} dates[] = {
	{ "Thu, 01 Jan 1970 00:00:10 GMT", 10 },
	{ "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
	{ "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 },
	{ "Mon, 23 Nov 2026 07:00:00 GMT", 1795417200 },
	{ "Wed, 29 Feb 2096 23:59:59 GMT", 3981398399 },
	{ "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
};

START_TEST(dates_are_read_exactly)
{
	struct str date = str_of(dates[_i].date);
	ck_assert_int_eq(oa_error_retry_after(date, dates[_i].at - 9), 9);
}
END_TEST

/* What must never reach a client, in each place where it could stand. */
static const struct {
	const char *name;
	int status;
	const char *body, *secret;
} secrets[] = {
	{ "account", 404,
	  "{\"detail\":\"Function '" FUNCTION "': Not found for account '" ACCOUNT "'\"}",
	  ACCOUNT },
	{ "short account", 404, "{\"detail\":\"Not found for account 'abc-def'\"}",
	  "abc-def" },
	{ "function", 404,
	  "{\"detail\":\"Function '" FUNCTION "': Not found for account '" ACCOUNT "'\"}",
	  FUNCTION },
	{ "function in a path", 400, "{\"detail\":\"/functions/" FUNCTION "/x\"}",
	  FUNCTION },
	{ "key", 400, "{\"error\":\"bad key nvapi-abc_DEF\"}", "abc_DEF" },
	{ "key behind letters", 400, "{\"error\":\"xNVAPI-abc_DEF\"}", "abc_DEF" },
	{ "token", 400, "{\"error\":\"Bearer eyJhbGciOiJIUzI1NiJ9abc\"}", "eyJhb" },
	{ "hex", 400, "{\"error\":\"trace 0123456789abcdef0123456789abcdef\"}",
	  "0123456789" },
	{ "tags", 400, "<html><script>x</script><body class=a>No</body></html>", "<" },
	{ "words of a 5xx", 500, "{\"error\":{\"message\":\"Traceback\"}}", "Traceback" },
	{ "line feeds", 400, "{\"error\":\"a\\nb\\u0001c\"}", "\n" },
};

START_TEST(secrets_never_reach_a_client)
{
	struct oa_error out = ask(secrets[_i].status, secrets[_i].body, "");
	ck_assert_msg(!strstr(text(out.error.message), secrets[_i].secret), "%s: %s",
		      secrets[_i].name, text(out.error.message));
	if (out.status < 500)
		ck_assert_msg(!strstr(text(out.said), secrets[_i].secret), "%s: %s",
			      secrets[_i].name, text(out.said));
}
END_TEST

static const struct {
	const char *in, *out;
} harmless[] = {
	{ "nvidia/llama-3.1-nemotron-ultra-253b-v1",
	  "nvidia/llama-3.1-nemotron-ultra-253b-v1" },
	{ "mcp__server__some_long_tool_name", "mcp__server__some_long_tool_name" },
	{ "qwen3-coder-480b-a35b-instruct", "qwen3-coder-480b-a35b-instruct" },
	{ "for the account of 'x'", "for the account of 'x'" },
	{ "  a \t\r\n b  ", "a b" },
	{ "\xc3\xa4\xff", "\xc3\xa4\xef\xbf\xbd" },
};

START_TEST(names_and_words_are_left_alone)
{
	ck_assert_str_eq(text(oa_said_redact(&pool, str_of(harmless[_i].in), 100)),
			 harmless[_i].out);
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	ck_assert_str_eq(text(oa_said_redact(&pool, STR("ab\xc3\xa4\xc3\xa4"), 5)),
			 "ab\xc3\xa4...");
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static Suite *make_suite(void)
{
	Suite *s = suite_create("oa_error");
	TCase *t = tcase_create("errors");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_refusal_becomes_the_right_error, 0, ROWS(rows));
	tcase_add_test(t, nothing_known_is_an_error_too);
	tcase_add_loop_test(t, too_long_is_said_as_the_client_understands_it, 0,
			    ROWS(limits));
	tcase_add_test(t, a_code_is_enough_to_know_it_is_too_long);
	tcase_add_loop_test(t, retry_after_is_whole_and_within_a_minute, 0,
			    ROWS(retries));
	tcase_add_loop_test(t, dates_are_read_exactly, 0, ROWS(dates));
	tcase_add_loop_test(t, secrets_never_reach_a_client, 0, ROWS(secrets));
	tcase_add_loop_test(t, names_and_words_are_left_alone, 0, ROWS(harmless));
	tcase_add_test(t, a_long_text_is_cut_between_characters);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
