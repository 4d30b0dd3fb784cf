/* SPDX-License-Identifier: MIT */
/*
 * Content blocks: one row for each type of the API, with what becomes of it in a user's
 * turn, in an assistant's, and in a tool's result.  What has no row is rendered as its
 * text, or skipped: transcripts made elsewhere hold blocks of Anthropic's own services,
 * and none of them is a reason to refuse.
 */
#ifndef NIM_TRANSLATE_OA_BLOCKS_H
#define NIM_TRANSLATE_OA_BLOCKS_H

#include "translate/oa_turn.h"

/* Adds one block of a user or assistant message. Returns 0, or -1 with *error. */
int oa_blocks_user(struct oa_turn *t, struct json_object *block,
		   const struct jget_path *at, struct jget_error *error);
int oa_blocks_assistant(struct oa_turn *t, struct json_object *block,
			const struct jget_path *at, struct jget_error *error);
/*
 * Writes what a block inside a result or document says, escaped, to b; images in it that
 * the model can see are added to the turn, because a tool message holds text only.
 * Never refuses: what is no block says nothing.
 */
void oa_blocks_render(struct oa_turn *t, struct buf *b, struct json_object *block);
/* The same for a tool_result block as a whole; "(no output)" when it is empty. */
void oa_blocks_result(struct oa_turn *t, struct buf *b, struct json_object *block);

#endif
