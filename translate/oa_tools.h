/* SPDX-License-Identifier: MIT */
/*
 * Tools and tool_choice in OpenAI's form, and the way back for names that had to change.
 *
 * Forwarded: client tools (type absent, null or "custom") as functions, schema as it is.
 * Not forwarded: Anthropic's server tools (any other type), the placeholder
 * DeferredToolPlaceholder, and keys that servers refuse or put before the model (strict,
 * defer_loading, cache_control …). An empty list is never sent.
 * Names: OpenAI's [A-Za-z0-9_-]{1,64}; others are mapped (illegal bytes to _, cut, and a
 * hash at the end so that two names never meet).
 */
#ifndef NIM_TRANSLATE_OA_TOOLS_H
#define NIM_TRANSLATE_OA_TOOLS_H

#include "translate/an_request.h"
#include "translate/buf.h"
#include "translate/models.h"

enum { OA_TOOL_NAME_MAX = 64 };

struct oa_name {
	struct str client;   /* as the client wrote it */
	struct str upstream; /* as it is sent */
};

struct oa_names {
	struct oa_name *list;	    /* in the pool, as the tools came */
	struct oa_name **by_client; /* the same, sorted by the client's name; or NULL */
	size_t count;		    /* client tools that were forwarded */
	struct str server_tool; /* name or type of the first server tool that was dropped,
				   in the pool, or empty */
};

/*
 * Collects the names of the tools that will be forwarded. A legal name stays what it is;
 * the others' do not depend on what other tools there are, short of two hashes that meet.
 * Returns 0, or -1 with *error when a tool has no name, when all tools are server tools
 * (which we can't run), or when tool_choice names none of them.
 */
int oa_tools_names(struct oa_names *names, const struct an_request *request,
		   struct pool *p, struct jget_error *error);
/* The name to use upstream for a client's name (in history or tool_choice). */
struct str oa_tools_upstream(const struct oa_names *names, struct pool *p,
			     struct str client);
/* The client's name for what the model called; the same name when it was not declared. */
struct str oa_tools_client(const struct oa_names *names, struct str upstream);
/*
 * Appends ,"tools":[…] with tool_choice and parallel_tool_calls where they belong, or
 * nothing when there are no tools to send (tool_choice without tools is refused by vLLM).
 */
void oa_tools_put(struct buf *b, const struct an_request *request,
		  const struct model *model, struct pool *p,
		  const struct oa_names *names);

#endif
