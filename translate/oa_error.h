/* SPDX-License-Identifier: MIT */
/*
 * What an upstream's refusal means: status line, headers and body of an HTTP answer, or
 * an error object inside a stream, turned into an error for the client and a word on
 * whether to try again.
 *
 * NIM is at least four server stacks with four error shapes; oa_said.h finds the sentence
 * in them, oa_limits.h knows the ones about length. Account ids, function ids, keys and
 * HTML never reach the client, and of a 5xx no word of the upstream's.
 */
#ifndef NIM_TRANSLATE_OA_ERROR_H
#define NIM_TRANSLATE_OA_ERROR_H

#include "translate/an_error.h"
#include "translate/oa_limits.h"
#include "translate/pool.h"

enum {
	OA_RETRY_DEFAULT = 10, /* seconds: NIM's 429 comes without Retry-After */
	OA_RETRY_MAX = 60,     /* Claude Code waits for 1 to 60, else by its own clock */
};

struct oa_error_in {
	int status;	 /* HTTP status; 0 = none, or a 200: look into body */
	struct str body; /* of the answer or the stream's event; may be HTML or empty */
	struct str retry_after; /* header: seconds, HTTP date, garbage or empty */
	int64_t now_s;		/* Unix time, to understand a date */
	struct str model_id;	/* the upstream id, to be named */
	struct str model_asked; /* the client's name */
	int64_t input_estimate; /* tokens of the prompt, as counted here */
};

struct oa_error {
	struct an_error error; /* for the client; message in the pool */
	bool is_transient;     /* worth another try: 408, 429, 5xx, DEGRADED ... */
	bool is_busy; /* the model's servers have too much to do; other keys don't help */
	int retry_after; /* what was asked for in seconds, up to 3600; 0 = nothing */
	int status;	 /* the status that counted, the answer's or the body's */
	struct str said; /* the upstream's words, redacted, for the log */
	struct oa_limit limit; /* when it spoke of one */
};

void oa_error_read(struct oa_error *out, struct pool *p, const struct oa_error_in *in);

/*
 * Retry-After (RFC 9110, 10.2.3) in seconds, 1 to 3600; 0 when header is neither a number
 * nor an IMF-fixdate. A date that has passed, and 0, are 1.
 */
int oa_error_retry_after(struct str header, int64_t now_s);

#endif
