/* SPDX-License-Identifier: MIT */
/*
 * What relay.c, relay_due.c and relay_end.c share: the state of one request's relay.
 * Nobody else includes this.
 */
#ifndef NIM_WORKER_RELAY_STATE_H
#define NIM_WORKER_RELAY_STATE_H

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
	struct str fault_text; /* what the upstream sent with it, in the pool */
	unsigned mends;	       /* times the body was changed and sent again */
	unsigned stales;       /* in a row */
	unsigned limited;      /* 429s of the upstream */
	bool is_lanes;	       /* the refusal was the lane's: another turn may do */
	int64_t now_ms;	       /* read once after each sleep */
	int64_t sent_ms;       /* this try began */
	int64_t head_ms;       /* the upstream's head came; 0 = not yet */
	int64_t event_ms;      /* its last event; 0 = none yet */
	int64_t write_ms;      /* something was sent to the client */
	int64_t told_ms;       /* something that was no ping */
	char head_text[REPLY_HEAD_MAX];
};

#endif
