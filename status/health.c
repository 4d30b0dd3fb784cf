/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/health.h"

enum {
	MASTER_LATE_MS = 10000, /* it beats once a second */
	SAVED_LATE_S = 300,	/* it saves once a minute */
};

static bool is_not_draining(const struct shm_snapshot *s)
{
	return !s->is_draining;
}

static bool has_workers(const struct shm_snapshot *s)
{
	return s->workers > 0;
}

static bool has_usable_lane(const struct shm_snapshot *s)
{
	for (uint32_t i = 0; i < s->lane_count; i++)
		if (!s->lanes[i].is_disabled)
			return true;
	return false;
}

static bool has_all_lanes(const struct shm_snapshot *s)
{
	for (uint32_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].is_disabled)
			return false;
	return true;
}

static bool has_no_bench(const struct shm_snapshot *s)
{
	for (uint32_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].benched_ms > 0)
			return false;
	return true;
}

static bool has_master(const struct shm_snapshot *s)
{
	return s->master_beat_ms < MASTER_LATE_MS;
}

static bool is_saved(const struct shm_snapshot *s)
{
	int64_t last_s = s->saved_wall_s ? s->saved_wall_s : s->start_wall_s;

	return s->save_errors == 0 || s->wall_s - last_s < SAVED_LATE_S;
}

const struct health_check health_checks[HEALTH_CHECKS] = {
	{ "draining", true, is_not_draining, "The proxy is stopping." },
	{ "workers", true, has_workers,
	  "No worker runs; the log says why the last ones ended." },
	{ "lane", true, has_usable_lane,
	  "No lane can be used: the upstream has refused its key. Give it a new one, "
	  "then "
	  "reload." },
	{ "keys", false, has_all_lanes,
	  "A lane is disabled: the upstream has refused its key. Give it a new one, then "
	  "reload." },
	{ "bench", false, has_no_bench,
	  "A lane rests: the upstream has said 429. It goes on by itself." },
	{ "master", false, has_master,
	  "The master process has not moved for a while: nothing is booked or "
	  "replaced." },
	{ "state", false, is_saved,
	  "Accounts cannot be saved to the state directory; the log says why." },
};

bool health_is_ready(const struct shm_snapshot *s)
{
	for (int i = 0; i < HEALTH_CHECKS; i++)
		if (health_checks[i].is_fatal && !health_checks[i].is_well(s))
			return false;
	return true;
}

const char *health_word(const struct shm_snapshot *s)
{
	if (s->is_draining)
		return "draining";
	for (int i = 0; i < HEALTH_CHECKS; i++)
		if (!health_checks[i].is_well(s))
			return "degraded";
	return "ok";
}
