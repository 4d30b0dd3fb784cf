/* SPDX-License-Identifier: MIT */
/* Each change of a lane or a brake is one line of the log. */
#include "config.h"

#include "worker/relay_lane.h"

#include "worker/log.h"

static struct shm_lane *lane_of(const struct req *r)
{
	return &r->env->segment->lanes[r->turn.row];
}

static void say(const struct req *r, enum log_level level, const char *event,
		const char *key, int64_t value)
{
	struct log_line l;

	log_begin(&l, level, event);
	log_str(&l, "id", r->id);
	log_str(&l, "lane", r->turn.lane->name);
	log_str(&l, "model", r->model->id);
	log_int(&l, key, value);
	log_end(&l);
}

void relay_granted(const struct req *r)
{
	say(r, LOG_LEVEL_DEBUG, "granted", "late_ms", r->turn.late_ms);
}

static void bench(struct relay *rl)
{
	const struct worker_settings *settings = &rl->r->env->settings;
	int64_t until_ms;

	shm_entry_set(rl->r->entry, SHM_upstream_limited, ++rl->limited);
	if (settings->bench_ms == 0)
		return;
	until_ms = shm_lane_bench(lane_of(rl->r), rl->now_ms,
				  (int64_t)rl->fault.retry_after * 1000,
				  settings->bench_ms, settings->bench_most_ms);
	say(rl->r, LOG_LEVEL_WARN, "benched", "for_ms", until_ms - rl->now_ms);
	rl->is_lanes = true;
}

static void doubt(struct relay *rl)
{
	struct req *r = rl->r;

	if (r->env->settings.key_doubts == 0)
		return;
	if (shm_lane_doubt(lane_of(r), people_fingerprint(turn_key(r)),
			   (uint32_t)r->env->settings.key_doubts))
		say(r, LOG_LEVEL_ERROR, "lane_disabled", "upstream_status", 401);
	/* Another lane of a pool may have a good key. */
	rl->is_lanes = atomic_load(&r->env->segment->groups[r->person->group].count) > 1;
}

static void press(struct relay *rl)
{
	struct shm_segment *seg = rl->r->env->segment;
	struct shm_model *m = rl->r->learnt;
	uint32_t flights;

	if (!m)
		return;
	flights = shm_brake_flights(seg, (uint32_t)(m - seg->models)) + 1;
	shm_brake_press(m, flights, rl->now_ms);
	say(rl->r, LOG_LEVEL_WARN, "braked", "at_once", shm_brake_limit(m, rl->now_ms));
}

void relay_lane(struct relay *rl, enum attempt verdict)
{
	struct req *r = rl->r;

	rl->is_lanes = false;
	if (!r->turn.lane || r->upstream->status == 0)
		return;
	if (verdict != ATTEMPT_REFUSED && verdict != ATTEMPT_BROKEN)
		shm_lane_trust(lane_of(r));
	else if (!rl->has_fault || !r->is_quoting)
		return;
	else if (rl->fault.is_busy)
		press(rl);
	else if (rl->fault.error.kind == AN_RATE_LIMIT)
		bench(rl);
	else if (rl->fault.status == 401)
		doubt(rl);
}
