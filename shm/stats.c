/* SPDX-License-Identifier: MIT */
/* The counters' and histograms' names and meanings, made from their lists. */
#include "config.h"

#include "shm/stats.h"

#define name_of(name, help) #name,
#define help_of(name, help) help,

const char *const shm_counter_names[SHM_COUNTER_COUNT] = { SHM_COUNTERS(name_of) };
const char *const shm_counter_help[SHM_COUNTER_COUNT] = { SHM_COUNTERS(help_of) };
const char *const shm_hist_names[SHM_HIST_COUNT] = { SHM_HISTS(name_of) };
const char *const shm_hist_help[SHM_HIST_COUNT] = { SHM_HISTS(help_of) };

/* From a local answer to the longest one that total_timeout allows by default. */
const int64_t shm_bounds_ms[SHM_BUCKETS - 1] = {
	10,   25,    50,    100,   250,	   500,	   1000,   2500,
	5000, 10000, 25000, 60000, 120000, 300000, 900000,
};

size_t shm_bucket(int64_t ms)
{
	size_t i = 0;

	while (i < SHM_BUCKETS - 1 && ms > shm_bounds_ms[i])
		i++;
	return i;
}
