/* SPDX-License-Identifier: MIT */
/*
 * Writing the streaming events.  A delta is two constants, a number and the escaped text,
 * because an answer is made of thousands of them.
 */
#include "config.h"

#include "translate/an_event.h"

#include "translate/jput.h"

const char *const an_stop_names[AN_STOPS] = {
	[AN_END_TURN] = "end_turn",
	[AN_MAX_TOKENS] = "max_tokens",
	[AN_STOP_SEQUENCE] = "stop_sequence",
	[AN_STOP_TOOL_USE] = "tool_use",
	[AN_REFUSAL] = "refusal",
	[AN_CONTEXT_EXCEEDED] = "model_context_window_exceeded",
};

/* The beginning of an event, up to the type; its line is equal to data.type. */
#define EVENT(name)   "event: " name "\ndata: {\"type\":\"" name "\""
#define INDEXED(name) EVENT(name) ",\"index\":"

/* What stands between the index and the text of a delta of each kind of block. */
#define MIDDLE(type, member) ",\"delta\":{\"type\":\"" type "\",\"" member "\":\""
static const struct {
	const char *text;
	size_t len;
} delta_middle[] = {
	[AN_TEXT] = { MIDDLE("text_delta", "text"),
		      sizeof(MIDDLE("text_delta", "text")) - 1 },
	[AN_THINKING] = { MIDDLE("thinking_delta", "thinking"),
			  sizeof(MIDDLE("thinking_delta", "thinking")) - 1 },
	[AN_TOOL_USE] = { MIDDLE("input_json_delta", "partial_json"),
			  sizeof(MIDDLE("input_json_delta", "partial_json")) - 1 },
};

void an_event_usage(struct buf *b, const struct an_usage *usage)
{
	buf_lit(b, "\"usage\":{\"input_tokens\":");
	jput_int(b, usage->input_tokens);
	buf_lit(b, ",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":");
	jput_int(b, usage->cached_tokens);
	buf_lit(b, ",\"output_tokens\":");
	jput_int(b, usage->output_tokens);
	buf_addc(b, '}');
}

void an_event_stop(struct buf *b, enum an_stop stop, struct str stop_sequence)
{
	buf_lit(b, "\"stop_reason\":\"");
	buf_adds(b, str_of(an_stop_names[stop]));
	buf_lit(b, "\",\"stop_sequence\":");
	if (stop == AN_STOP_SEQUENCE)
		jput_str(b, stop_sequence);
	else
		buf_lit(b, "null");
}

static void start(void *sink, const struct an_start *s)
{
	struct buf *b = sink;
	buf_lit(b, EVENT("message_start") ",\"message\":{\"id\":");
	jput_str(b, s->message_id);
	buf_lit(b, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
	jput_str(b, s->model);
	buf_lit(b, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
	an_event_usage(b, &s->usage);
	buf_lit(b, "}}\n\n");
}

static void block_begin(void *sink, size_t index, enum an_block type, struct str id,
			struct str name)
{
	struct buf *b = sink;
	buf_lit(b, INDEXED("content_block_start"));
	buf_addu(b, index);
	buf_lit(b, ",\"content_block\":{\"type\":\"");
	switch (type) {
	case AN_TEXT:
		buf_lit(b, "text\",\"text\":\"\"");
		break;
	case AN_THINKING:
		buf_lit(b, "thinking\",\"thinking\":\"\",\"signature\":\"\"");
		break;
	case AN_TOOL_USE:
		buf_lit(b, "tool_use\",\"id\":");
		jput_str(b, id);
		buf_lit(b, ",\"name\":");
		jput_str(b, name);
		buf_lit(b, ",\"input\":{}");
		break;
	}
	buf_lit(b, "}}\n\n");
}

static void block_piece(void *sink, size_t index, enum an_block type, struct str piece)
{
	struct buf *b = sink;
	buf_lit(b, INDEXED("content_block_delta"));
	buf_addu(b, index);
	buf_add(b, delta_middle[type].text, delta_middle[type].len);
	jput_escaped(b, piece);
	buf_lit(b, "\"}}\n\n");
}

static void block_end(void *sink, size_t index, enum an_block type, struct str signature)
{
	struct buf *b = sink;
	if (type == AN_THINKING) {
		buf_lit(b, INDEXED("content_block_delta"));
		buf_addu(b, index);
		buf_lit(b, ",\"delta\":{\"type\":\"signature_delta\",\"signature\":");
		jput_str(b, signature);
		buf_lit(b, "}}\n\n");
	}
	buf_lit(b, INDEXED("content_block_stop"));
	buf_addu(b, index);
	buf_lit(b, "}\n\n");
}

static void finish(void *sink, enum an_stop stop, struct str stop_sequence,
		   const struct an_usage *usage)
{
	struct buf *b = sink;
	buf_lit(b, EVENT("message_delta") ",\"delta\":{");
	an_event_stop(b, stop, stop_sequence);
	buf_lit(b, "},");
	an_event_usage(b, usage);
	buf_lit(b, "}\n\n" EVENT("message_stop") "}\n\n");
}

const struct an_sink_ops an_event_ops = {
	.start = start,
	.block_begin = block_begin,
	.block_piece = block_piece,
	.block_end = block_end,
	.finish = finish,
};

void an_event_ping(struct buf *b)
{
	buf_lit(b, EVENT("ping") "}\n\n");
}

void an_event_error(struct buf *b, const struct an_error *e, struct str request_id)
{
	buf_lit(b, "event: error\ndata: ");
	an_error_body(b, e, request_id);
	buf_lit(b, "\n\n");
}
