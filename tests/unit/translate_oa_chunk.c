/* SPDX-License-Identifier: MIT */
/*
 * Chunks of every stack behind the gateway.  Each row's result is written as words: the
 * kind, then c:content r:reasoning, calls as [index id name arguments], f:finish, s:stop
 * reason, u:input/cached/output/reasoning, e:code.  Absent parts are left out.
 */
#include "config.h"

#include "translate/oa_chunk.h"
#include "translate/buf.h"

#include "tests/unit/unit.h"

static const char *const kinds[] = { "delta", "done", "fault", "garbage" };
static const char *const finishes[] = { "none",	  "stop",    "length", "tools",
					"filter", "context", "other" };

static void write_calls(struct buf *b, const struct oa_chunk *c)
{
	for (size_t i = 0; i < c->call_count; i++) {
		const struct oa_call *call = &c->calls[i];
		buf_addf(b, " [%d", (int)call->index);
		if (call->id.len)
			buf_addf(b, " %.*s", STR_ARG(call->id));
		if (call->name.len)
			buf_addf(b, " %.*s", STR_ARG(call->name));
		if (call->has_arguments)
			buf_addf(b, " <%.*s>", STR_ARG(call->arguments));
		buf_lit(b, "]");
	}
}

static void write_chunk(struct buf *b, const struct oa_chunk *c)
{
	buf_adds(b, str_of(kinds[c->kind]));
	if (c->content.len)
		buf_addf(b, " c:%.*s", STR_ARG(c->content));
	if (c->reasoning.len)
		buf_addf(b, " r:%.*s", STR_ARG(c->reasoning));
	write_calls(b, c);
	if (c->finish)
		buf_addf(b, " f:%s", finishes[c->finish]);
	if (c->stop_reason.len)
		buf_addf(b, " s:%.*s", STR_ARG(c->stop_reason));
	if (c->has_usage)
		buf_addf(b, " u:%lld/%lld/%lld/%lld", (long long)c->usage.input_tokens,
			 (long long)c->usage.cached_tokens,
			 (long long)c->usage.output_tokens,
			 (long long)c->usage.reasoning_tokens);
	if (c->error_code)
		buf_addf(b, " e:%d", c->error_code);
	if (c->error_message.len)
		buf_addf(b, " m:%.*s", STR_ARG(c->error_message));
	buf_addc(b, '\0');
}

#define CHOICE(delta) "{\"choices\":[{\"index\":0,\"delta\":" delta "}]}"
#define CALL(call)    CHOICE("{\"tool_calls\":[" call "]}")

struct row {
	const char *name, *data, *out;
};

/* Read without a tree and without memory. */
static const struct row common[] = {
	{ "Dynamo",
	  "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi "
	  "you\",\"role\":\"assistant\"},\"finish_reason\":null,\"logprobs\":null}],"
	  "\"created\":1763900000,\"model\":\"a/b\",\"object\":\"chat.completion.chunk\","
	  "\"usage\":null}",
	  "delta c:Hi you" },
	{ "vLLM",
	  "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
	  "\"model\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"Hm\"},"
	  "\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}",
	  "delta r:Hm" },
	{ "blanks everywhere",
	  " {\t\"choices\" : [ { \"index\" : 0 , \"delta\" : { \"content\" : \"x\" } } ] "
	  "}\r\n",
	  "delta c:x" },
	{ "reasoning_content", CHOICE("{\"reasoning_content\":\"Hm\",\"content\":null}"),
	  "delta r:Hm" },
	{ "both reasoning fields",
	  CHOICE("{\"reasoning\":\"a\",\"reasoning_content\":\"a\"}"), "delta r:a" },
	{ "an empty reasoning_content beside reasoning",
	  CHOICE("{\"reasoning\":\"a\",\"reasoning_content\":\"\"}"), "delta r:a" },
	{ "nulls",
	  CHOICE("{\"role\":null,\"content\":null,\"reasoning_content\":null,"
		 "\"tool_calls\":null}"),
	  "delta" },
	{ "empties", CHOICE("{\"role\":\"\",\"content\":\"\"}"), "delta" },
	{ "an empty delta", CHOICE("{}"), "delta" },
	{ "characters beyond ASCII", CHOICE("{\"content\":\"\xc3\xa4\xf0\x9f\x98\x80\"}"),
	  "delta c:\xc3\xa4\xf0\x9f\x98\x80" },
};

