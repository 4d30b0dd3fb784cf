/* SPDX-License-Identifier: MIT */
/*
 * The stream machine's centre: which block is open, and text and thinking on their way
 * out.
 */
#include "config.h"

#include "translate/stream.h"

#include <assert.h>

#include "translate/pace.h"
#include "translate/stream_call.h"
#include "translate/tokens.h"

enum {
	BLANKS_MAX = 64 << 10, /* more white space before a word is not worth keeping */
	/* A chunk with more text is no token-by-token answer; cut it would be 25 times as
	 * long. */
	PIECES_MAX = 64 << 10,
};

static const enum an_block block_types[] = {
	[STREAM_TEXT] = AN_TEXT,
	[STREAM_THINKING] = AN_THINKING,
	[STREAM_TOOL] = AN_TOOL_USE,
};

void stream_init(struct stream *s, struct pool *p, const struct stream_config *config,
		 struct an_sink sink)
{
	*s = (struct stream){ .config = *config, .sink = sink, .pool = p };
	s->blanks[0] = pool_buf(p, BLANKS_MAX);
	s->blanks[1] = pool_buf(p, BLANKS_MAX);
	think_init(&s->think);
	stream_rescue_init(s);
	stops_init(&s->stops, config->stops, config->stop_count, p);
}

void stream_restart(struct stream *s)
{
	assert(!s->has_content);
	struct stream before = *s;
	stream_init(s, s->pool, &before.config, s->sink);
	s->has_started = before.has_started;
	s->open = before.open; /* of stream_still_here() */
	s->next_index = before.next_index;
}

static int64_t at_least_one(int64_t tokens)
{
	return tokens > 0 ? tokens : 1;
}

void stream_start(struct stream *s)
{
	if (s->has_started)
		return;
	s->has_started = true;
	struct an_start start = {
		.message_id = s->config.message_id,
		.model = s->config.model,
		/* the answer's tokens so far: the API says 1 to 8 here */
		.usage = { .input_tokens = at_least_one(s->config.input_estimate),
			   .output_tokens = 1,
			   .is_estimated = true },
	};
	s->sink.ops->start(s->sink.self, &start);
}

void stream_close(struct stream *s)
{
	static const struct str none;
	if (s->open == STREAM_NONE)
		return;
	bool is_thinking = s->open == STREAM_THINKING;
	s->sink.ops->block_end(s->sink.self, s->next_index - 1, block_types[s->open],
			       is_thinking ? STR(STREAM_SIGNATURE) : none);
	s->blocks_done += !is_thinking;
	s->open = STREAM_NONE;
}

static void open_block(struct stream *s, enum stream_block kind, struct str id,
		       struct str name)
{
	stream_start(s);
	stream_close(s);
	s->open = kind;
	s->sink.ops->block_begin(s->sink.self, s->next_index++, block_types[kind], id,
				 name);
}

void stream_open(struct stream *s, enum stream_block kind, struct str id, struct str name)
{
	open_block(s, kind, id, name);
	s->has_content = true;
}

void stream_still_here(struct stream *s)
{
	static const struct str none;
	if (s->has_finished)
		return;
	if (s->open == STREAM_NONE)
		open_block(s, STREAM_THINKING, none, none);
	s->sink.ops->block_piece(s->sink.self, s->next_index - 1, block_types[s->open],
				 none);
}

static bool is_blank(struct str text)
{
	return str_trim(text).len == 0;
}

static void send_pieces(struct stream *s, enum stream_block kind, struct str text)
{
	unsigned max_chars = text.len > PIECES_MAX ? 0 : s->config.delta_chars;
	while (text.len > 0) {
		size_t len = pace_next(text, max_chars);
		s->sink.ops->block_piece(s->sink.self, s->next_index - 1,
					 block_types[kind],
					 (struct str){ text.ptr, len });
		text.ptr += len;
		text.len -= len;
	}
}

void stream_say(struct stream *s, enum stream_block kind, struct str text)
{
	static const struct str none;
	if (text.len == 0)
		return;
	if (s->open != kind) {
		struct buf *blanks = s->blanks[kind == STREAM_THINKING];
		if (is_blank(text)) {
			buf_adds(blanks, text); /* what is too much is left out */
			return;
		}
		stream_calls_end(s);
		stream_open(s, kind, none, none);
		send_pieces(s, kind, buf_str(blanks));
		buf_clear(s->blanks[0]);
		buf_clear(s->blanks[1]);
	}
	s->has_content = true;
	send_pieces(s, kind, text);
	if (kind == STREAM_THINKING)
		s->thinking_quarters += tokens_quarters(text);
	else
		s->text_quarters += tokens_quarters(text);
}

/* think.h's callback. */
static void say_content(void *context, bool is_thinking, struct str piece)
{
	stream_rescue_feed(context, is_thinking ? STREAM_THINKING : STREAM_TEXT, piece);
}

void stream_flush_words(struct stream *s)
{
	think_end(&s->think, say_content, s);
	think_init(&s->think);
	stream_rescue_end(s);
}

static void take_calls(struct stream *s, const struct oa_chunk *chunk)
{
	struct stream_call *before = s->last_call;
	stream_flush_words(s);
	for (size_t i = 0; i < chunk->call_count; i++)
		stream_call_take(s, &chunk->calls[i]);
	if (chunk->finish != OA_FINISH_NONE)
		stream_calls_late(s, before);
	/* with a finish reason, what may be sent is decided by it */
	if (chunk->finish == OA_FINISH_NONE)
		stream_calls_advance(s);
}

/* A sequence that we have found ourselves counts before what the upstream says. */
static void take_stop(struct stream *s)
{
	if (!s->stops.matched)
		return;
	s->finish = OA_FINISH_STOP;
	s->stop_sequence = *s->stops.matched;
	s->is_stopped = true;
}

void stream_chunk(struct stream *s, const struct oa_chunk *chunk)
{
	if (s->has_finished)
		return;
	if (chunk->has_usage) {
		s->usage =
			chunk->usage; /* the last one counts: they are running totals */
		s->has_usage = true;
	}
	if (s->finish != OA_FINISH_NONE) {
		/* some servers repeat deltas and the reason after the first */
		stream_second_finish(s, chunk->finish);
		return;
	}
	if (chunk->reasoning.len > 0)
		stream_rescue_feed(s, STREAM_THINKING, chunk->reasoning);
	if (chunk->content.len > 0)
		think_feed(&s->think, chunk->content, say_content, s);
	if (chunk->call_count > 0 && !s->stops.matched)
		take_calls(s, chunk);
	if (chunk->finish == OA_FINISH_NONE && !s->stops.matched)
		return;
	s->finish = chunk->finish;
	s->stop_sequence = pool_str(s->pool, chunk->stop_reason);
	stream_end_blocks(s);
	take_stop(s);
}

int64_t stream_output_tokens(const struct stream *s)
{
	return s->has_usage || s->has_finished
		       ? s->usage.output_tokens
		       : (s->text_quarters + s->thinking_quarters) / 4;
}
