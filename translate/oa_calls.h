/* SPDX-License-Identifier: MIT */
/* The assistant's calls in the history, and which result answers which of them. */
#ifndef NIM_TRANSLATE_OA_CALLS_H
#define NIM_TRANSLATE_OA_CALLS_H

#include "translate/oa_tools.h"
#include "translate/oa_turn.h"

enum { OA_ARGUMENTS_MAX = 64 << 20 }; /* of one call in the history, written anew */

/*
 * Gives each call the result with its id, the first call of an id the first result, and
 * marks that as placed. n log n: a body may hold 15,000 of each.
 */
void oa_calls_pair(struct pool *p, struct oa_history_call *calls,
		   const struct oa_turn *results);

/* The id of a call for that model (ids.h). */
struct str oa_calls_id(const struct model *model, struct pool *p, struct str id);

/*
 * Appends "tool_calls":[…], the first count calls, each with its upstream id and name,
 * and with arguments that are a JSON object inside a string, whatever the client sent:
 * Dynamo refuses all else, also deep in the history. scratch is emptied and used, its
 * maximum OA_ARGUMENTS_MAX; when something did not fit, b->has_failed is set.
 */
void oa_calls_put(struct buf *b, const struct oa_history_call *calls, size_t count,
		  const struct model *model, const struct oa_names *names, struct pool *p,
		  struct buf *scratch);

#endif
