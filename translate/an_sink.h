/* SPDX-License-Identifier: MIT */
/*
 * Where the stream machine puts the message it makes: one table of functions, two makers.
 * an_event writes server-sent events, an_reply one JSON message.  The machine promises
 * the order: start once; then for each block begin, pieces, end, with index 0, 1, 2 …
 * without a gap and one block open at a time; then finish once (or never, when it is cut
 * off).
 */
#ifndef NIM_TRANSLATE_AN_SINK_H
#define NIM_TRANSLATE_AN_SINK_H

#include "translate/str.h"

enum an_block { AN_TEXT, AN_THINKING, AN_TOOL_USE };

/* Anthropic's stop reasons (Messages API, "stop_reason"). */
enum an_stop {
	AN_END_TURN,
	AN_MAX_TOKENS,
	AN_STOP_SEQUENCE,
	AN_STOP_TOOL_USE,
	AN_REFUSAL,
	AN_CONTEXT_EXCEEDED, /* model_context_window_exceeded */
	AN_STOPS
};
extern const char *const an_stop_names[AN_STOPS]; /* in an_event.c */

struct an_usage {
	int64_t input_tokens;  /* without the cached ones */
	int64_t cached_tokens; /* cache_read_input_tokens */
	int64_t output_tokens;
	int64_t reasoning_tokens; /* part of output_tokens; 0 = none or unknown */
	bool is_estimated;	  /* the upstream reported nothing */
};

struct an_start {
	struct str message_id; /* msg_… */
	struct str model;      /* the name the client asked for */
	struct an_usage usage; /* what is known at the start, usually an estimate */
};

struct an_sink_ops {
	void (*start)(void *sink, const struct an_start *start);
	/* id and name only for AN_TOOL_USE */
	void (*block_begin)(void *sink, size_t index, enum an_block type, struct str id,
			    struct str name);
	/* text, thinking or partial JSON; valid UTF-8 or not: the sink makes it valid */
	void (*block_piece)(void *sink, size_t index, enum an_block type,
			    struct str piece);
	/* signature only for AN_THINKING */
	void (*block_end)(void *sink, size_t index, enum an_block type,
			  struct str signature);
	/* stop_sequence is empty unless stop is AN_STOP_SEQUENCE */
	void (*finish)(void *sink, enum an_stop stop, struct str stop_sequence,
		       const struct an_usage *usage);
};

struct an_sink {
	const struct an_sink_ops *ops;
	void *self;
};

#endif
