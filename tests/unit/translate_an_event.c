/* SPDX-License-Identifier: MIT */
/* The streaming events, as the Messages API's reference shows them. */
#include "config.h"

#include "translate/an_event.h"

#include "tests/unit/unit.h"

static const struct an_sink_ops *const ops = &an_event_ops;

static void say_start(struct buf *b)
{
	struct an_start s = {
		STR("msg_1"),
		STR("claude \"x\""),
		{ .input_tokens = 25, .cached_tokens = 3, .output_tokens = 1 }
	};
	ops->start(b, &s);
}

static void say_text(struct buf *b)
{
	ops->block_begin(b, 0, AN_TEXT, STR("ignored"), STR("ignored"));
	ops->block_piece(b, 0, AN_TEXT, STR("Hi\n\"\xff"));
	ops->block_end(b, 0, AN_TEXT, STR("ignored"));
}

static void say_thinking(struct buf *b)
{
	ops->block_begin(b, 1, AN_THINKING, (struct str){ 0 }, (struct str){ 0 });
	ops->block_piece(b, 1, AN_THINKING, STR("hm"));
	ops->block_end(b, 1, AN_THINKING, STR("c2ln"));
}

static void say_tool(struct buf *b)
{
	ops->block_begin(b, 12, AN_TOOL_USE, STR("toolu_1"), STR("Read"));
	ops->block_piece(b, 12, AN_TOOL_USE, STR("{\"a\":"));
	ops->block_piece(b, 12, AN_TOOL_USE, STR("1}"));
	ops->block_end(b, 12, AN_TOOL_USE, (struct str){ 0 });
}

static void say_finish(struct buf *b)
{
	struct an_usage usage = { .input_tokens = 7,
				  .cached_tokens = 2,
				  .output_tokens = 9 };
	ops->finish(b, AN_END_TURN, STR("ignored"), &usage);
}

static void say_stop_sequence(struct buf *b)
{
	struct an_usage usage = { .input_tokens = 1, .output_tokens = 1 };
	ops->finish(b, AN_STOP_SEQUENCE, STR("\nEND"), &usage);
}

static void say_still_here(struct buf *b)
{
	ops->block_piece(b, 3, AN_TEXT, (struct str){ NULL, 0 });
}

static void say_error(struct buf *b)
{
	struct an_error e = { .kind = AN_OVERLOADED, .message = STR("Busy.") };
	an_event_error(b, &e, STR("req_1"));
}

static const struct {
	const char *name;
	void (*say)(struct buf *b);
	const char *out;
} rows[] = {
	{ "start", say_start,
	  "event: message_start\n"
	  "data: "
	  "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":"
	  "\"message\","
	  "\"role\":\"assistant\",\"model\":\"claude \\\"x\\\"\",\"content\":[],"
	  "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,"
	  "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":3,"
	  "\"output_tokens\":1}}}\n\n" },
	{ "text", say_text,
	  "event: content_block_start\n"
	  "data: {\"type\":\"content_block_start\",\"index\":0,"
	  "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":0,"
	  "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\\n\\\"\xef\xbf\xbd\"}}\n\n"
	  "event: content_block_stop\n"
	  "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n" },
	{ "thinking", say_thinking,
	  "event: content_block_start\n"
	  "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":"
	  "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":1,"
	  "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":1,"
	  "\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n"
	  "event: content_block_stop\n"
	  "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n" },
	{ "tool", say_tool,
	  "event: content_block_start\n"
	  "data: {\"type\":\"content_block_start\",\"index\":12,\"content_block\":"
	  "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"Read\",\"input\":{}}}\n\n"
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":12,"
	  "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}"
	  "\n\n"
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":12,"
	  "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}}\n\n"
	  "event: content_block_stop\n"
	  "data: {\"type\":\"content_block_stop\",\"index\":12}\n\n" },
	{ "finish", say_finish,
	  "event: message_delta\n"
	  "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
	  "\"stop_sequence\":null},\"usage\":{\"input_tokens\":7,"
	  "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":2,"
	  "\"output_tokens\":9}}\n\n"
	  "event: message_stop\n"
	  "data: {\"type\":\"message_stop\"}\n\n" },
	{ "stop sequence", say_stop_sequence,
	  "event: message_delta\n"
	  "data: "
	  "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"stop_sequence\","
	  "\"stop_sequence\":\"\\nEND\"},\"usage\":{\"input_tokens\":1,"
	  "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
	  "\"output_tokens\":1}}\n\n"
	  "event: message_stop\n"
	  "data: {\"type\":\"message_stop\"}\n\n" },
	{ "ping", an_event_ping, "event: ping\ndata: {\"type\":\"ping\"}\n\n" },
	{ "still here", say_still_here,
	  "event: content_block_delta\n"
	  "data: {\"type\":\"content_block_delta\",\"index\":3,"
	  "\"delta\":{\"type\":\"text_delta\",\"text\":\"\"}}\n\n" },
	{ "error", say_error,
	  "event: error\n"
	  "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	  "\"message\":\"Busy.\"},\"request_id\":\"req_1\"}\n\n" },
};

START_TEST(an_event_is_written_as_the_reference_shows_it)
{
	struct buf b;
	buf_init(&b, 65536);
	rows[_i].say(&b);
	buf_addc(&b, '\0');
	ck_assert_msg(!strcmp(b.data, rows[_i].out), "%s:\n%s", rows[_i].name, b.data);
	buf_release(&b);
}
END_TEST

/* Messages API reference, "stop_reason". */
START_TEST(stop_reasons_have_the_api_s_names)
{
	ck_assert_str_eq(an_stop_names[AN_END_TURN], "end_turn");
	ck_assert_str_eq(an_stop_names[AN_MAX_TOKENS], "max_tokens");
	ck_assert_str_eq(an_stop_names[AN_STOP_SEQUENCE], "stop_sequence");
	ck_assert_str_eq(an_stop_names[AN_STOP_TOOL_USE], "tool_use");
	ck_assert_str_eq(an_stop_names[AN_REFUSAL], "refusal");
	ck_assert_str_eq(an_stop_names[AN_CONTEXT_EXCEEDED],
			 "model_context_window_exceeded");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("an_event");
	TCase *t = tcase_create("events");
	tcase_add_loop_test(t, an_event_is_written_as_the_reference_shows_it, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, stop_reasons_have_the_api_s_names);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
