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

/*
 * True, with the sentence (in the pool), when text, the upstream's sentence, or body, all
 * that it sent, speaks of such a limit.
 */
bool oa_limits_read(struct str *sentence, struct pool *p, struct str text,
		    struct str body);

#endif
