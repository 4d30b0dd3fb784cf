/* SPDX-License-Identifier: MIT */
/*
 * When the relay of a request has to do something although nothing has come.  All are
 * moments on the monotonic clock; INT64_MAX is never.
 */
#ifndef NIM_WORKER_RELAY_DUE_H
#define NIM_WORKER_RELAY_DUE_H

#include "worker/relay_state.h"

/* The 200 goes out without content. */
int64_t relay_commit_due(const struct relay *rl);
/* The client has heard nothing, or nothing but pings, for so long. */
int64_t relay_ping_due(const struct relay *rl);
int64_t relay_event_due(const struct relay *rl);
int64_t relay_wait_due(const struct relay *rl); /* the earlier of these two */
/* The upstream has said nothing for too long; the request has taken too long in all. */
int64_t relay_silence_due(const struct relay *rl);
int64_t relay_total_due(const struct relay *rl);
/* How long to sleep until the first of them, at most WAIT_SLICE_MS. */
int relay_sleep_ms(const struct relay *rl);

#endif
