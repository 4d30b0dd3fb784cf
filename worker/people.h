/* SPDX-License-Identifier: MIT */
/*
 * Who may ask, and with whose keys: people.conf as the workers see it.  The configuration
 * fills it (master/conf_people.c), nobody changes it afterwards.
 */
#ifndef NIM_WORKER_PEOPLE_H
#define NIM_WORKER_PEOPLE_H

#include "shm/segment.h"
#include "translate/str.h"

/* One key of the upstream, or several of one account: one limit. */
struct lane {
	struct str name;
	struct str owner; /* the person whose key it is; empty: the team's */
	struct str *keys; /* NUL-terminated; none: the upstream asks for none */
	size_t key_count;
	bool is_paced; /* false: a NIM of one's own, without a limit */
	int64_t rpm, window_ms, spacing_ms;
	int64_t tpm;  /* tokens a window; 0: no limit */
	uint32_t row; /* in the segment; the master knows it */
};

/* Lanes that were joined on purpose. */
struct lane_pool {
	struct str name;
	size_t *lanes; /* indexes */
	size_t lane_count;
	uint32_t group; /* in the segment */
};

struct person {
	struct str name;
	bool has_token;
	uint8_t token_sha256[32];
	bool is_disabled;
	bool is_admin;	 /* the status shows him everything */
	struct str lane; /* of a lane or a pool */
	int64_t weight;
	int64_t requests_per_minute, requests_per_day, tokens_per_day; /* 0: no limit */
	int64_t streams;     /* requests at the same time; 0: no limit */
	int64_t max_wait_ms; /* -1: as everybody's */
	const char **models; /* patterns (fnmatch(3)) of ids; none: all */
	size_t model_count;
	uint32_t row, group; /* in the segment */
};

struct people {
	struct lane *lanes;
	size_t lane_count;
	struct lane_pool *pools;
	size_t pool_count;
	struct person *list; /* at least one */
	size_t count;
	bool has_file; /* people were named; else there is one, for everybody */
};

struct shm_segment;
/* Whether that row's lane is his own or in his pool. */
bool people_may_use(const struct shm_segment *segment, const struct person *person,
		    uint32_t row);

/* What stands for a key in the segment: the first bytes of its SHA-256. */
uint64_t people_fingerprint(struct str key);

/* The lane with that row in the segment, or NULL. */
const struct lane *people_lane(const struct people *people, uint32_t row);

#endif
