/* SPDX-License-Identifier: MIT */
/*
 * The middle of the request path: sends r->body_out upstream, turns what comes back into
 * the answer, and watches the client, the master and the clock meanwhile.
 *
 * When the 200 goes out (the commit): with the first content, or commit_after_ms after
 * the request was read, whichever is first.  Before the commit an upstream error is an
 * HTTP status, which Claude Code handles best.  Between the commit and the first content
 * the proxy rides out what is transient, with pings.  After content, a broken upstream
 * ends as stream_cut() says. A non-streaming answer is assembled from the same stream and
 * has no commit.
 */
#ifndef NIM_WORKER_RELAY_H
#define NIM_WORKER_RELAY_H

#include "worker/req.h"

/*
 * Before it: takes out of r->body_out what the model is known to refuse, and lowers
 * r->max_tokens to what it is known to take.
 */
void relay_prepare(struct req *r);

/* Answers the client in every case; r->outcome, r->status and r->error tell how it went.
 */
void relay_run(struct req *r);

#endif
