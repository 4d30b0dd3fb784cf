/* SPDX-License-Identifier: MIT */
/*
 * Blocks that become text for the model: what is written of each, escaped, to b.  Writing
 * nothing means that there was nothing to say.
 *
 * t is the user's or assistant's turn that the block belongs to; images go there
 * (oa_turn_show). b may be the turn's own text, or a tool message.
 */
#ifndef NIM_TRANSLATE_OA_RENDER_H
#define NIM_TRANSLATE_OA_RENDER_H

#include "translate/oa_turn.h"

typedef void oa_render_fn(struct oa_turn *t, struct buf *b, struct json_object *block);

oa_render_fn oa_render_text;	   /* its text member; of unknown blocks too */
oa_render_fn oa_render_image;	   /* a note; the image goes to the turn */
oa_render_fn oa_render_document;   /* title, context and text; or that there was one */
oa_render_fn oa_render_search;	   /* search_result: title, source and texts */
oa_render_fn oa_render_reference;  /* tool_reference: the tool can be called now */
oa_render_fn oa_render_compaction; /* the summary that stands for what was before */

/* A string as it is, blocks a line each; of any other type nothing. */
void oa_render_content(struct oa_turn *t, struct buf *b, struct json_object *content);

#endif
