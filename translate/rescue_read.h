/* SPDX-License-Identifier: MIT */
/*
 * The dialects: where a block of calls begins and ends in each, and how it is read.  What
 * rescue.c and the readers share; nobody else includes this.
 */
#ifndef NIM_TRANSLATE_RESCUE_READ_H
#define NIM_TRANSLATE_RESCUE_READ_H

#include "translate/rescue.h"

/* The calls of one block while they are collected. */
struct rescue_block {
	const struct rescue *rescue;
	struct rescue_call calls[RESCUE_CALLS_MAX];
	size_t count;
};

/* Reads what stands between the marks; false when it is not calls after all. */
typedef bool rescue_read_fn(struct rescue_block *block, struct str text);

struct rescue_mark {
	const char *open, *close; /* close NULL: the end of the answer */
	rescue_read_fn *read;	  /* NULL: a thought */
	bool is_start_only;	  /* counts at the very beginning of the answer */
	bool keeps_open;	  /* the mark belongs to what is read */
};

struct rescue_dialect {
	const struct rescue_mark *marks; /* ends with an open of NULL */
	const char *const *strays;	 /* tokens to be dropped; ends with NULL */
};

extern const struct rescue_dialect rescue_dialects[]; /* rescue_dialects.c */

/* rescue_read.c: the readers' tools */
/* What stands before mark, cut off *rest together with it; false when it isn't there. */
bool rescue_take_until(struct str *rest, const char *mark, struct str *before);
/* mark, cut off the beginning of *rest; false when something else stands there. */
bool rescue_take(struct str *rest, const char *mark);
/* An object or a list up to its last bracket, cut off *rest; all when that is missing. */
struct str rescue_take_json(struct str *rest);
/* {…} at the beginning, in a ``` fence or not; false when there is none. */
bool rescue_take_object(struct str *rest, struct str *args);
/* text ends inside a JSON object: an end mark there is part of a string. */
bool rescue_is_inside(struct str text);
/* One more call; false when it has no name or is one too many. */
bool rescue_add(struct rescue_block *b, struct str id, struct str name, struct str args);

/* rescue_json.c: JSON that holds name and arguments, or a name with JSON behind it */
bool rescue_read_json(struct rescue_block *b, struct str text);
bool rescue_read_kimi(struct rescue_block *b, struct str text);
bool rescue_read_deepseek(struct rescue_block *b, struct str text);
bool rescue_read_mistral(struct rescue_block *b, struct str text);
bool rescue_read_harmony(struct rescue_block *b, struct str text);

/* rescue_tags.c: tags around each parameter */
bool rescue_read_functions(struct rescue_block *b, struct str text);
bool rescue_read_glm(struct rescue_block *b, struct str text);
bool rescue_read_invokes(struct rescue_block *b, struct str text);
bool rescue_read_minimax(struct rescue_block *b, struct str text);

#endif
