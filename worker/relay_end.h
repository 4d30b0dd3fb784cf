/* SPDX-License-Identifier: MIT */
/*
 * How a relay ends when it does not end well: what the upstream's failure means, whether
 * another try is worth it, and which of Anthropic's endings the client gets.
 */
#ifndef NIM_WORKER_RELAY_END_H
#define NIM_WORKER_RELAY_END_H

#include "translate/an_reply.h"
#include "translate/sse.h"
#include "worker/reply.h"
#include "worker/req.h"

enum attempt {
	ATTEMPT_RUNNING,
	ATTEMPT_ANSWERED, /* the upstream's answer is complete */
	ATTEMPT_LEFT,	  /* the client has gone, or the worker must */
	ATTEMPT_REFUSED,  /* failed before any content: rl->fault says how */
	ATTEMPT_BROKEN,	  /* failed behind content */
};

/* The relay of one request; lives on relay_run()'s stack. */
struct relay {
	struct req *r;
	struct sse sse;
	struct an_reply reply; /* non-streaming answers */
	struct pool scratch;   /* of one upstream event */
	struct str head;       /* of the answer, not yet sent */
	bool is_committed; /* the head has been written, or stands in front of the next
			      send */
	bool is_answered;  /* [DONE] */
	bool has_fault;
	struct oa_error fault;
	int64_t now_ms;	  /* read once after each sleep */
	int64_t sent_ms;  /* this try began */
	int64_t head_ms;  /* the upstream's head came; 0 = not yet */
	int64_t event_ms; /* its last event; 0 = none yet */
	int64_t write_ms; /* something was sent to the client */
	char head_text[REPLY_HEAD_MAX];
};

/* The four ways to fill rl->fault. */
void relay_fault(struct relay *rl, int code,
		 struct str text);    /* an error object in the stream */
void relay_refusal(struct relay *rl); /* an HTTP status or body that is no event stream */
void relay_no_answer(struct relay *rl); /* the transfer failed or held nothing */
void relay_silence(struct relay *rl);	/* a deadline passed */

/*
 * True when the request shall be sent again: the answer is committed, the fault is
 * transient, and ride_out_ms is not used up. *again_ms is the moment (what the upstream
 * asked for, else 0.5 s doubling to 8 s).
 */
bool relay_may_retry(const struct relay *rl, int64_t *again_ms);

/* Tells the client, in the form it handles best. verdict is ATTEMPT_REFUSED or
 * ATTEMPT_BROKEN. */
void relay_fail(struct relay *rl, enum attempt verdict);

#endif
