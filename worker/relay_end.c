/* SPDX-License-Identifier: MIT */
/*
 * The endings.  Claude Code's behaviour decides them (measured with 2.1.330): an HTTP
 * error is retried with back-off; inside a stream overloaded_error is retried twice,
 * other errors at once as a non-streaming request, a reset connection with back-off; a
 * clean end without message_delta loses the turn.
 */
#include "config.h"

#include "worker/relay_end.h"

#include "translate/an_event.h"
#include "worker/admit.h"
#include "worker/clock.h"
#include "worker/relay_due.h"

enum { BACKOFF_MS = 500, BACKOFF_DOUBLINGS = 4 };

static void set_fault(struct relay *rl, int status, struct str body,
		      struct str retry_after)
{
	struct oa_error_in in = {
		.status = status,
		.body = body,
		.retry_after = retry_after,
		.now_s = clock_wall_s(),
		.model_id = rl->r->model->id,
		.model_asked = rl->r->model_asked,
		.input_estimate = rl->r->input_estimate,
	};

	oa_error_read(&rl->fault, rl->r->pool, &in);
	rl->fault_text = pool_str(rl->r->pool, body);
	rl->has_fault = true;
	rl->r->is_quoting = true;
	rl->r->upstream_status = rl->fault.status;
}

void relay_fault(struct relay *rl, int code, struct str text)
{
	set_fault(rl, code, text, (struct str){ NULL, 0 });
}

static void set_own_fault(struct relay *rl, enum an_error_kind kind, struct str message)
{
	memset(&rl->fault, 0, sizeof(rl->fault));
	rl->fault.error.kind = kind;
	rl->fault.error.message = message;
	rl->fault.is_transient = true;
	rl->has_fault = true;
	rl->r->is_quoting = false;
}

void relay_refusal(struct relay *rl)
{
	struct upstream *u = rl->r->upstream;

	if (u->status != 200)
		set_fault(rl, u->status, buf_str(&u->error_body), str_of(u->retry_after));
	else if (u->is_encoded)
		set_own_fault(rl, AN_BAD_UPSTREAM,
			      STR("The upstream answered in an encoding that was not "
				  "asked for."));
	else if (u->error_body.len)
		set_fault(rl, 0, buf_str(&u->error_body), (struct str){ NULL, 0 });
	else
		relay_no_answer(rl);
}

void relay_no_answer(struct relay *rl)
{
	struct upstream *u = rl->r->upstream;

	if (u->result == CURLE_OK && u->is_event_stream)
		set_own_fault(rl, AN_OVERLOADED,
			      STR("The upstream's answer was empty. Please try again."));
	else
		set_own_fault(rl, AN_BAD_UPSTREAM,
			      pool_strf(rl->r->pool, "The upstream did not answer: %s.",
					upstream_reason(u)));
}

void relay_silence(struct relay *rl)
{
	set_own_fault(rl, rl->r->asked.is_stream ? AN_OVERLOADED : AN_TIMEOUT,
		      STR("The upstream has been silent for too long."));
}

void relay_late(struct relay *rl)
{
	set_own_fault(rl, rl->r->asked.is_stream ? AN_OVERLOADED : AN_TIMEOUT,
		      STR("The request has waited for its lane for too long."));
}

void relay_no_room(struct relay *rl)
{
	set_own_fault(
		rl, AN_OVERLOADED,
		pool_strf(rl->r->pool,
			  "The servers of %.128s have too much to do; the request has "
			  "waited for %lld seconds.",
			  rl->r->model->id.ptr,
			  (long long)(rl->now_ms - rl->r->began_ms) / 1000));
	rl->fault.is_transient = false; /* it has been ridden out for long enough */
}

/* The refusal was the lane's: back into the queue, at the old place. */
static bool may_queue_again(struct relay *rl)
{
	struct req *r = rl->r;
	int retry_after;

	if (!rl->is_lanes || r->body_out->len == 0 || rl->now_ms >= relay_total_due(rl))
		return false;
	/* After the commit there is no 429 any more: it waits as long as it takes. */
	if (admit_again(r, rl->now_ms, &retry_after))
		return true;
	if (rl->is_committed && retry_after > 0)
		return true;
	if (retry_after > 0)
		rl->fault.error.retry_after = retry_after;
	return false;
}

bool relay_may_retry(struct relay *rl, int64_t *again_ms)
{
	unsigned doublings =
		rl->r->retries < BACKOFF_DOUBLINGS ? rl->r->retries : BACKOFF_DOUBLINGS;
	int64_t wait = rl->fault.retry_after ? rl->fault.retry_after * 1000
					     : (int64_t)BACKOFF_MS << doublings;

	if (rl->is_lanes) {
		*again_ms = rl->now_ms;
		return may_queue_again(rl);
	}
	*again_ms = rl->now_ms + wait;
	if (*again_ms >= relay_total_due(rl) ||
	    *again_ms >= rl->r->read_ms + rl->r->env->settings.ride_out_ms)
		return false;
	return rl->is_committed && rl->fault.is_transient && rl->r->body_out->len > 0;
}

/* An error event; what was transient is overloaded_error, the one that the client backs
 * off for. */
static void send_error_event(struct relay *rl, const struct an_error *e)
{
	struct req *r = rl->r;
	struct an_error told = *e;

	if (rl->fault.is_transient || !rl->has_fault)
		told.kind = AN_OVERLOADED;
	an_event_error(&r->conn->out, &told, r->id);
	r->error = told;
	r->has_error = true;
	r->outcome = reply_outcome(told.kind);
	(void)conn_send_last(r->conn, rl->head);
}

static void cut(struct relay *rl, const struct an_error *e)
{
	struct req *r = rl->r;

	switch (stream_cut(&r->stream)) {
	case STREAM_CUT_CLOSED:
		r->outcome = SHM_ok;
		(void)conn_send_last(r->conn, rl->head);
		break;
	case STREAM_CUT_RESET:
		(void)conn_send(r->conn, rl->head);
		conn_reset(r->conn);
		r->error = *e;
		r->has_error = true;
		r->outcome = SHM_upstream_errors;
		break;
	case STREAM_CUT_EARLY:
	case STREAM_CUT_ERROR:
		send_error_event(rl, e);
		break;
	}
}

void relay_fail(struct relay *rl, enum attempt verdict)
{
	struct an_error broken = { .kind = AN_OVERLOADED,
				   .message = STR("The upstream broke off its answer.") };
	const struct an_error *e = rl->has_fault ? &rl->fault.error : &broken;

	if (!rl->is_committed)
		reply_error(rl->r, e);
	else if (verdict == ATTEMPT_BROKEN && !rl->has_fault)
		cut(rl, e);
	else
		send_error_event(rl, e);
}
