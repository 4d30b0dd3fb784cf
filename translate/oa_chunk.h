/* SPDX-License-Identifier: MIT */
/*
 * One chat.completion.chunk (the data of one upstream event) read into fields.  The common chunk,
 * a content delta and nothing else, is read by a scan without building a tree; everything
 * unusual goes through json-c.  Both give the same (tests compare them).
 */
#ifndef NIM_TRANSLATE_OA_CHUNK_H
#define NIM_TRANSLATE_OA_CHUNK_H

#include "translate/an_sink.h"
#include "translate/pool.h"

enum { OA_CALLS_MAX = 128 }; /* an index outside 0..127 is ignored */

enum oa_finish {
	OA_FINISH_NONE,	 /* null or absent */
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
	struct str arguments; /* JSON text; an object instead of a string is written out */
	bool has_arguments;   /* present, even if "" (null counts as absent) */
};

enum oa_kind {
	OA_DELTA,   /* a chunk with or without something in it */
	OA_DONE,    /* [DONE] */
	OA_FAULT,   /* an error object in place of a chunk; see error */
	OA_GARBAGE, /* not JSON, not an object: to be skipped */
};

struct oa_chunk {
	enum oa_kind kind;
	struct str content;   /* delta.content; empty when absent, null or "" */
	struct str reasoning; /* delta.reasoning_content, else delta.reasoning */
	struct oa_call *calls;
	size_t call_count;
	enum oa_finish finish;
	struct str stop_reason; /* which stop sequence matched, where the server says so */
	bool has_usage;
	struct an_usage usage;  /* clamped to 0..2^53 */
	int error_code;	        /* of OA_FAULT: error.code or status, 0 when absent */
	struct str error_message;
};

/*
 * Reads data (one event's text) into *chunk. Slices point into data or the pool and live as long
 * as both. Never fails: what can't be understood is OA_GARBAGE.
 */
void oa_chunk_read(struct oa_chunk *chunk, struct pool *p, struct str data);

#endif
