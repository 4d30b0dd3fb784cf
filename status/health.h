/* SPDX-License-Identifier: MIT */
/*
 * Whether all is well: a table of checks.  What makes the service of no use to a client
 * makes it unready; the rest makes it degraded.
 */
#ifndef NIM_STATUS_HEALTH_H
#define NIM_STATUS_HEALTH_H

#include "status/view.h"

enum { HEALTH_CHECKS = 7 };

struct health_check {
	const char *name; /* one word */
	bool is_fatal;	  /* without it: not ready */
	bool (*is_well)(const struct shm_snapshot *s);
	const char *problem; /* a sentence: what it means, what to do */
};

extern const struct health_check health_checks[HEALTH_CHECKS];

bool health_is_ready(const struct shm_snapshot *s);
/* "ok", "draining" or "degraded". */
const char *health_word(const struct shm_snapshot *s);

#endif
