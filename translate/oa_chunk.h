/* SPDX-License-Identifier: MIT */
/*
 * One chat.completion.chunk (the data of one upstream event) read into fields.  The
 * common chunk, a content or reasoning delta and nothing else, is read by a scan without
 * building a tree (oa_chunk_fast.c); everything unusual goes through json-c.  Both give
 * the same (tests and a fuzz target compare them).
 */
#ifndef NIM_TRANSLATE_OA_CHUNK_H
#define NIM_TRANSLATE_OA_CHUNK_H

#include "translate/an_sink.h"
#include "translate/pool.h"

enum { OA_CALLS_MAX = 128 }; /* an index outside 0..127 is ignored */

enum oa_finish {
	OA_FINISH_NONE, /* null or absent */
	OA_FINISH_STOP,
	OA_FINISH_LENGTH,
	OA_FINISH_TOOLS, /* tool_calls, function_call */
	OA_FINISH_FILTER,
	OA_FINISH_CONTEXT, /* model_context_window_exceeded */
	OA_FINISH_OTHER,   /* unknown text: a sensible end */
};

/* One element of delta.tool_calls. */
struct oa_call {
	int64_t index;	      /* -1 when absent */
	struct str id;	      /* empty when absent, null or "" */
	struct str name;      /* the same */
	struct str arguments; /* JSON text; what is no string is written out */
	bool has_arguments;   /* present, even if "" (null counts as absent) */
};

enum oa_kind {
	OA_DELTA,   /* a chunk with or without something in it */
	OA_DONE,    /* [DONE]; proves nothing: it also follows an error (vLLM, Dynamo) */
	OA_FAULT,   /* an error object in place of a chunk */
	OA_GARBAGE, /* not JSON, not an object: to be skipped */
};

struct oa_chunk {
	enum oa_kind kind;
	struct str content;   /* delta.content; empty when absent, null or "" */
	struct str reasoning; /* delta.reasoning_content, else delta.reasoning */
	struct oa_call *calls;
	size_t call_count;
	enum oa_finish finish;
	struct str stop_reason; /* the stop sequence that matched, where it is told */
	bool has_usage;
	struct an_usage usage; /* clamped to 0..2^53 */
	int error_code; /* of OA_FAULT: the HTTP status inside it, 0 when there is none */
	struct str error_message; /* of OA_FAULT: the data as it came, for
				     oa_error_in.body */
};

/*
 * Reads data (one event's text) into *chunk. Slices point into data or the pool and live
 * as long as both, and all of them are valid UTF-8: wrong bytes have become U+FFFD. Never
 * fails: what can't be understood is OA_GARBAGE. The common chunk takes nothing from the
 * pool.
 */
void oa_chunk_read(struct oa_chunk *chunk, struct pool *p, struct str data);

/*
 * The two ways, for oa_chunk_read() and for tests; data must be valid UTF-8. The fast one
 * returns false, with *chunk undefined, when data is not the common chunk.
 */
bool oa_chunk_fast(struct oa_chunk *chunk, struct pool *p, struct str data);
void oa_chunk_slow(struct oa_chunk *chunk, struct pool *p, struct str data);

#endif
