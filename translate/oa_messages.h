/* SPDX-License-Identifier: MIT */
/*
 * system and messages[] in OpenAI's form: one system message first, tool messages right
 * after the call they answer, texts flattened to strings, images as image_url parts.
 *
 * Every block type of the API has a row in a table (role, how it is rendered); unknown
 * types are rendered as text or skipped, never refused. Claude Code's attribution block
 * ("x-anthropic-billing-header:…") is dropped: it changes with each request and defeats
 * the upstream's prefix cache.
 */
#ifndef NIM_TRANSLATE_OA_MESSAGES_H
#define NIM_TRANSLATE_OA_MESSAGES_H

#include "translate/an_request.h"
#include "translate/buf.h"
#include "translate/models.h"
#include "translate/oa_tools.h"

enum { OA_ARGUMENTS_MAX = 64 << 20 }; /* of one call in the history, written anew */

/*
 * Appends "messages":[…]. is_thinking chooses the model's system_on/system_off text.
 * Returns 0, or -1 with *error (path and reason) for content that has the wrong type.
 */
int oa_messages_put(struct buf *b, const struct an_request *request,
		    const struct model *model, bool is_thinking,
		    const struct oa_names *names, struct pool *p,
		    struct jget_error *error);

#endif
