/* SPDX-License-Identifier: MIT */
/*
 * Calls that a server left in the text, in each dialect, and texts that only look like
 * them; each text in one piece, cut in two at every character, and in single characters.
 */
#include "config.h"

#include "translate/rescue.h"

#include <json-c/json.h>

#include "tests/unit/unit.h"
#include "translate/an_reply.h"
#include "translate/jget.h"
#include "translate/stream.h"

#define LS(args) "C ls " args "\n"
#define SEP	 "<｜tool▁sep｜>"
#define DSML	 "｜DSML｜"
#define M3	 "]<]minimax[>["
/* what is expected: T text, R thinking, C name arguments; a line each */
static const struct row {
	const char *name;
	enum model_dialect dialect;
	const char *said, *expected;
} rows[] = {
	{ "Kimi", MODEL_DIALECT_KIMI,
	  "Look.<|tool_calls_section_begin|><|tool_call_begin|>functions.ls:0<|tool_call_"
	  "argument_begin|>{\"path\": \"/a<|b\"}<|tool_call_end|><|tool_call_begin|>"
	  "functions.ls:1<|tool_call_argument_begin|>{\"path\": \"/b\"}<|tool_call_end|>"
	  "<|tool_calls_section_end|>",
	  "T Look.\n" LS("{\"path\":\"/a<|b\"}") LS("{\"path\":\"/b\"}") },
	{ "Kimi, without the section, then a token and text", MODEL_DIALECT_KIMI,
	  "<|tool_call_begin|>functions.ls:0<|tool_call_argument_begin|>{}<|tool_call_"
	  "end|>"
	  "<|tool_calls_section_end|>Done.<|im_end|>",
	  LS("{}") "T Done.\n" },
	{ "Kimi, an undeclared name", MODEL_DIALECT_KIMI,
	  "<|tool_call_begin|>functions.rm:0<|tool_call_argument_begin|>{}<|tool_call_"
	  "end|>",
	  "T <|tool_call_begin|>functions.rm:0<|tool_call_argument_begin|>{}<|tool_call_"
	  "end|>\n" },
	{ "Hermes", MODEL_DIALECT_HERMES,
	  "I look.\n<tool_call>\n{\"name\": \"ls\", \"arguments\": {\"path\": "
	  "\"</tool_call>\"}}\n</tool_call>",
	  "T I look.\n\nC ls {\"path\":\"</tool_call>\"}\n" },
	{ "Hermes, two, arguments as a string", MODEL_DIALECT_HERMES,
	  "<tool_call>{\"name\":\"ls\",\"arguments\":\"{\\\"path\\\":\\\"/\\\"}\"}</"
	  "tool_call>"
	  "\n<tool_call>{\"name\":\"ls\"}</tool_call>",
	  LS("{\"path\":\"/\"}") LS("{}") },
	{ "Hermes, no end mark", MODEL_DIALECT_HERMES,
	  "<tool_call>{\"name\":\"ls\",\"arguments\":{\"path\":\"/\"}}",
	  LS("{\"path\":\"/\"}") },
	{ "Hermes, an undeclared name", MODEL_DIALECT_HERMES,
	  "<tool_call>{\"name\":\"rm\",\"arguments\":{}}</tool_call> so",
	  "T <tool_call>{\"name\":\"rm\",\"arguments\":{}}</tool_call> so\n" },
	{ "Hermes, one of two undeclared", MODEL_DIALECT_HERMES,
	  "<tool_call>[{\"name\":\"ls\"},{\"name\":\"rm\"}]</tool_call>",
	  "T <tool_call>[{\"name\":\"ls\"},{\"name\":\"rm\"}]</tool_call>\n" },
	{ "words about the markup", MODEL_DIALECT_HERMES,
	  "Write <tool_call> and then </tool_call>, or a<b.",
	  "T Write <tool_call> and then </tool_call>, or a<b.\n" },
	{ "inside a fence", MODEL_DIALECT_HERMES,
	  "So:\n```\n<tool_call>{\"name\":\"ls\"}</tool_call>\n```\n"
	  "<tool_call>{\"name\":\"ls\"}</tool_call>",
	  "T So:\n```\n<tool_call>{\"name\":\"ls\"}</tool_call>\n```\n\n" LS("{}") },
	{ "cut off inside", MODEL_DIALECT_HERMES, "<tool_call>{\"name\":\"ls\",\"argu",
	  "T <tool_call>{\"name\":\"ls\",\"argu\n" },
	{ "no dialect", MODEL_DIALECT_NONE, "<tool_call>{\"name\":\"ls\"}</tool_call>",
	  "T <tool_call>{\"name\":\"ls\"}</tool_call>\n" },
	{ "Qwen, types by the schema", MODEL_DIALECT_QWEN,
	  "<tool_call>\n<function=ls>\n<parameter=path>\n5\n</"
	  "parameter>\n<parameter=n>\n7\n"
	  "</parameter>\n<parameter=other>true</parameter>\n<parameter=list>[1]</"
	  "parameter>\n"
	  "</function>\n</tool_call>",
	  LS("{\"path\":\"5\",\"n\":7,\"other\":\"true\",\"list\":[1]}") },
	{ "Qwen, a function alone, with a bullet", MODEL_DIALECT_QWEN,
	  "● <function=ls><parameter=path>a\nb</parameter></function></tool_call>",
	  LS("{\"path\":\"a\\nb\"}") },
	{ "Qwen, JSON in the tag", MODEL_DIALECT_QWEN,
	  "<function=ls{\"path\": \"/\"}</function>", LS("{\"path\":\"/\"}") },
	{ "Qwen, two in one", MODEL_DIALECT_QWEN,
	  "<tool_call><function=ls></function><function=ls><parameter=n>x</parameter>"
	  "</function></tool_call>",
	  LS("{}") LS("{\"n\":\"x\"}") },
	{ "Qwen, Hermes' form", MODEL_DIALECT_QWEN,
	  "<tool_call>{\"name\":\"ls\",\"arguments\":{}}</tool_call>", LS("{}") },
	{ "Qwen, an undeclared name", MODEL_DIALECT_QWEN, "<function=rm></function>",
	  "T <function=rm></function>\n" },
	{ "GLM", MODEL_DIALECT_GLM,
	  "<tool_call>ls\n<arg_key>path</arg_key>\n<arg_value>/a</arg_value>\n<arg_key>n"
	  "</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
	  LS("{\"path\":\"/a\",\"n\":3}") },
	{ "GLM, no arguments", MODEL_DIALECT_GLM, "<tool_call>ls</tool_call>", LS("{}") },
	{ "GLM, an undeclared name", MODEL_DIALECT_GLM, "<tool_call>rm</tool_call>",
	  "T <tool_call>rm</tool_call>\n" },
	{ "DeepSeek V3.1", MODEL_DIALECT_DEEPSEEK,
	  "Ja<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ls" SEP
	  "{\"path\":\"ä\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
	  "T Ja\n" LS("{\"path\":\"ä\"}") },
	{ "DeepSeek R1", MODEL_DIALECT_DEEPSEEK,
	  "<｜tool▁call▁begin｜>function" SEP
	  "ls\n```json\n{\"path\":\"/\"}\n```<｜tool▁call▁end｜>",
	  LS("{\"path\":\"/\"}") },
	{ "DeepSeek V4", MODEL_DIALECT_DEEPSEEK,
	  "<" DSML "tool_calls>\n<" DSML "invoke name=\"ls\">\n<" DSML
	  "parameter name=\"path\" string=\"true\">1</x></" DSML "parameter>\n<" DSML
	  "parameter name=\"n\" string=\"false\">2</" DSML "parameter>\n</" DSML
	  "invoke>\n</" DSML "tool_calls>",
	  LS("{\"path\":\"1</x>\",\"n\":2}") },
	{ "DeepSeek, an undeclared name", MODEL_DIALECT_DEEPSEEK,
	  "<｜tool▁call▁begin｜>rm" SEP "{}<｜tool▁call▁end｜>",
	  "T <｜tool▁call▁begin｜>rm" SEP "{}<｜tool▁call▁end｜>\n" },
	{ "MiniMax M2", MODEL_DIALECT_MINIMAX,
	  "<minimax:tool_call>\n<invoke name=\"ls\">\n<parameter "
	  "name=\"path\">/</parameter>"
	  "\n</invoke>\n<invoke name=\"ls\"></invoke></minimax:tool_call>",
	  LS("{\"path\":\"/\"}") LS("{}") },
	{ "MiniMax M3", MODEL_DIALECT_MINIMAX,
	  M3 "<tool_call>" M3 "<invoke name=\"ls\">" M3 "<parameter name=\"n\">1" M3
	     "</parameter>" M3 "</invoke>" M3 "</tool_call>",
	  LS("{\"n\":1}") },
	{ "MiniMax, a stray mark", MODEL_DIALECT_MINIMAX, "a" M3 "b", "T ab\n" },
	{ "MiniMax, an undeclared name", MODEL_DIALECT_MINIMAX,
	  "<minimax:tool_call><invoke name=\"rm\"></invoke></minimax:tool_call>",
	  "T <minimax:tool_call><invoke name=\"rm\"></invoke></minimax:tool_call>\n" },
	{ "Llama, python tag", MODEL_DIALECT_LLAMA,
	  "<|python_tag|>{\"name\": \"ls\", \"parameters\": {\"path\": \"/\"}}<|eom_id|>",
	  LS("{\"path\":\"/\"}") },
	{ "Llama, bare", MODEL_DIALECT_LLAMA,
	  "\n{\"name\": \"ls\", \"parameters\": {}}; {\"name\": \"ls\", \"parameters\": "
	  "{\"n\":1}}",
	  LS("{}") LS("{\"n\":1}") },
	{ "Llama, JSON that is an answer", MODEL_DIALECT_LLAMA, "{\"answer\": 5}",
	  "T {\"answer\": 5}\n" },
	{ "Llama, JSON behind words", MODEL_DIALECT_LLAMA, "So {\"name\": \"ls\"}",
	  "T So {\"name\": \"ls\"}\n" },
	{ "Mistral, a list", MODEL_DIALECT_MISTRAL,
	  "Ok[TOOL_CALLS][{\"name\": \"ls\", \"arguments\": {\"path\": \"/\"}}]",
	  "T Ok\n" LS("{\"path\":\"/\"}") },
	{ "Mistral, a name", MODEL_DIALECT_MISTRAL,
	  "[TOOL_CALLS]ls[ARGS]{\"n\": 1}[TOOL_CALLS]ls[ARGS]{}",
	  LS("{\"n\":1}") LS("{}") },
	{ "Mistral, an undeclared name", MODEL_DIALECT_MISTRAL, "[TOOL_CALLS]rm[ARGS]{}",
	  "T [TOOL_CALLS]rm[ARGS]{}\n" },
	{ "Harmony", MODEL_DIALECT_HARMONY,
	  "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>"
	  "commentary "
	  "to=functions.ls <|constrain|>json<|message|>{\"path\":\"/\"}<|call|>",
	  "R Hm.\n" LS("{\"path\":\"/\"}") },
	{ "Harmony, the recipient first", MODEL_DIALECT_HARMONY,
	  "<|start|>assistant to=functions.ls<|channel|>commentary "
	  "json<|message|>{}<|call|>",
	  LS("{}") },
	{ "Harmony, the final channel", MODEL_DIALECT_HARMONY,
	  "<|start|>assistant<|channel|>final<|message|>Hello.<|return|>", "T Hello.\n" },
	{ "Harmony, an undeclared name", MODEL_DIALECT_HARMONY,
	  "<|channel|>commentary to=functions.rm<|message|>{}<|call|>",
	  "T <|channel|>commentary to=functions.rm<|message|>{}<|call|>\n" },
};

