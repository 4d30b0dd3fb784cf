/* SPDX-License-Identifier: MIT */
/* The non-stream message that is put together from the same calls as the events. */
#include "config.h"

#include "translate/an_reply.h"

#include "tests/unit/unit.h"

static const struct an_sink_ops *const ops = &an_reply_ops;
static struct pool pool;
static struct an_reply reply;

static void set_up(void)
{
	pool_init(&pool, NULL);
	an_reply_init(&reply, &pool, 4096);
}

static void tear_down(void)
{
	pool_release(&pool);
}

static void say_start(void)
{
	struct an_start s = { STR("msg_1"), STR("claude"), { .input_tokens = 99 } };
	ops->start(&reply, &s);
}

static const struct an_usage used = { .input_tokens = 7,
				      .cached_tokens = 2,
				      .output_tokens = 9 };

START_TEST(blocks_become_one_message)
{
	say_start();
	ops->block_begin(&reply, 0, AN_THINKING, (struct str){ 0 }, (struct str){ 0 });
	ops->block_piece(&reply, 0, AN_THINKING, STR("h"));
	ops->block_piece(&reply, 0, AN_THINKING, STR("m\n"));
	ops->block_end(&reply, 0, AN_THINKING, STR("c2ln"));
	ops->block_begin(&reply, 1, AN_TEXT, (struct str){ 0 }, (struct str){ 0 });
	ops->block_piece(&reply, 1, AN_TEXT, STR("\"Hi"));
	ops->block_piece(&reply, 1, AN_TEXT, STR("\""));
	ops->block_end(&reply, 1, AN_TEXT, (struct str){ 0 });
	ops->block_begin(&reply, 2, AN_TOOL_USE, STR("toolu_1"), STR("Read"));
	ops->block_piece(&reply, 2, AN_TOOL_USE, STR("{\"a\":"));
	ops->block_piece(&reply, 2, AN_TOOL_USE, STR("\"\\n\"}"));
	ops->block_end(&reply, 2, AN_TOOL_USE, (struct str){ 0 });
	ck_assert(!reply.is_finished);
	ck_assert_uint_eq(reply.out->len, 0);
	ops->finish(&reply, AN_STOP_TOOL_USE, (struct str){ 0 }, &used);
	ck_assert(reply.is_finished);
	buf_addc(reply.out, '\0');
	ck_assert_str_eq(
		reply.out->data,
		"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
		"\"model\":\"claude\",\"content\":["
		"{\"type\":\"thinking\",\"thinking\":\"hm\\n\",\"signature\":\"c2ln\"},"
		"{\"type\":\"text\",\"text\":\"\\\"Hi\\\"\"},"
		"{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"Read\","
		"\"input\":{\"a\":\"\\n\"}}],"
		"\"stop_reason\":\"tool_use\",\"stop_sequence\":null,"
		"\"usage\":{\"input_tokens\":7,\"cache_creation_input_tokens\":0,"
		"\"cache_read_input_tokens\":2,\"output_tokens\":9}}");
}
END_TEST

START_TEST(a_stop_sequence_is_told)
{
	say_start();
	ops->finish(&reply, AN_STOP_SEQUENCE, STR("END"), &used);
	buf_addc(reply.out, '\0');
	ck_assert_ptr_nonnull(strstr(reply.out->data,
				     "\"content\":[],\"stop_reason\":\"stop_"
				     "sequence\",\"stop_sequence\":\"END\","));
}
END_TEST

START_TEST(an_answer_above_the_maximum_has_failed)
{
	char text[1400];
	memset(text, 'a', sizeof(text));
	say_start();
	ops->block_begin(&reply, 0, AN_TEXT, (struct str){ 0 }, (struct str){ 0 });
	for (int i = 0; i < 3; i++)
		ops->block_piece(&reply, 0, AN_TEXT, (struct str){ text, sizeof(text) });
	ops->block_end(&reply, 0, AN_TEXT, (struct str){ 0 });
	ops->finish(&reply, AN_END_TURN, (struct str){ 0 }, &used);
	ck_assert(reply.out->has_failed);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("an_reply");
	TCase *t = tcase_create("messages");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, blocks_become_one_message);
	tcase_add_test(t, a_stop_sequence_is_told);
	tcase_add_test(t, an_answer_above_the_maximum_has_failed);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
