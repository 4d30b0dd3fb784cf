/* SPDX-License-Identifier: MIT */
/*
 * Admission: the person's own limits, then whether his lanes can serve him within
 * max_wait.  Who is let in has a promise: after the head of an answer has gone out there
 * is no 429 any more, so an admitted request waits as long as it takes.  Who is not is
 * told the second at which he could be, and is expected then: the same client coming back
 * at that time is let in.
 */
#ifndef NIM_WORKER_ADMIT_H
#define NIM_WORKER_ADMIT_H

#include "worker/req.h"

/* 0, or -1 after the client has been answered. The model must be known, the turn filled
 * in. */
int admit(struct req *r);

/* How long the client's request may wait; after that it is refused. */
int64_t admit_max_wait_ms(const struct req *r);

/*
 * The lane was put on the bench, or has failed, with the request back in the queue: may
 * it wait? False: *retry_after is the whole second, 1..60, at which it could be served.
 */
bool admit_again(struct req *r, int64_t now_ms, int *retry_after);

enum { ADMIT_FIELDS_MAX = 512 };
/*
 * anthropic-ratelimit-requests-limit, -remaining and -reset (API reference, "Rate
 * limits"; reset is when the limit is fully replenished, RFC 3339), and -tokens- where a
 * lane has such a limit: the sums over the lanes that the person may use. Writes header
 * lines, or nothing when no lane of his has a limit.
 */
void admit_fields(const struct req *r, char fields[ADMIT_FIELDS_MAX]);

#endif
