/* SPDX-License-Identifier: MIT */
/* The handlers of POST /v1/messages and …/count_tokens. Each has the request's body in
 * r->body_in. */
#ifndef NIM_WORKER_MESSAGES_H
#define NIM_WORKER_MESSAGES_H

#include "worker/req.h"

void messages_handle(struct req *r); /* messages.c */
void count_handle(struct req *r); /* count.c: an estimate, without asking the upstream */

/*
 * Reads the body into r->asked and finds the model; answers the error itself.
 * want_max_tokens: as an_request_read(). Returns 0, or -1 when an answer has been sent.
 */
int messages_read(struct req *r, bool want_max_tokens);

#endif
