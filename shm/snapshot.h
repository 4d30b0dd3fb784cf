/* SPDX-License-Identifier: MIT */
/*
 * A copy of everything that a status shows, in plain numbers.  The accounts of one copy
 * belong together: no booking lies between them.  Every index, count and name is checked
 * on the way, so that a reader of the copy needs to distrust nothing.
 */
#ifndef NIM_SHM_SNAPSHOT_H
#define NIM_SHM_SNAPSHOT_H

#include "shm/errors.h"
#include "shm/queue.h"

enum {
	SHM_HOUR = 60,	    /* minutes of the last hour */
	SHM_DAY_PARTS = 96, /* quarters of an hour of the last day */
};

struct shm_sum {
	uint64_t by[SHM_COUNTER_COUNT];
	uint64_t buckets[SHM_HIST_COUNT][SHM_BUCKETS];
	uint64_t sums_ms[SHM_HIST_COUNT];
	uint64_t today_requests, today_tokens;
};

struct shm_lane_row {
	char name[SHM_NAME_MAX];
	uint32_t row, rpm, used, waiting;
	bool is_paced, is_disabled;
	int64_t tokens_per_minute, tokens_used; /* of the window; 0: no limit */
	int64_t window_ms, next_free_ms, benched_ms;
	struct shm_sum sum;
};

struct shm_person_row {
	char name[SHM_NAME_MAX];
	uint32_t row, weight, waiting, running;
	struct shm_sum sum;
};

struct shm_model_row {
	char name[SHM_MODEL_NAME];
	uint32_t row, running;
	uint32_t brake; /* how many may be with it at the same time; 0: as many as like */
	uint64_t presses;
	struct shm_sum sum;
};

struct shm_worker_row {
	uint32_t slot, kind; /* enum shm_kind */
	char state;	     /* enum shm_state */
	int32_t pid;
	int64_t since_ms; /* how long it is in that state */
	uint64_t handled;
	bool has_request;
	int64_t request_ms; /* how old its request is */
	uint32_t person, lane, model_row;
	uint64_t output_tokens; /* so far */
	char id[SHM_TEXT_MAX], model[SHM_TEXT_MAX];
};

/* Requests, failures, 429s and tokens of a span of time. */
struct shm_part {
	uint64_t requests, failed, tokens;
};

struct shm_snapshot {
	int64_t now_ms, wall_s, start_wall_s;
	bool is_whole; /* the accounts belong together */
	bool is_draining;
	int64_t master_beat_ms; /* how long ago */
	int64_t saved_wall_s;	/* 0: never */
	uint64_t save_errors, reloads, reload_errors, errors_ever;
	uint32_t workers, idle, busy, gate_waiting;
	struct shm_sum total;
	/* What is of no lane (person, model) below: refused before it had one, or of an
	 * earlier configuration. With it the rows add up to the total. */
	struct shm_sum no_lane, no_person, no_model;
	uint32_t lane_count, person_count, model_count, worker_count, error_count;
	struct shm_lane_row *lanes; /* the caller's memory: shape.lanes … rows */
	struct shm_person_row *people;
	struct shm_model_row *models; /* SHM_MODELS */
	struct shm_worker_row *slots;
	uint16_t person_at[SHM_PERSONS_MAX], model_at[SHM_MODELS]; /* by row; its index */
	uint32_t lengths[SHM_LANES_MAX];
	struct shm_error errors[SHM_ERRORS];
	struct shm_part hour[SHM_HOUR], day[SHM_DAY_PARTS]; /* the last one is now's */
};

/* Fills *s, whose tables are there already. */
void shm_snapshot_take(struct shm_snapshot *s, struct shm_segment *seg, int64_t now_ms,
		       int64_t wall_s);
/* A quantile of a histogram in milliseconds, within its bucket by proportion; -1: nothing
 * was measured. */
int64_t shm_sum_quantile_ms(const struct shm_sum *sum, enum shm_hist hist, double part);
uint64_t shm_sum_count(const struct shm_sum *sum, enum shm_hist hist);

#endif
