/* SPDX-License-Identifier: MIT */
/* The words of the refusal decide; what they taught is written to the log once. */
#include "config.h"

#include "worker/relay_mend.h"

#include "translate/oa_repair.h"
#include "worker/clock.h"
#include "worker/log.h"
#include "worker/relay.h"

enum { MENDS_MAX = 2 }; /* a server that names one field at a time gets two chances */

static void apply(struct req *r, const struct oa_repair *repair)
{
	oa_repair_apply(repair, r->body_out);
	if (repair->max_tokens > 0 && repair->max_tokens < r->max_tokens)
		r->max_tokens = repair->max_tokens;
}

void relay_prepare(struct req *r)
{
	int64_t now = clock_ms();
	struct oa_repair known = { .drop = shm_model_refused(r->learnt, now),
				   .max_tokens = shm_model_max_output(r->learnt, now) };

	if (known.drop || known.max_tokens)
		apply(r, &known);
}

static void say_learnt(const struct req *r, const struct oa_repair *repair)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_WARN, "learnt");
	log_str(&l, "id", r->id);
	log_str(&l, "model", r->model->id);
	for (unsigned i = 0; i < OA_FIELD_COUNT; i++)
		if (repair->drop >> i & 1)
			log_text(&l, "refused", oa_field_names[i]);
	if (repair->max_tokens)
		log_int(&l, repair->is_lasting ? "max_output" : "max_tokens",
			repair->max_tokens);
	log_end(&l);
}

bool relay_mend(struct relay *rl)
{
	struct req *r = rl->r;
	struct oa_repair repair;

	if (rl->mends == MENDS_MAX || !r->is_quoting ||
	    !oa_repair_find(&repair, &rl->fault, rl->fault_text, buf_str(r->body_out)))
		return false;
	rl->mends++;
	say_learnt(r, &repair);
	shm_model_learn(r->learnt, repair.drop, repair.is_lasting ? repair.max_tokens : 0,
			rl->now_ms);
	apply(r, &repair);
	r->stream.config.max_tokens = r->max_tokens;
	return true;
}
