/* SPDX-License-Identifier: MIT */
/* The counters' names and meanings, made from their one list. */
#include "config.h"

#include "shm/stats.h"

const char *const shm_counter_names[SHM_COUNTER_COUNT] = {
#define row(name, help) [SHM_##name] = #name,
	SHM_COUNTERS(row)
#undef row
};

const char *const shm_counter_help[SHM_COUNTER_COUNT] = {
#define row(name, help) [SHM_##name] = help,
	SHM_COUNTERS(row)
#undef row
};
