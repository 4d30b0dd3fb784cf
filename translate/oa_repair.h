/* SPDX-License-Identifier: MIT */
/*
 * What can be mended when an upstream refuses a request: a field that it names and that
 * can be done without is taken out, a max_tokens that is too large is lowered; then the
 * same body may be sent once more.  No request shape is accepted by every server behind
 * NVIDIA's gateway, so this is how a model teaches what it takes (shm/model.h remembers).
 *
 * The request's tree is gone by then: the text that was sent is changed.
 */
#ifndef NIM_TRANSLATE_OA_REPAIR_H
#define NIM_TRANSLATE_OA_REPAIR_H

#include "translate/buf.h"
#include "translate/oa_error.h"

/* The top-level members that a request can do without; a bit each in a mask. */
enum oa_field {
	OA_FIELD_STREAM_OPTIONS,
	OA_FIELD_TEMPERATURE,
	OA_FIELD_TOP_P,
	OA_FIELD_TOP_K,
	OA_FIELD_STOP,
	OA_FIELD_NVEXT,
	OA_FIELD_TOOL_CHOICE,
	OA_FIELD_PARALLEL_TOOL_CALLS,
	OA_FIELD_RESPONSE_FORMAT,
	OA_FIELD_REASONING_EFFORT,
	OA_FIELD_REASONING_BUDGET,
	OA_FIELD_CHAT_TEMPLATE_KWARGS,
	OA_FIELD_THINKING,
	OA_FIELD_COUNT
};

extern const char *const oa_field_names[OA_FIELD_COUNT];

enum { OA_REPAIR_TOKENS_MIN = 1024 }; /* less room for an answer is none */

struct oa_repair {
	uint32_t drop;	    /* bits of enum oa_field */
	int64_t max_tokens; /* the new value; 0 = as it is */
	bool is_lasting;    /* max_tokens is the model's limit, not this request's */
};

/*
 * What error (oa_error_read() of text) says can be mended in body, which was sent. False
 * when there is nothing. A status other than 400, 422 and 500 is never mended.
 */
bool oa_repair_find(struct oa_repair *repair, const struct oa_error *error,
		    struct str text, struct str body);

/*
 * Does it to body, in place; also before a request is sent, for what is known of the
 * model: then fields that are not there and a max_tokens that is smaller already stay.
 */
void oa_repair_apply(const struct oa_repair *repair, struct buf *body);

#endif
