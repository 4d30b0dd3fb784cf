/* SPDX-License-Identifier: MIT */
/*
 * What is counted.  One row a counter in SHM_COUNTERS: name (as in the status and the
 * log) and what it means.  A counter only ever goes up.  Beside the counters stand the
 * histograms of SHM_HISTS, all with the same bounds.
 */
#ifndef NIM_SHM_STATS_H
#define NIM_SHM_STATS_H

#include <stdatomic.h>
#include <stddef.h>
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
	row(retries, "times a request was sent upstream again")                 \
	row(grants, "times a lane let a request go upstream")                   \
	row(waited, "requests that had to wait for their lane")                 \
	row(upstream_limited, "429s of the upstream, ridden out or not")

#define SHM_HISTS(row)                                                          \
	row(wait, "from the request's arrival to its lane's grant")             \
	row(first_token, "from the request's arrival to the first content")     \
	row(duration, "from the request's arrival to the end of its answer")
/* clang-format on */

enum shm_counter {
#define row(name, help) SHM_##name,
	SHM_COUNTERS(row)
#undef row
		SHM_COUNTER_COUNT
};

enum shm_hist {
#define row(name, help) SHM_HIST_##name,
	SHM_HISTS(row)
#undef row
		SHM_HIST_COUNT
};

enum { SHM_BUCKETS = 16 }; /* the last one has no upper bound */

extern const char *const shm_counter_names[SHM_COUNTER_COUNT];
extern const char *const shm_counter_help[SHM_COUNTER_COUNT];
extern const char *const shm_hist_names[SHM_HIST_COUNT];
extern const char *const shm_hist_help[SHM_HIST_COUNT];
/* Upper bounds, inclusive, in milliseconds, of all buckets but the last. */
extern const int64_t shm_bounds_ms[SHM_BUCKETS - 1];
/* The bucket of a time in milliseconds; what is below 0 counts as 0. */
size_t shm_bucket(int64_t ms);

/* What one request adds, or a set of totals read out. */
struct shm_delta {
	uint64_t by[SHM_COUNTER_COUNT];
};

#endif
