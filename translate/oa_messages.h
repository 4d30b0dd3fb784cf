/* SPDX-License-Identifier: MIT */
/*
 * system and messages[] in OpenAI's form: one system message first, tool messages right
 * after the call they answer, texts flattened to strings, images as image_url parts.
 * Turns of one role are merged, and what stood between them and says nothing is left out,
 * because templates demand alternation. Later entries never change what earlier ones
 * became, short of the last turn: the upstream's prefix cache lives from that.
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

/*
 * Appends "messages":[…]. is_thinking chooses the model's system_on/system_off text.
 * Returns 0, or -1 with *error (path and reason) for content that has the wrong type, or
 * when no message has any. What did not fit is told by b->has_failed.
 */
int oa_messages_put(struct buf *b, const struct an_request *request,
		    const struct model *model, bool is_thinking,
		    const struct oa_names *names, struct pool *p,
		    struct jget_error *error);

#endif
