/* SPDX-License-Identifier: MIT */
/*
 * One chat completion on its way out: as a stream of chunks, one HTTP chunk and one
 * send for each event (as Dynamo and vLLM do), or collected into one JSON body when the
 * request did not ask for a stream. Every function does nothing once the client has gone.
 */
#ifndef NIM_FAKENIM_ANSWER_H
#define NIM_FAKENIM_ANSWER_H

#include "tests/fakenim/conn.h"

enum answer_form {
	FORM_CRLF = 1,
	FORM_DRIP = 2,	  /* one byte a send */
	FORM_BURST = 4,	  /* everything in one send */
	FORM_NOSPACE = 8, /* data:{…} */
	FORM_ROLE_EVERY = 16,
	FORM_USAGE_EVERY = 32, /* growing */
	FORM_USAGE_NULL = 64,
	FORM_USAGE_NONE = 128, /* although it was asked for */
	FORM_USAGE_CACHED = 256,
};

enum { ANSWER_CALLS_MAX = 16, ANSWER_TEXT_MAX = 64 << 20 };

struct answer_call { /* for a body that is no stream */
	char id[128];
	char name[128];
	struct buf *arguments;
};

struct answer {
	struct conn *c;
	unsigned form;
	size_t post; /* its number in the record (posts.h) */
	bool is_stream;
	bool wants_usage;
	bool has_head;
	bool has_ended;
	int64_t prompt_tokens;
	int64_t tokens; /* one a delta */
	int64_t reasoning_tokens;
	char finish[64];
	struct buf *prefix; /* {"id":…,"choices":[{"index":0,"delta": */
	struct buf *event;
	struct buf *wide; /* the event with CRLF */
	struct buf *out;  /* what has not been sent yet */
	struct buf *text;
	struct buf *reasoning;
	struct answer_call calls[ANSWER_CALLS_MAX];
	size_t call_count;
};

void answer_init(struct answer *a, struct conn *c, struct str model, bool is_stream,
		 bool wants_usage, unsigned form);

void answer_head(struct answer *a); /* sends the head now; the first event does it, too */
void answer_delta(struct answer *a, struct str json); /* the delta object as it is */
void answer_text(struct answer *a, struct str text);
/* field is reasoning_content or reasoning */
void answer_reason(struct answer *a, const char *field, struct str text);
/* A chunk of a tool call; id and name may be empty. */
void answer_call(struct answer *a, int index, struct str id, struct str name,
		 struct str arguments);
void answer_finish(struct answer *a, struct str reason, struct str delta);
void answer_usage(struct answer *a);		      /* if it was asked for */
void answer_done(struct answer *a);		      /* [DONE] */
void answer_data(struct answer *a, struct str data);  /* a data line and an empty one */
void answer_raw(struct answer *a, struct str bytes);  /* into the chunked body */
void answer_bare(struct answer *a, struct str bytes); /* outside of all framing */
void answer_flush(struct answer *a);
void answer_end(struct answer *a); /* the last chunk, or the whole body */

#endif
