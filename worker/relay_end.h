/* SPDX-License-Identifier: MIT */
/*
 * How a relay ends when it does not end well: what the upstream's failure means, whether
 * another try is worth it, and which of Anthropic's endings the client gets.
 */
#ifndef NIM_WORKER_RELAY_END_H
#define NIM_WORKER_RELAY_END_H

#include "worker/relay_state.h"

/* The ways to fill rl->fault. */
void relay_fault(struct relay *rl, int code,
		 struct str text);    /* an error object in the stream */
void relay_refusal(struct relay *rl); /* an HTTP status or body that is no event stream */
void relay_no_answer(struct relay *rl); /* the transfer failed or held nothing */
void relay_silence(struct relay *rl);	/* a deadline passed */
void relay_late(struct relay *rl);	/* the same, in the queue */
void relay_no_room(struct relay *rl);	/* max_wait is over, the brake still holds */

/*
 * True when the request shall be sent again. When the lane was refused (rl->is_lanes): if
 * it can be served in time, or the answer is committed. Otherwise: when the answer is
 * committed, the fault transient, and neither ride_out_ms nor the total used up;
 * *again_ms is then what the upstream asked for, else 0.5 s doubling to 8 s.
 */
bool relay_may_retry(struct relay *rl, int64_t *again_ms);

/* Tells the client, in the form it handles best. verdict is ATTEMPT_REFUSED or
 * ATTEMPT_BROKEN. */
void relay_fail(struct relay *rl, enum attempt verdict);

#endif
