/* SPDX-License-Identifier: MIT */
/*
 * The body of POST /chat/completions for a request and a model: the allow-list of fields
 * that every NIM server accepts (model, messages, max_tokens, stream, stream_options,
 * temperature, top_p, stop, tools, tool_choice, parallel_tool_calls, response_format)
 * plus what the model's row in models.conf adds: its thinking switch, reasoning_effort,
 * top_k. Always streaming, with usage asked for.
 */
#ifndef NIM_TRANSLATE_OA_REQUEST_H
#define NIM_TRANSLATE_OA_REQUEST_H

#include "translate/an_request.h"
#include "translate/buf.h"
#include "translate/models.h"
#include "translate/oa_tools.h"

enum {
	OA_REQUEST_MAX = 96 << 20, /* three times the largest input: escapes take room */
	OA_STOPS_DEFAULT = 4,	   /* vLLM: "List should have at most 4 items" */
};

/*
 * Appends the whole body to b. names is filled (oa_tools_names) and needed again for the
 * answer. Returns 0; -1 with *error when the request can't be expressed, or b could not
 * hold it.
 */
int oa_request_put(struct buf *b, const struct an_request *request,
		   const struct model *model, struct oa_names *names, struct pool *p,
		   struct jget_error *error);

#endif