/* Read without a tree, text unescaped in the pool. */
static const struct row escaped[] = {
	{ "short escapes", CHOICE("{\"content\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
	  "delta c:\"\\/\b\f\n\r\t" },
	{ "code points", CHOICE("{\"content\":\"\\u0041\\u00e4\\u20AC\"}"),
	  "delta c:A\xc3\xa4\xe2\x82\xac" },
};

static const struct row unusual[] = {
	{ "a surrogate pair", CHOICE("{\"content\":\"\\ud83d\\ude00\"}"),
	  "delta c:\xf0\x9f\x98\x80" },
	{ "a lone surrogate", CHOICE("{\"content\":\"a\\ud83db\"}"),
	  "delta c:a\xef\xbf\xbd"
	  "b" },
	{ "done", "[DONE]", "done" },
	{ "done with blanks", " [DONE] ", "done" },
	{ "no JSON", "{\"choices\":[{\"delta\":{\"content\":\"x\"", "garbage" },
	{ "two objects", CHOICE("{}") "{}", "garbage" },
	{ "NaN", "{\"choices\":[],\"created\":NaN}", "garbage" },
	{ "null", "null", "garbage" },
	{ "array", "[]", "garbage" },
	{ "text", "\"x\"", "garbage" },
	{ "number", "1", "garbage" },
	{ "empty", "", "garbage" },
	{ "no choices", "{\"id\":\"x\",\"object\":\"chat.completion.chunk\"}", "delta" },
	{ "choices null", "{\"choices\":null}", "delta" },
	{ "choices of another type", "{\"choices\":{\"0\":1}}", "delta" },
	{ "a choice of another type", "{\"choices\":[1]}", "delta" },
	{ "another choice", "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}",
	  "delta" },
	{ "two choices",
	  "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}},{\"index\":0,"
	  "\"delta\":{"
	  "\"content\":\"y\"}}]}",
	  "delta c:y" },
	{ "content of another type", CHOICE("{\"content\":7,\"role\":[]}"), "delta" },
	{ "delta of another type", CHOICE("[\"x\"]"), "delta" },
	{ "a name with an escape", CHOICE("{\"c\\u006fntent\":\"a\"}"), "delta c:a" },
	{ "the last of two", CHOICE("{\"content\":\"a\",\"content\":\"b\"}"),
	  "delta c:b" },
	{ "finish with content",
	  "{\"choices\":[{\"delta\":{\"content\":\"l\"},\"finish_reason\":\"stop\","
	  "\"stop_reason\":\"lo\"}]}",
	  "delta c:l f:stop s:lo" },
	{ "a stop reason that is a token",
	  "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":128009}"
	  "]}",
	  "delta f:stop" },
	{ "Dynamo's stop reason",
	  "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
	  "\"nvext\":{\"stop_reason\":\"lo\"}}",
	  "delta f:stop s:lo" },
	{ "length", "{\"choices\":[{\"finish_reason\":\"length\"}]}", "delta f:length" },
	{ "tool_calls", "{\"choices\":[{\"finish_reason\":\"tool_calls\"}]}",
	  "delta f:tools" },
	{ "function_call", "{\"choices\":[{\"finish_reason\":\"function_call\"}]}",
	  "delta f:tools" },
	{ "content_filter", "{\"choices\":[{\"finish_reason\":\"content_filter\"}]}",
	  "delta f:filter" },
	{ "context",
	  "{\"choices\":[{\"finish_reason\":\"model_context_window_exceeded\"}]}",
	  "delta f:context" },
	{ "an unknown finish", "{\"choices\":[{\"finish_reason\":\"abort\"}]}",
	  "delta f:other" },
	{ "an empty finish", "{\"choices\":[{\"finish_reason\":\"\"}]}", "delta" },
	{ "usage",
	  "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
	  "\"total_tokens\":15}}",
	  "delta u:10/0/5/0" },
	{ "cached and reasoning tokens",
	  "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":8},"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":3}}}",
	  "delta u:2/8/5/3" },
	{ "more cached than there are",
	  "{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":80},"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":30}}}",
	  "delta u:0/10/5/5" },
	{ "usage out of range",
	  "{\"usage\":{\"prompt_tokens\":-4,\"completion_tokens\":1e300}}",
	  "delta u:0/0/9007199254740992/0" },
	{ "usage of other types", "{\"usage\":{\"prompt_tokens\":\"x\"}}", "delta" },
	{ "usage that is null", "{\"choices\":[],\"usage\":null}", "delta" },
	{ "details that are null",
	  "{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,"
	  "\"prompt_tokens_details\":null}}",
	  "delta u:1/0/2/0" },
	{ "a whole call",
	  CALL("{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{"
	       "\"name\":"
	       "\"ls\",\"arguments\":\"{}\"}}"),
	  "delta [0 call_1 ls <{}>]" },
	{ "two calls in one delta",
	  CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":"
	       "\"1\"}},"
	       "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":"
	       "\"\"}}"),
	  "delta [0 a x <1>] [1 b y <>]" },
	{ "a fragment", CALL("{\"index\":2,\"function\":{\"arguments\":\"{\\\"\"}}"),
	  "delta [2 <{\">]" },
	{ "no index, id null",
	  CALL("{\"id\":null,\"function\":{\"name\":\"x\",\"arguments\":null}}"),
	  "delta [-1 x]" },
	{ "arguments as an object",
	  CALL("{\"index\":0,\"function\":{\"arguments\":{\"a\":[1,\"b\"]}}}"),
	  "delta [0 <{\"a\":[1,\"b\"]}>]" },
	{ "indexes outside",
	  CALL("{\"index\":-1,\"id\":\"a\"},{\"index\":128,\"id\":\"b\"},"
	       "{\"index\":127,\"id\":\"c\"},{\"index\":\"0\",\"id\":\"d\"}"),
	  "delta [127 c] [-1 d]" },
	{ "calls of other types", CALL("null,1,\"x\",[]"), "delta" },
	{ "vLLM's error in a stream",
	  "{\"error\": {\"message\": \"m\", \"type\": \"x\", \"param\": null, \"code\": "
	  "500}}",
	  "fault e:500 m:{\"error\": {\"message\": \"m\", \"type\": \"x\", \"param\": "
	  "null, "
	  "\"code\": 500}}" },
	{ "an error as text", "{\"error\":\"no\"}", "fault m:{\"error\":\"no\"}" },
	{ "Dynamo's flat error",
	  "{\"message\":\"m\",\"type\":\"Bad Request\",\"code\":400}",
	  "fault e:400 m:{\"message\":\"m\",\"type\":\"Bad Request\",\"code\":400}" },
	{ "problem details",
	  "{\"type\":\"urn:x\",\"title\":\"t\",\"status\":422,\"detail\":\"d\"}",
	  "fault e:422 "
	  "m:{\"type\":\"urn:x\",\"title\":\"t\",\"status\":422,\"detail\":\"d\"}" },
	{ "FastAPI", "{\"detail\":\"Not Found\"}", "fault m:{\"detail\":\"Not Found\"}" },
	{ "a code that is a word", "{\"error\":{\"code\":\"context_length_exceeded\"}}",
	  "fault m:{\"error\":{\"code\":\"context_length_exceeded\"}}" },
	{ "a code that is digits", "{\"error\":{\"code\":\"503\"}}",
	  "fault e:503 m:{\"error\":{\"code\":\"503\"}}" },
	{ "error null beside choices", "{\"error\":null,\"choices\":[]}", "delta" },
	{ "error empty beside choices", "{\"error\":{},\"choices\":[]}", "delta" },
};

