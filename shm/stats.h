/* SPDX-License-Identifier: MIT */
/*
 * What is counted.  One row a counter in SHM_COUNTERS: name (as in the status and the
 * log) and what it means.  A counter only ever goes up.
 */
#ifndef NIM_SHM_STATS_H
#define NIM_SHM_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* clang-format off */
#define SHM_COUNTERS(row)                                                       \
	row(requests, "requests that reached a handler")                        \
	row(ok, "answered in full")                                             \
	row(client_errors, "refused: the request was at fault")                 \
	row(upstream_errors, "failed: the upstream or the proxy was at fault")  \
	row(rate_limited, "answered 429")                                       \
	row(overloaded, "answered 529 because no worker was free")              \
	row(aborted, "the client left, or the worker died, before the end")     \
	row(input_tokens, "prompt tokens without the cached ones")              \
	row(output_tokens, "tokens of the answers, reasoning included")         \
	row(cached_tokens, "prompt tokens the upstream had cached")             \
	row(reasoning_tokens, "tokens of reasoning within output_tokens")       \
	row(estimated, "requests whose tokens were estimated, not reported")    \
	row(retries, "times a request was sent upstream again")
/* clang-format on */

enum shm_counter {
#define row(name, help) SHM_##name,
	SHM_COUNTERS(row)
#undef row
		SHM_COUNTER_COUNT
};

extern const char *const shm_counter_names[SHM_COUNTER_COUNT];
extern const char *const shm_counter_help[SHM_COUNTER_COUNT];

/* What one request adds, or a set of totals read out. */
struct shm_delta {
	uint64_t by[SHM_COUNTER_COUNT];
};

#endif
