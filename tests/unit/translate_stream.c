/* SPDX-License-Identifier: MIT */
/*
 * What the golden cases of the stream machine can't show: the state that the relay asks
 * for, early starts, another attempt.  Calls of the sink are written down as words.
 */
#include "config.h"

#include "translate/stream.h"

#include "tests/unit/unit.h"

static struct pool pool;
static struct buf *said;
static struct stream stream;

static void say_start(void *sink, const struct an_start *s)
{
	buf_addf(sink, "start:%d ", (int)s->usage.input_tokens);
}

static void say_begin(void *sink, size_t index, enum an_block type, struct str id,
		      struct str name)
{
	(void)id;
	buf_addf(sink, "begin:%d:%d:%.*s ", (int)index, (int)type, STR_ARG(name));
}

static void say_piece(void *sink, size_t index, enum an_block type, struct str piece)
{
	(void)index;
	(void)type;
	buf_addf(sink, "<%.*s> ", STR_ARG(piece));
}

static void say_end(void *sink, size_t index, enum an_block type, struct str signature)
{
	(void)type;
	buf_addf(sink, "end:%d%s ", (int)index, signature.len ? ":signed" : "");
}

static void say_finish(void *sink, enum an_stop stop, struct str stop_sequence,
		       const struct an_usage *usage)
{
	buf_addf(sink, "finish:%s:%d%.*s ", an_stop_names[stop],
		 (int)usage->output_tokens, STR_ARG(stop_sequence));
}

static const struct an_sink_ops ops = { say_start, say_begin, say_piece, say_end,
					say_finish };

static void no_random(void *context, uint8_t *bytes, size_t len)
{
	(void)context;
	memset(bytes, 1, len);
}

static void set_up(void)
{
	struct stream_config config = {
		.message_id = STR("msg_1"),
		.model = STR("m"),
		.input_estimate = 9,
		.random = no_random, /* names NULL: a request without tools */
	};
	pool_init(&pool, NULL);
	said = pool_buf(&pool, 65536);
	stream_init(&stream, &pool, &config, (struct an_sink){ &ops, said });
}

static void tear_down(void)
{
	pool_release(&pool);
}

static void take_text(const char *text)
{
	struct oa_chunk chunk = { .kind = OA_DELTA, .content = str_of(text) };
	stream_chunk(&stream, &chunk);
}

static void take_finish(enum oa_finish finish)
{
	struct oa_chunk chunk = { .kind = OA_DELTA, .finish = finish };
	stream_chunk(&stream, &chunk);
}

static void take_call(const char *name, const char *arguments)
{
	struct oa_call call = { .index = 0,
				.id = STR("a"),
				.name = str_of(name),
				.arguments = str_of(arguments),
				.has_arguments = true };
	struct oa_chunk chunk = { .kind = OA_DELTA, .calls = &call, .call_count = 1 };
	stream_chunk(&stream, &chunk);
}

static void assert_said(const char *words)
{
	buf_addc(said, '\0');
	ck_assert_str_eq(said->data, words);
	buf_clear(said);
}

START_TEST(an_early_start_is_not_repeated)
{
	stream_start(&stream);
	ck_assert(stream.has_started && !stream.has_content);
	assert_said("start:9 ");
	take_text("x");
	ck_assert(stream.has_content);
	assert_said("begin:0:0: <x> ");
}
END_TEST

START_TEST(nothing_is_content_before_a_block_begins)
{
	take_text("");
	take_text(" ");
	take_text("<th"); /* may become a tag */
	ck_assert(!stream.has_content && !stream.has_started);
	take_text("\n");
	ck_assert(stream.has_content);
	assert_said("start:9 begin:0:0: < > <<th> <\n> ");
}
END_TEST

START_TEST(another_attempt_starts_afresh)
{
	struct oa_chunk usage = { .kind = OA_DELTA,
				  .has_usage = true,
				  .usage = { .input_tokens = 77, .output_tokens = 5 } };
	stream_start(&stream);
	take_call("", "{\"a\":"); /* held: no name yet */
	take_text(" <thin");
	stream_restart(&stream);
	buf_clear(said);
	stream_chunk(&stream, &usage);
	take_text(" ");
	stream_restart(&stream);
	ck_assert(stream.has_started && !stream.has_usage);
	take_call("ls", "{}");
	take_finish(OA_FINISH_TOOLS);
	stream_finish(&stream);
	assert_said("begin:0:2:ls <{}> end:0 finish:tool_use:1 ");
}
END_TEST