static void check_row(const struct row *row, bool is_common, bool is_light)
{
	struct pool p, p2;
	struct oa_chunk chunk, fast;
	struct buf words;
	pool_init(&p, NULL);
	pool_init(&p2, NULL);
	buf_init(&words, 65536);
	oa_chunk_read(&chunk, &p, str_of(row->data));
	write_chunk(&words, &chunk);
	ck_assert_msg(!strcmp(words.data, row->out), "%s: %s", row->name, words.data);
	ck_assert_msg(oa_chunk_fast(&fast, &p2, str_of(row->data)) == is_common, "%s",
		      row->name);
	if (is_light)
		ck_assert_msg(!p.blocks && !p.roots && !p.bufs, "%s", row->name);
	if (is_common) {
		oa_chunk_slow(&chunk, &p, str_of(row->data));
		buf_clear(&words);
		write_chunk(&words, &chunk);
		ck_assert_msg(!strcmp(words.data, row->out), "slow %s: %s", row->name,
			      words.data);
	}
	buf_release(&words);
	pool_release(&p);
	pool_release(&p2);
}

START_TEST(the_common_chunk_is_read_without_memory)
{
	check_row(&common[_i], true, true);
}
END_TEST

START_TEST(escapes_are_read_without_a_tree)
{
	check_row(&escaped[_i], true, false);
}
END_TEST

