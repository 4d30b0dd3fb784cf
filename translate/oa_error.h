/* SPDX-License-Identifier: MIT */
/*
 * What an upstream's refusal means: status line, headers and body of an HTTP answer, or an error
 * object inside a stream, turned into an error for the client and a word on whether to try again.
 *
 * NIM is at least four server stacks with four error shapes (gateway problem JSON, Dynamo flat,
 * vLLM error object, NIM 1.x problem details); the message is looked for in all of them. Account
 * ids, function ids, keys and HTML never reach the client.
 */
#ifndef NIM_TRANSLATE_OA_ERROR_H
#define NIM_TRANSLATE_OA_ERROR_H

#include "translate/an_error.h"
#include "translate/pool.h"

struct oa_error_in {
	int status;		/* HTTP status, or the code inside a stream's error object, 0 = none */
	struct str body;	/* of the answer, or the error object's text; may be HTML or empty */
	struct str retry_after; /* header as it came: seconds, HTTP date, garbage or empty */
	int64_t now_s;		/* Unix time, to understand a date */
	struct str model_id;	/* the upstream id, to be named */
	struct str model_asked; /* the client's name */
};

struct oa_error {
	struct an_error error;	/* for the client; message in the pool */
	bool is_transient;	/* worth another try: 408, 429, 5xx, DEGRADED, ResourceExhausted */
	int retry_after;	/* what the upstream asked for in seconds, 0 = nothing */
};

void oa_error_read(struct oa_error *out, struct pool *p, const struct oa_error_in *in);

#endif
