/* SPDX-License-Identifier: MIT */
/*
 * Finds tool calls that a server has left in the text, in the one dialect that
 * models.conf names for the model (tool_text).  NIM: each model writes calls in its own
 * markup, and a server whose parser misses one passes the markup on as content.
 *
 * Three gates, because an answer may talk about such markup: the dialect must be set, the
 * name must be one of the request's tools, and the place must not be inside a ``` fence.
 * What does not pass them stays the text it was. While a block of markup is open it is
 * held back; else nothing is held but what could begin one.
 */
#ifndef NIM_TRANSLATE_RESCUE_H
#define NIM_TRANSLATE_RESCUE_H

#include "translate/buf.h"
#include "translate/models.h"
#include "translate/pool.h"

enum {
	RESCUE_BLOCK_MAX = 1 << 20, /* a longer block of markup is text */
	RESCUE_CALLS_MAX = 32,	    /* in one block */
};

/* What a found call says; args is JSON, or what the model took for it. */
struct rescue_call {
	struct str id, name, args;
};

struct rescue_ops {
	void (*text)(void *context, struct str text);
	void (*thought)(void *context, struct str text); /* Harmony's analysis */
	void (*call)(void *context, const struct rescue_call *call);
	bool (*is_declared)(void *context, struct str name);
	/* What the tool's schema says of a parameter: 1 a string, 0 none, -1 unknown. */
	int (*is_string)(void *context, struct str name, struct str parameter);
};

struct rescue_mark;

struct rescue {
	const struct rescue_ops *ops;
	void *context;
	struct pool *pool;
	enum model_dialect dialect; /* MODEL_DIALECT_NONE: all passes at once */
	struct buf *held;
	size_t searched; /* bytes of held that hold no end of the open block */
	const struct rescue_mark *open; /* whose end is being waited for, or NULL */
	size_t ticks;	 /* run of backticks at the end of what was passed on */
	bool is_fenced;	 /* inside ``` */
	bool has_passed; /* something that is not blank */
};

void rescue_init(struct rescue *r, enum model_dialect dialect, struct pool *p,
		 const struct rescue_ops *ops, void *context);
void rescue_feed(struct rescue *r, struct str text);
/* Something else comes in between: what could have begun a mark passes. */
void rescue_flush(struct rescue *r);
/* The text is over: a block without its end is read all the same, what is held passes. */
void rescue_end(struct rescue *r);

#endif
