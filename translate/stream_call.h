/* SPDX-License-Identifier: MIT */
/*
 * The inside of the stream machine: what its files share (stream.c: text, thinking and
 * the open block; stream_call.c: tool calls; stream_rescue.c: the filters before them;
 * stream_end.c: endings).  Nobody else includes it.
 */
#ifndef NIM_TRANSLATE_STREAM_CALL_H
#define NIM_TRANSLATE_STREAM_CALL_H

#include "translate/stream.h"

/* One tool call of the answer; lives in the pool. */
struct stream_call {
	struct stream_call *next;
	int64_t index;	 /* the upstream's, -1 = none */
	struct str id;	 /* the upstream's, empty = none yet */
	struct str name; /* as the model calls it */
	struct args args;
	struct buf *memory; /* the pool's hold on args.held, so that nothing leaks */
	struct buf *out;    /* valid JSON that has not been sent */
	unsigned fragments; /* how many have come */
	bool has_arguments; /* some that are not blank */
	bool is_late;	    /* all of it came with the finish reason */
	bool is_begun;	    /* its block has been opened */
	bool is_done;	    /* its block has been closed, or it has been dropped */
};

/* stream.c */
/* Closes the open block and opens one of that kind; id and name for STREAM_TOOL only. */
void stream_open(struct stream *s, enum stream_block kind, struct str id,
		 struct str name);
void stream_close(struct stream *s);
/* Text or thinking, opening a block for it when needed. Counts it. */
void stream_say(struct stream *s, enum stream_block kind, struct str text);
/* What might still have become a tag or a mark passes now. */
void stream_flush_words(struct stream *s);

/* stream_rescue.c: from think.h through rescue.h and stops.h to stream_say() */
void stream_rescue_init(struct stream *s);
void stream_rescue_feed(struct stream *s, enum stream_block kind, struct str text);
void stream_rescue_end(struct stream *s);

/* stream_call.c */
/* Takes one element of delta.tool_calls; sends nothing. */
void stream_call_take(struct stream *s, const struct oa_call *fragment);
/* A whole call that was found in the text. */
void stream_call_add(struct stream *s, const struct rescue_call *found);
/* Sends what can be sent, opening and closing blocks in order. */
void stream_calls_advance(struct stream *s);
/* The calls behind that one (NULL: all) came whole in the chunk that ends the answer. */
void stream_calls_late(struct stream *s, struct stream_call *before);
/* No more fragments: all calls are completed and sent, those without a name dropped. */
void stream_calls_end(struct stream *s);
/* The arguments are a whole object as the model wrote it. */
bool stream_call_is_complete(const struct stream_call *c);
/* Nothing of it will be sent. */
void stream_call_drop(struct stream *s, struct stream_call *c);

/* stream_end.c */
/* The finish reason has come: closes what is open. */
void stream_end_blocks(struct stream *s);
/*
 * Another has come. Dynamo 1.6.1 says tool_calls and then length for a forced call that
 * max_tokens cut off: the second is true.
 */
void stream_second_finish(struct stream *s, enum oa_finish finish);

#endif
