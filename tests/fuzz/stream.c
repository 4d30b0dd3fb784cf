/* SPDX-License-Identifier: MIT */
/*
 * Any stream of chunks gives a legal answer.  The first byte chooses: bit 0, the rest is
 * an event stream as it comes from the network, else each byte is a step that makes a
 * chunk; bit 1, text is cut in pieces; bit 2, the upstream breaks off; bit 3, there are
 * stop sequences; the upper four, the dialect of calls in the text.  What is said is read
 * by the strict reader, and must be the message of the other sink.
 */
#include "config.h"

#include <assert.h>

#include "tests/golden/grammar.h"
#include "translate/an_event.h"
#include "translate/an_reply.h"
#include "translate/sse.h"
#include "translate/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FROM_NETWORK = 1, IN_PIECES = 2, BREAKS_OFF = 4, STOPS = 8, OUT_MAX = 32 << 20 };

#define WORD(text)                                                                       \
	{                                                                                \
		(text), sizeof(text) - 1                                                 \
	}

static const struct str texts[16] = {
	WORD(""),	    WORD(" "),
	WORD("\n"),	    WORD("a"),
	WORD("Hello "),	    WORD("<think>"),
	WORD("</think>"),   WORD("<th"),
	WORD("ink>"),	    WORD("```"),
	WORD("\xc3\xa4"),   WORD("\xf0\x9f\x98\x80"),
	WORD("`"),	    WORD("</"),
	WORD("one two.\n"), WORD("<tool_call>{\"name\":\"read\"}</tool_call>"),
};
static const struct str stops[2] = { WORD("lo </"), WORD("two") };
static const struct str ids[4] = { WORD(""), WORD("a"), WORD("functions.x:0"),
				   WORD("b") };
static const struct str tool_names[8] = { WORD(""),	 WORD("read"), WORD("read_file"),
					  WORD("_file"), WORD("re"),   WORD("other"),
					  WORD("ad"),	 WORD("mcp_x") };
static const struct str arguments[16] = {
	WORD(""),     WORD("{}"),     WORD("{"),	 WORD("}"),
	WORD("\"a"),  WORD("\":"),    WORD("1"),	 WORD("null"),
	WORD("```"),  WORD("\"{}\""), WORD("{\"a\":1}"), WORD(" "),
	WORD("[\"x"), WORD("\"]"),    WORD("\\u00"),	 WORD(","),
};

static struct oa_name list[] = {
	{ WORD("read"), WORD("read") },
	{ WORD("read_file"), WORD("read_file") },
	{ WORD("mcp.x"), WORD("mcp_x") },
};
static const struct oa_names names = { .list = list, .count = 3 };

static uint8_t counter;

static void make_random(void *context, uint8_t *bytes, size_t len)
{
	(void)context;
	memset(bytes, counter++, len);
}

static int on_event(void *context, struct str name, struct str data)
{
	struct stream *s = context;
	struct oa_chunk chunk;
	(void)name;
	oa_chunk_read(&chunk, s->pool, data);
	if (chunk.kind == OA_DELTA)
		stream_chunk(s, &chunk);
	return chunk.kind == OA_DONE || chunk.kind == OA_FAULT;
}

static void feed_network(struct stream *s, struct str bytes)
{
	struct sse sse;
	sse_init(&sse, on_event, s);
	if (sse_feed(&sse, bytes.ptr, bytes.len) == 0)
		(void)sse_end(&sse); /* it has been heard */
	sse_release(&sse);
}

/* Two bytes, a step: what there is in the chunk, and which. */
static void feed_step(struct stream *s, uint8_t what, uint8_t which)
{
	struct oa_chunk chunk = { .kind = OA_DELTA };
	struct oa_call call = { .index = (which >> 4) % 4 - 1,
				.id = ids[which & 3],
				.name = tool_names[which >> 2 & 7],
				.arguments = arguments[what & 15],
				.has_arguments = true };
	if ((what >> 4 & 3) == 1)
		chunk.content = texts[which & 15];
	if ((what >> 4 & 3) == 2)
		chunk.reasoning = texts[which & 15];
	if ((what >> 4 & 3) == 0 || (what & 0xc0) == 0x40) {
		chunk.calls = &call;
		chunk.call_count = 1;
	}
	if ((what >> 4 & 3) == 3) {
		chunk.has_usage = (which & 1) != 0;
		chunk.usage.input_tokens = which;
		chunk.usage.output_tokens = which >> 3;
	}
	if ((what & 0xf0) == 0xf0)
		chunk.finish = (enum oa_finish)(what % (OA_FINISH_OTHER + 1));
	stream_chunk(s, &chunk);
}

/* Returns whether the message has been finished. */
static bool run(struct pool *p, struct an_sink sink, uint8_t options, struct str bytes)
{
	struct stream s;
	struct stream_config config = {
		.message_id = STR("msg_1"),
		.model = STR("claude"),
		.input_estimate = 3,
		.max_tokens = 10,
		.delta_chars = options & IN_PIECES ? 6 : 0,
		.names = &names,
		.stops = stops,
		.stop_count = options & STOPS ? 2 : 0,
		.dialect = (options >> 4) % (MODEL_DIALECT_HARMONY + 1),
		.random = make_random,
	};
	counter = 0;
	stream_init(&s, p, &config, sink);
	if (options & FROM_NETWORK)
		feed_network(&s, bytes);
	for (size_t i = 0; !(options & FROM_NETWORK) && i + 1 < bytes.len; i += 2)
		feed_step(&s, (uint8_t)bytes.ptr[i], (uint8_t)bytes.ptr[i + 1]);
	if (!(options & BREAKS_OFF))
		stream_finish(&s);
	else if (stream_cut(&s) == STREAM_CUT_EARLY)
		assert(!s.has_content);
	return s.has_finished;
}

static void check(struct pool *p, struct buf *events, struct an_reply *reply,
		  bool is_finished)
{
	char why[GRAMMAR_WHY_MAX];
	struct json_object *message;
	enum grammar grammar = grammar_read(buf_str(events), &message, why);
	pool_own_json(p, message);
	assert(grammar == (is_finished ? GRAMMAR_WHOLE : GRAMMAR_CUT));
	assert(reply->is_finished == is_finished);
	if (!is_finished)
		return;
	buf_addc(reply->out, '\0');
	struct json_object *other = json_tokener_parse(reply->out->data);
	pool_own_json(p, other);
	assert(json_object_equal(message, other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 65536)
		return 0;
	struct pool p;
	struct an_reply reply;
	struct str bytes = { (const char *)data + 1, size - 1 };
	pool_init(&p, NULL);
	struct buf *events = pool_buf(&p, OUT_MAX);
	an_reply_init(&reply, &p, OUT_MAX);
	bool is_finished =
		run(&p, (struct an_sink){ &an_event_ops, events }, data[0], bytes);
	bool is_same = run(&p, (struct an_sink){ &an_reply_ops, &reply }, data[0], bytes);
	assert(is_finished == is_same);
	check(&p, events, &reply, is_finished);
	pool_release(&p);
	return 0;
}
