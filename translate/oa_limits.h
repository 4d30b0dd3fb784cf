/* SPDX-License-Identifier: MIT */
/*
 * The wordings in which servers say that prompt or answer are too long, turned into the
 * sentences that Claude Code heals by itself (Anthropic API, errors; measured
 * with 2.1.330):
 *
 *     prompt is too long: N tokens > M maximum                      -> it compacts
 *     input length and `max_tokens` exceed context limit: A + B > C, decrease input
 * length or `max_tokens` and try again                                 -> max_tokens is
 * lowered max_tokens: A > B, which is the maximum allowed number of output tokens for
 * this model
 */
#ifndef NIM_TRANSLATE_OA_LIMITS_H
#define NIM_TRANSLATE_OA_LIMITS_H

#include "translate/pool.h"

/* What the server said, in tokens; 0 where it did not say. */
struct oa_limit {
	bool is_known;	     /* it spoke of such a limit at all */
	struct str sentence; /* for the client, in the pool */
	int64_t input;	     /* of the prompt; vLLM says one above the window, not more */
	int64_t output;	     /* max_tokens as it was sent */
	int64_t window;
	int64_t largest; /* max_tokens it takes */
};

/*
 * Reads text, the upstream's sentence, and body, all that it sent. estimate is our count
 * of the prompt, for servers that tell the window only. Returns is_known.
 */
bool oa_limits_read(struct oa_limit *limit, struct pool *p, struct str text,
		    struct str body, int64_t estimate);

#endif
