/* SPDX-License-Identifier: MIT */
/*
 * What the simulated NIM has seen, for tests to ask at /control/stats. All functions may
 * be called from any thread.
 */
#ifndef NIM_FAKENIM_STATS_H
#define NIM_FAKENIM_STATS_H

#include "translate/buf.h"

enum stats_counter {
	STATS_CONNECTIONS,
	STATS_REQUESTS,	 /* of any kind, without /control */
	STATS_POSTS,	 /* chat completions that passed the checks */
	STATS_COMPLETED, /* of these: said everything that was to be said */
	STATS_ABORTED,	 /* of these: the client left before the end */
	STATS_UNARY,	 /* of these: "stream" was not true */
	STATS_VIOLATIONS,
	STATS_BROKEN, /* connections that ended inside a request, or were not HTTP */
	STATS_IN_FLIGHT,
	STATS_COUNTERS
};

void stats_add(enum stats_counter counter, int by);
/* A request that a real server would have refused, with the reason. */
void stats_violation(struct str text);
/* What came last: a JSON object; kept as a copy, cut off above 1 MiB (then null). */
void stats_last(struct str model, struct str agent, struct str body);
/* How often this key was counted before: 0 the first time. */
int stats_nth(struct str key);
/* Forgets all but the connections that are open and the requests in flight. */
void stats_reset(void);
/* Appends the JSON. */
void stats_put(struct buf *b);

#endif
