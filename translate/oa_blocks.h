/* SPDX-License-Identifier: MIT */
/*
 * Content blocks: one row for each type of the API, with what becomes of it in a user's
 * turn, in an assistant's, and in a tool's result.  What has no row is rendered as its
 * text, or skipped: transcripts made elsewhere hold blocks of Anthropic's own services,
 * and none of them is a reason to refuse.
 */
#ifndef NIM_TRANSLATE_OA_BLOCKS_H
#define NIM_TRANSLATE_OA_BLOCKS_H

#include "translate/buf.h"
#include "translate/jget.h"
#include "translate/models.h"
#include "translate/oa_tools.h"
#include "translate/pool.h"

/* A tool's result that waits for its place behind the call. */
struct oa_result {
	struct oa_result *next;
	struct str id; /* tool_use_id as the client wrote it */
	struct json_object *block;
	bool is_placed;
};

/* A call of the assistant's turn. */
struct oa_history_call {
	struct oa_history_call *next;
	struct str id, name;
	struct json_object *input;
};

/*
 * The turn that is being put together. Text is collected escaped, without quotes; with
 * the first image it becomes parts, because only then content has to be an array.
 */
struct oa_turn {
	const struct model *model;
	struct pool *pool;
	struct buf *text;  /* texts so far, joined by an empty line */
	struct buf *parts; /* finished parts as JSON, comma separated */
	struct oa_result *results, **last_result;
	struct oa_history_call *calls, **last_call;
	size_t call_count;
};

void oa_turn_init(struct oa_turn *t, struct pool *p, const struct model *model);
void oa_turn_clear(struct oa_turn *t);
bool oa_turn_is_empty(const struct oa_turn *t);

/* Adds a text as a paragraph of its own; an empty one is nothing. */
void oa_turn_text(struct oa_turn *t, struct str text);
/* The same for text that is put together from three pieces. */
void oa_turn_text3(struct oa_turn *t, struct str before, struct str text,
		   struct str after);
/* Adds one block of a user or assistant message. Returns 0, or -1 with *error. */
int oa_blocks_user(struct oa_turn *t, struct json_object *block,
		   const struct jget_path *at, struct jget_error *error);
int oa_blocks_assistant(struct oa_turn *t, struct json_object *block,
			const struct jget_path *at, struct jget_error *error);
/*
 * Writes a result's content as escaped text to b; images in it that the model can see are
 * added to the turn, because a tool message holds text only. b is not the turn's own
 * text.
 */
void oa_blocks_result(struct oa_turn *t, struct buf *b, struct json_object *block);
/* Writes the turn's content: a string, or an array when it holds images. */
void oa_turn_content(struct oa_turn *t, struct buf *b);

#endif