static const char tools[] = "[{\"name\":\"ls\",\"input_schema\":{\"type\":\"object\","
			    "\"properties\":{\"path\":"
			    "{\"type\":[\"string\",\"null\"]},\"n\":{\"type\":"
			    "\"integer\"},\"other\":{},\"list\":"
			    "{\"type\":\"array\"}}}}]";

/* One answer: its machine and what it is written to. */
struct run {
	struct pool pool;
	struct stream stream;
	struct an_reply reply;
	uint8_t random;
};

static void make_random(void *context, uint8_t *bytes, size_t len)
{
	struct run *run = context;

	for (size_t i = 0; i < len; i++)
		bytes[i] = run->random++;
}

static struct oa_name names_list[] = { { STR("ls"), STR("ls") } };
static const struct oa_names names = { .list = names_list, .count = 1 };

static void begin(struct run *run, enum model_dialect dialect)
{
	struct stream_config config = { .message_id = STR("msg_1"),
					.model = STR("m"),
					.names = &names,
					.dialect = dialect,
					.random = make_random,
					.random_context = run };

	pool_init(&run->pool, NULL);
	run->random = 0;
	config.tools = jget_parse(str_of(tools));
	pool_own_json(&run->pool, config.tools);
	an_reply_init(&run->reply, &run->pool, 1 << 20);
	stream_init(&run->stream, &run->pool, &config,
		    (struct an_sink){ &an_reply_ops, &run->reply });
}

