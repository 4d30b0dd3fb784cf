/* SPDX-License-Identifier: MIT */
/*
 * The stream machine: chunks of an upstream answer in, one Anthropic message out, right
 * in every case.  It keeps the books of blocks:
 *
 *   - blocks have index 0, 1, 2 ... without a gap; one is open at a time, each begin has
 *     one end;
 *   - reasoning opens a thinking block, content a text block, a tool call a tool_use
 *     block; a change of kind closes the open one first; no block is empty of text;
 *   - the first tool call that is not done streams; fragments of another are held back
 *     until it is their turn, which comes when the first is a complete object;
 *   - text after a tool call opens a new text block; a tool call that is still open is
 *     closed then;
 *   - arguments go through args.h, so that each call is one JSON object;
 *   - after the first finish only usage counts;
 *   - the blocks decide the stop reason: a tool_use block gives tool_use, "tool_calls"
 *     without a call end_turn;
 *   - text and thinking pass three filters: think.h, rescue.h, and text stops.h as well;
 *   - "length": a call that was cut is dropped when nothing of it has been sent; when its
 *     block is open the arguments are closed and the stop reason is max_tokens, so that
 *     the client knows that they are not what the model meant.
 *
 * No descriptor, clock or randomness: ids need random bytes, which come by a callback.
 */
#ifndef NIM_TRANSLATE_STREAM_H
#define NIM_TRANSLATE_STREAM_H

#include "translate/an_sink.h"
#include "translate/args.h"
#include "translate/oa_chunk.h"
#include "translate/oa_tools.h"
#include "translate/rescue.h"
#include "translate/stops.h"
#include "translate/think.h"

struct stream_config {
	struct str message_id;
	struct str model;	/* the client's name for it */
	int64_t input_estimate; /* tokens, for message_start and when usage never comes */
	int64_t max_tokens;	/* as asked upstream: "length" below it means context */
	unsigned delta_chars;	/* pace.h; 0 = text as it comes */
	const struct oa_names *names;
	const struct str *stops; /* sequences to look for in the text; live as long */
	size_t stop_count;
	enum model_dialect dialect; /* of calls in the text; needs names */
	struct json_object *tools;  /* the request's, for a dialect's parameters; or NULL
				     */
	void (*random)(void *context, uint8_t *bytes, size_t len);
	void *random_context;
};

/*
 * The signature of thinking blocks. The API asks for one that comes back with the block;
 * it says what it is when decoded, and does not pretend to be Anthropic's.
 */
#define STREAM_SIGNATURE "bmltLXByb3h5OnVuc2lnbmVk" /* base64 of nim-proxy:unsigned */

enum stream_block { STREAM_NONE, STREAM_TEXT, STREAM_THINKING, STREAM_TOOL };

struct stream_call; /* stream_call.h */
struct stream;

/* One of the two ways that words come: as text, as thinking. */
struct stream_side {
	struct stream *stream;
	enum stream_block kind;
	struct rescue rescue;
};

struct stream {
	struct stream_config config;
	struct an_sink sink;
	struct pool *pool;
	struct think think;
	struct stream_side sides[2]; /* text, thinking */
	struct stops stops;
	enum stream_block open; /* the open block */
	size_t next_index; /* index of the next block; the open one is next_index - 1 */
	struct buf *blanks[2];	   /* held white space: before text, before thinking */
	struct stream_call *calls; /* in order of appearance */
	struct stream_call *last_call;
	struct stream_call *current; /* whose block is open, or NULL */
	size_t call_count;
	enum oa_finish finish; /* the first that came */
	struct str stop_sequence;
	struct an_usage usage; /* the upstream's last word; after finish what was told */
	bool has_usage;
	bool has_started;      /* message_start is out */
	bool has_finished;     /* message_delta and message_stop are out */
	bool has_content;      /* a block has begun: the point of no retry */
	bool is_stopped;       /* a stop sequence was found: nothing more is needed */
	bool is_call_cut;      /* "length" cut the call whose block was open */
	bool has_dropped;      /* "length" cut a call of which nothing had been sent */
	size_t blocks_done;    /* closed text and tool blocks */
	size_t tools_done;     /* tool_use blocks begun */
	unsigned repairs;      /* enum args_repair of all calls */
	int64_t text_quarters; /* of tokens: estimate of what was sent, for slot and usage
				*/
	int64_t thinking_quarters;
};

/* Nothing needs a release: all memory hangs on the pool. */
void stream_init(struct stream *s, struct pool *p, const struct stream_config *config,
		 struct an_sink sink);
/*
 * Before another attempt at the upstream: forgets what the last one said. Only while
 * has_content is false; what has been sent stays so.
 */
void stream_restart(struct stream *s);
/* message_start; may be called early (commit). Otherwise the first content does it. */
void stream_start(struct stream *s);
/* Takes an OA_DELTA chunk. Nothing happens after stream_finish(). */
void stream_chunk(struct stream *s, const struct oa_chunk *chunk);
/*
 * A real event that says nothing, for silences that pings alone don't bridge (Claude Code
 * 2.1.330 gives up 750 s after the last one): an empty delta into the open block. Where
 * none is open, a thinking block is opened for it, which is no content yet.
 */
void stream_still_here(struct stream *s);
/*
 * The upstream ended properly ([DONE] or end after a finish reason): closes what is open,
 * sends held calls, finish. An answer without any block gets a text block that says so,
 * because the client takes an empty one for a fault of its own.
 */
void stream_finish(struct stream *s);

/* The best ending when the upstream broke off (measured with Claude Code 2.1.330). */
enum stream_cut {
	STREAM_CUT_EARLY,  /* nothing but message_start: overloaded_error */
	STREAM_CUT_RESET,  /* inside the first block: reset the connection */
	STREAM_CUT_ERROR,  /* inside a later block: overloaded_error event */
	STREAM_CUT_CLOSED, /* behind complete blocks: the message has been finished */
};
/* Call when no more will come; finishes the message in the last case. */
enum stream_cut stream_cut(struct stream *s);

/* Estimated or reported output tokens so far. */
int64_t stream_output_tokens(const struct stream *s);

#endif
