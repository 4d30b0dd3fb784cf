/* SPDX-License-Identifier: MIT */
/*
 * One Message object out of the same calls that make events.  The blocks are written down
 * while they come; the frame, which needs the stop reason, is put around them at the end.
 */
#include "config.h"

#include "translate/an_reply.h"

#include "translate/an_event.h"
#include "translate/jput.h"

void an_reply_init(struct an_reply *r, struct pool *p, size_t max)
{
	*r = (struct an_reply){ .content = pool_buf(p, max), .out = pool_buf(p, max) };
}

static void start(void *sink, const struct an_start *s)
{
	struct an_reply *r = sink;
	r->start = *s;
}

static void block_begin(void *sink, size_t index, enum an_block type, struct str id,
			struct str name)
{
	struct buf *b = ((struct an_reply *)sink)->content;
	if (index > 0)
		buf_addc(b, ',');
	switch (type) {
	case AN_TEXT:
		buf_lit(b, "{\"type\":\"text\",\"text\":\"");
		break;
	case AN_THINKING:
		buf_lit(b, "{\"type\":\"thinking\",\"thinking\":\"");
		break;
	case AN_TOOL_USE:
		buf_lit(b, "{\"type\":\"tool_use\",\"id\":");
		jput_str(b, id);
		buf_lit(b, ",\"name\":");
		jput_str(b, name);
		buf_lit(b, ",\"input\":");
		break;
	}
}

static void block_piece(void *sink, size_t index, enum an_block type, struct str piece)
{
	struct buf *b = ((struct an_reply *)sink)->content;
	(void)index; /* one block is open at a time */
	if (type == AN_TOOL_USE)
		buf_adds(b, piece); /* together they are one JSON object */
	else
		jput_escaped(b, piece);
}

static void block_end(void *sink, size_t index, enum an_block type, struct str signature)
{
	struct buf *b = ((struct an_reply *)sink)->content;
	(void)index;
	switch (type) {
	case AN_TEXT:
		buf_lit(b, "\"}");
		break;
	case AN_THINKING:
		buf_lit(b, "\",\"signature\":");
		jput_str(b, signature);
		buf_lit(b, "}");
		break;
	case AN_TOOL_USE:
		buf_lit(b, "}");
		break;
	}
}

static void finish(void *sink, enum an_stop stop, struct str stop_sequence,
		   const struct an_usage *usage)
{
	struct an_reply *r = sink;
	struct buf *b = r->out;
	buf_lit(b, "{\"id\":");
	jput_str(b, r->start.message_id);
	buf_lit(b, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
	jput_str(b, r->start.model);
	buf_lit(b, ",\"content\":[");
	buf_adds(b, buf_str(r->content));
	buf_lit(b, "],");
	an_event_stop(b, stop, stop_sequence);
	buf_addc(b, ',');
	an_event_usage(b, usage);
	buf_addc(b, '}');
	if (r->content->has_failed)
		b->has_failed = true; /* a part is missing: not a message */
	buf_release(r->content);
	r->is_finished = true;
}

const struct an_sink_ops an_reply_ops = {
	.start = start,
	.block_begin = block_begin,
	.block_piece = block_piece,
	.block_end = block_end,
	.finish = finish,
};