START_TEST(everything_else_is_read_from_a_tree)
{
	check_row(&unusual[_i], false, false);
}
END_TEST

/* What is nearly the common chunk must not be mistaken for it. */
static const char *const near[] = {
	CHOICE("{\"content\":\"\x01\"}"),
	CHOICE("{\"content\":\"\\x\"}"),
	CHOICE("{\"content\":\"\\u00g0\"}"),
	CHOICE("{\"content\":\"\\u00\"}"),
	CHOICE("{\"content\":\"a\"") "",
	CHOICE("{\"content\":\"a\",}"),
	CHOICE("{\"content\":nul}"),
	CHOICE("{\"content\":nullx}"),
	CHOICE("{content:\"a\"}"),
	CHOICE("{\"a\":01}"),
	CHOICE("{\"a\":-}"),
	CHOICE("{\"a\":+1}"),
	CHOICE("{\"a\":truE}"),
	CHOICE("{\"a\":'x'}"),
	CHOICE("{}") "x",
	"{\"choices\":[{\"delta\":{\"content\":\"a\"}},]}",
	"{\"choices\":[{\"delta\":{\"content\":\"a\\",
	"{\"choices\":[{\"delta\":{\"content\":\"a\\\"",
	"{\"choices\":[{\"delta\":{\"content\":\"a",
	"{,\"choices\":[{\"delta\":{}}]}",
};

START_TEST(what_is_not_json_is_garbage)
{
	struct pool p;
	struct oa_chunk chunk;
	pool_init(&p, NULL);
	oa_chunk_read(&chunk, &p, str_of(near[_i]));
	ck_assert_msg(chunk.kind == OA_GARBAGE, "%s", near[_i]);
	pool_release(&p);
}
END_TEST

START_TEST(no_data_at_all_is_garbage)
{
	struct pool p;
	struct oa_chunk chunk;
	pool_init(&p, NULL);
	oa_chunk_read(&chunk, &p, (struct str){ NULL, 0 });
	ck_assert_int_eq(chunk.kind, OA_GARBAGE);
	pool_release(&p);
}
END_TEST

START_TEST(wrong_utf8_is_replaced)
{
	struct pool p;
	struct oa_chunk chunk;
	pool_init(&p, NULL);
	oa_chunk_read(&chunk, &p, STR(CHOICE("{\"content\":\"a\xff.\xe2\x82\"}")));
	ck_assert(str_eq(chunk.content, STR("a\xef\xbf\xbd.\xef\xbf\xbd")));
	pool_release(&p);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("oa_chunk");
	TCase *t = tcase_create("chunks");
	tcase_add_loop_test(t, the_common_chunk_is_read_without_memory, 0,
			    sizeof(common) / sizeof(common[0]));
	tcase_add_loop_test(t, escapes_are_read_without_a_tree, 0,
			    sizeof(escaped) / sizeof(escaped[0]));
	tcase_add_loop_test(t, everything_else_is_read_from_a_tree, 0,
			    sizeof(unusual) / sizeof(unusual[0]));
	tcase_add_loop_test(t, what_is_not_json_is_garbage, 0,
			    sizeof(near) / sizeof(near[0]));
	tcase_add_test(t, no_data_at_all_is_garbage);
	tcase_add_test(t, wrong_utf8_is_replaced);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