START_TEST(nothing_happens_after_the_end)
{
	take_text("x");
	take_finish(OA_FINISH_STOP);
	stream_finish(&stream);
	buf_clear(said);
	take_text("y");
	take_call("ls", "{}");
	stream_finish(&stream);
	ck_assert_int_eq(stream_cut(&stream), STREAM_CUT_CLOSED);
	assert_said("");
}
END_TEST

START_TEST(blocks_end_with_the_finish_reason)
{
	take_call("ls", "{}");
	take_finish(OA_FINISH_TOOLS);
	assert_said("start:9 begin:0:2:ls <{}> end:0 ");
	ck_assert(!stream.has_finished);
}
END_TEST

START_TEST(output_tokens_are_estimated_until_they_are_known)
{
	struct oa_chunk usage = { .kind = OA_DELTA,
				  .has_usage = true,
				  .usage = { .input_tokens = 3, .output_tokens = 42 } };
	ck_assert_int_eq(stream_output_tokens(&stream), 0);
	take_text("some words that are more than one token");
	ck_assert_int_gt(stream_output_tokens(&stream), 1);
	ck_assert_int_lt(stream_output_tokens(&stream), 40);
	stream_chunk(&stream, &usage);
	ck_assert_int_eq(stream_output_tokens(&stream), 42);
	stream_finish(&stream);
	ck_assert(!stream.usage.is_estimated);
}
END_TEST

START_TEST(estimates_are_marked)
{
	take_text("words");
	take_finish(OA_FINISH_STOP);
	stream_finish(&stream);
	ck_assert(stream.usage.is_estimated);
	ck_assert_int_eq(stream.usage.input_tokens, 9);
	ck_assert_int_gt(stream.usage.output_tokens, 0);
}
END_TEST

static const struct {
	const char *arguments;
	unsigned repairs;
} repairs[] = {
	{ "{\"a\":1}", ARGS_FINE },
	{ "```{\"a\":1}```", ARGS_UNWRAPPED },
	{ "{\"a\":1", ARGS_CLOSED },
	{ "{\"a\":1} x", ARGS_DROPPED },
};

START_TEST(repairs_are_told)
{
	take_call("ls", repairs[_i].arguments);
	take_finish(OA_FINISH_TOOLS);
	ck_assert_uint_eq(stream.repairs, repairs[_i].repairs);
	ck_assert_uint_eq(stream.tools_done, 1);
}
END_TEST

/* Cut in pieces of six, an answer that comes as one chunk would be 25 times as long. */
START_TEST(a_huge_chunk_is_not_cut_small)
{
	static char text[100000];
	memset(text, 'a', sizeof(text) - 1);
	said->max = 1 << 20;
	stream.config.delta_chars = 6;
	take_text(text);
	ck_assert(!said->has_failed);
	ck_assert_uint_lt(said->len, sizeof(text) + 100);
	text[60000] = '\0';
	buf_clear(said);
	take_text(text);
	ck_assert_uint_gt(said->len, (60000 / 6) * strlen("<aaaaaa> ") - 1);
}
END_TEST

/* A stream of nothing but new calls must not eat the machine. */
START_TEST(calls_have_a_limit)
{
	for (int i = 0; i < 1000; i++) {
		struct oa_call call = { .index = -1,
					.id = pool_strf(&pool, "id%d", i),
					.name = STR("ls"),
					.arguments = STR("{}"),
					.has_arguments = true };
		struct oa_chunk chunk = { .kind = OA_DELTA,
					  .calls = &call,
					  .call_count = 1 };
		stream_chunk(&stream, &chunk);
	}
	take_finish(OA_FINISH_TOOLS);
	ck_assert_uint_eq(stream.tools_done, OA_CALLS_MAX);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("stream");
	TCase *t = tcase_create("machine");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_early_start_is_not_repeated);
	tcase_add_test(t, nothing_is_content_before_a_block_begins);
	tcase_add_test(t, another_attempt_starts_afresh);
	tcase_add_test(t, nothing_happens_after_the_end);
	tcase_add_test(t, blocks_end_with_the_finish_reason);
	tcase_add_test(t, output_tokens_are_estimated_until_they_are_known);
	tcase_add_test(t, estimates_are_marked);
	tcase_add_loop_test(t, repairs_are_told, 0, 4);
	tcase_add_test(t, a_huge_chunk_is_not_cut_small);
	tcase_add_test(t, calls_have_a_limit);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