static void say(struct run *run, bool is_reasoning, const char *text, size_t len)
{
	struct oa_chunk chunk = { .kind = OA_DELTA };

	*(is_reasoning ? &chunk.reasoning : &chunk.content) = (struct str){ text, len };
	stream_chunk(&run->stream, &chunk);
}

static void put_block(struct buf *b, struct json_object *block)
{
	const char *type = json_object_get_string(jget_member(block, "type"));

	if (strcmp(type, "text") == 0)
		buf_addf(b, "T %s\n", json_object_get_string(jget_member(block, "text")));
	else if (strcmp(type, "thinking") == 0)
		buf_addf(b, "R %s\n",
			 json_object_get_string(jget_member(block, "thinking")));
	else
		buf_addf(b, "C %s %s\n",
			 json_object_get_string(jget_member(block, "name")),
			 json_object_to_json_string_ext(jget_member(block, "input"),
							JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void end_as(struct run *run, const char *expected, const char *name)
{
	struct oa_chunk chunk = { .kind = OA_DELTA, .finish = OA_FINISH_STOP };
	struct buf *got = pool_buf(&run->pool, 1 << 20);
	struct json_object *root, *content;

	stream_chunk(&run->stream, &chunk);
	stream_finish(&run->stream);
	root = jget_parse(buf_str(run->reply.out));
	pool_own_json(&run->pool, root);
	content = jget_member(root, "content");
	for (size_t i = 0; i < json_object_array_length(content); i++)
		put_block(got, json_object_array_get_idx(content, i));
	buf_addc(got, '\0');
	ck_assert_msg(strcmp(got->data, expected) == 0, "%s: got\n%s", name, got->data);
	pool_release(&run->pool);
}

static bool is_start(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

START_TEST(calls_are_found_wherever_the_text_is_cut)
{
	const struct row *row = &rows[_i];
	size_t len = strlen(row->said), from = 0;
	struct run run;

	for (size_t cut = 0; cut < len; cut++) {
		if (!is_start(row->said[cut]))
			continue;
		begin(&run, row->dialect);
		say(&run, false, row->said, cut);
		say(&run, false, row->said + cut, len - cut);
		end_as(&run, row->expected, row->name);
	}
	begin(&run, row->dialect);
	for (size_t at = 1; at <= len; at++) {
		if (at < len && !is_start(row->said[at]))
			continue;
		say(&run, false, row->said + from, at - from);
		from = at;
	}
	end_as(&run, row->expected, row->name);
}
END_TEST

START_TEST(calls_are_found_in_reasoning)
{
	static const char said[] = "Hm. <tool_call>{\"name\":\"ls\"}</tool_call>";
	struct run run;

	for (size_t cut = 0; cut < sizeof(said); cut++) {
		begin(&run, MODEL_DIALECT_HERMES);
		say(&run, true, said, cut);
		say(&run, true, said + cut, sizeof(said) - 1 - cut);
		say(&run, false, "Text", 4);
		end_as(&run, "R Hm. \n" LS("{}") "T Text\n", "reasoning");
	}
}
END_TEST

START_TEST(what_is_held_keeps_its_order)
{
	struct run run;

	begin(&run, MODEL_DIALECT_HERMES);
	say(&run, false, "a <to", 5);
	say(&run, true, "Hm", 2);
	say(&run, false, "ol_call>", 8);
	end_as(&run, "T a <to\nR Hm\nT ol_call>\n", "order");
}
END_TEST

START_TEST(a_block_without_end_is_text_in_the_end)
{
	static char word[1 << 16];
	struct run run;
	struct rescue *r;

	memset(word, 'x', sizeof(word));
	begin(&run, MODEL_DIALECT_HERMES);
	say(&run, false, "<tool_call>{", 12);
	r = &run.stream.sides[0].rescue;
	for (int i = 0; i < 20; i++) {
		say(&run, false, word, sizeof(word));
		ck_assert_uint_le(r->held->len, RESCUE_BLOCK_MAX + sizeof(word));
	}
	ck_assert_int_ge(run.stream.text_quarters, 4);
	pool_release(&run.pool);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("rescue");
	TCase *t = tcase_create("[N41 U2.6]");

	tcase_add_loop_test(t, calls_are_found_wherever_the_text_is_cut, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, calls_are_found_in_reasoning);
	tcase_add_test(t, what_is_held_keeps_its_order);
	tcase_add_test(t, a_block_without_end_is_text_in_the_end);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
