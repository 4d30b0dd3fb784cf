/* SPDX-License-Identifier: MIT */
/*
 * POST /v1/messages/count_tokens (API reference, "Count tokens"): an estimate made here,
 * corrected by what the model's server has reported for earlier requests.
 * Claude Code asks 26 times within 40 ms; asking the upstream would spend its requests on
 * counting.
 */
#include "config.h"

#include "translate/jput.h"
#include "translate/tokens.h"
#include "worker/messages.h"
#include "worker/reply.h"

void count_handle(struct req *r)
{
	struct buf *out = &r->conn->out;

	if (messages_read(r, false) < 0)
		return;
	buf_lit(out, "{\"input_tokens\":");
	jput_int(out, shm_model_correct(r->learnt, tokens_request(r->asked.root, false)));
	buf_lit(out, "}");
	reply_json(r);
}
