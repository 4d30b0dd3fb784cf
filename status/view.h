/* SPDX-License-Identifier: MIT */
/*
 * What one asker is shown: a copy of the segment, and how much of it.  Names come from
 * outside; each goes through status_clean() before any form of the status writes it.
 */
#ifndef NIM_STATUS_VIEW_H
#define NIM_STATUS_VIEW_H

#include "shm/snapshot.h"
#include "translate/buf.h"
#include "translate/pool.h"
#include "worker/env.h"

enum { STATUS_NAME_MAX = 120, STATUS_SCHEMA = 1 };
#define STATUS_NONE "(none)" /* the row of what has no lane, person or model */

struct status_view {
	const struct shm_snapshot *s;
	const struct worker_env *env;
	struct pool *pool;
	bool has_names; /* of lanes and people, and what runs now; else numbers stand
			   there */
	bool is_full;	/* with a row for each process */
	const struct person
		*me; /* his own view, and nothing of others; NULL: everybody's */
};

/*
 * Text for people: at most STATUS_NAME_MAX bytes, whole characters. What is no UTF-8, a
 * control character, or changes the direction of text (UAX 9) becomes U+FFFD. In the
 * pool.
 */
struct str status_clean(struct pool *p, struct str text);

/* The name of a row as this asker may see it; i is its index in the snapshot. */
struct str status_lane_name(const struct status_view *v, uint32_t i);
struct str status_person_name(const struct status_view *v, uint32_t i);
struct str status_model_name(const struct status_view *v, uint32_t i);
/* The same for a row of the segment; empty when it is not in the snapshot. */
struct str status_lane_of(const struct status_view *v, uint32_t row);
struct str status_person_of(const struct status_view *v, uint32_t row);

#endif
