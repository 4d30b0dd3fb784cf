/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/fields.h"

#define FIELD(row, member, name, type, help)                                             \
	{                                                                                \
		name, help, type, sizeof(((struct row *)0)->member),                     \
			offsetof(struct row, member)                                     \
	}

static const struct field service[] = {
	FIELD(shm_snapshot, reloads, "reloads", FIELD_COUNTER,
	      "configurations that were read anew and used"),
	FIELD(shm_snapshot, reload_errors, "reload_errors", FIELD_COUNTER,
	      "configurations that were refused at a reload"),
	FIELD(shm_snapshot, save_errors, "save_errors", FIELD_COUNTER,
	      "times the accounts could not be saved"),
	FIELD(shm_snapshot, errors_ever, "errors", FIELD_COUNTER,
	      "requests that were answered with an error"),
	FIELD(shm_snapshot, saved_wall_s, "saved_time", FIELD_TIME,
	      "when the accounts were saved last; 0: not yet"),
	FIELD(shm_snapshot, master_beat_ms, "master_silent_seconds", FIELD_SECONDS,
	      "how long the master process has not moved"),
};

static const struct field workers[] = {
	FIELD(shm_snapshot, workers, "total", FIELD_GAUGE, "worker processes"),
	FIELD(shm_snapshot, idle, "idle", FIELD_GAUGE,
	      "workers that wait for a connection"),
	FIELD(shm_snapshot, busy, "busy", FIELD_GAUGE, "workers that serve one"),
	FIELD(shm_snapshot, gate_waiting, "waiting", FIELD_GAUGE,
	      "connections that no worker has yet"),
};

static const struct field lanes[] = {
	FIELD(shm_lane_row, rpm, "rpm", FIELD_GAUGE,
	      "requests that a window takes; 0: it has no limit"),
	FIELD(shm_lane_row, used, "used", FIELD_GAUGE, "of them, taken now"),
	FIELD(shm_lane_row, waiting, "waiting", FIELD_GAUGE,
	      "requests that wait for this lane, or for a pool with it"),
	FIELD(shm_lane_row, next_free_ms, "next_free_seconds", FIELD_SECONDS,
	      "until the lane takes another request"),
	FIELD(shm_lane_row, benched_ms, "benched_seconds", FIELD_SECONDS,
	      "how long it still rests after a 429 of the upstream"),
	FIELD(shm_lane_row, window_ms, "window_seconds", FIELD_SECONDS,
	      "length of its window"),
	FIELD(shm_lane_row, is_disabled, "disabled", FIELD_FLAG,
	      "the upstream has refused its key"),
	FIELD(shm_lane_row, tokens_per_minute, "tokens_per_minute", FIELD_GAUGE,
	      "tokens that a window takes; 0: no limit"),
	FIELD(shm_lane_row, tokens_used, "tokens_used", FIELD_GAUGE,
	      "of them, taken now"),
};

static const struct field people[] = {
	FIELD(shm_person_row, weight, "weight", FIELD_GAUGE, "how large the share is"),
	FIELD(shm_person_row, waiting, "waiting", FIELD_GAUGE,
	      "requests that wait for a lane"),
	FIELD(shm_person_row, running, "running", FIELD_GAUGE,
	      "requests that are being answered"),
};

static const struct field models[] = {
	FIELD(shm_model_row, running, "running", FIELD_GAUGE,
	      "requests that are with this model"),
	FIELD(shm_model_row, brake, "brake", FIELD_GAUGE,
	      "how many may be at the same time, since its servers were full; 0: no "
	      "brake"),
	FIELD(shm_model_row, presses, "brake_presses", FIELD_COUNTER,
	      "times its servers have said that they have too much to do"),
};

const struct field sum_gauges[SUM_GAUGES] = {
	FIELD(shm_sum, today_requests, "today_requests", FIELD_GAUGE,
	      "requests that were let go upstream on this day (UTC)"),
	FIELD(shm_sum, today_tokens, "today_tokens", FIELD_GAUGE,
	      "tokens of this day (UTC): in, cached and out"),
};

#define FIELDS(list) list, sizeof(list) / sizeof((list)[0])
enum {
	HIST_ALL = (1 << SHM_HIST_COUNT) - 1,
	HIST_WAIT = 1 << SHM_HIST_wait,
};

const struct field_group field_groups[GROUPS] = {
	[GROUP_SERVICE] = { "service", "", "the service itself", FIELDS(service), 0,
			    NO_SUM, 0 },
	[GROUP_WORKERS] = { "workers", "", "its worker processes", FIELDS(workers), 0,
			    NO_SUM, 0 },
	[GROUP_TOTALS] = { "totals", "", "all requests", NULL, 0, 0, 0, HIST_ALL },
	[GROUP_LANES] = { "lanes", "lane", "each lane", FIELDS(lanes),
			  sizeof(struct shm_lane_row), offsetof(struct shm_lane_row, sum),
			  HIST_WAIT },
	[GROUP_PEOPLE] = { "people", "person", "each person", FIELDS(people),
			   sizeof(struct shm_person_row),
			   offsetof(struct shm_person_row, sum), HIST_WAIT },
	[GROUP_MODELS] = { "models", "model", "each model", FIELDS(models),
			   sizeof(struct shm_model_row),
			   offsetof(struct shm_model_row, sum), HIST_ALL & ~HIST_WAIT },
};

const char *field_rows(const struct status_view *v, int group, uint32_t *count)
{
	const struct shm_snapshot *s = v->s;

	*count = 1;
	switch (group) {
	case GROUP_TOTALS:
		return (const char *)&s->total;
	case GROUP_LANES:
		*count = s->lane_count;
		return (const char *)s->lanes;
	case GROUP_PEOPLE:
		*count = s->person_count;
		return (const char *)s->people;
	case GROUP_MODELS:
		*count = s->model_count;
		return (const char *)s->models;
	default:
		return (const char *)s;
	}
}

struct str field_row_name(const struct status_view *v, int group, uint32_t i)
{
	static struct str (*const names[GROUPS])(const struct status_view *, uint32_t) = {
		[GROUP_LANES] = status_lane_name,
		[GROUP_PEOPLE] = status_person_name,
		[GROUP_MODELS] = status_model_name,
	};

	return names[group] ? names[group](v, i) : (struct str){ NULL, 0 };
}

const struct shm_sum *field_sum(int group, const char *row)
{
	size_t offset = field_groups[group].sum_offset;

	return offset == NO_SUM ? NULL : (const void *)(row + offset);
}

const struct shm_sum *field_rest(const struct status_view *v, int group)
{
	switch (group) {
	case GROUP_LANES:
		return &v->s->no_lane;
	case GROUP_PEOPLE:
		return &v->s->no_person;
	case GROUP_MODELS:
		return &v->s->no_model;
	default:
		return NULL;
	}
}

int64_t field_value(const struct field *f, const char *row)
{
	const void *at = row + f->offset;

	switch (f->size) {
	case 1:
		return *(const bool *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const int64_t *)at;
	}
}

void field_put(struct buf *b, enum field_type type, int64_t value)
{
	if (type != FIELD_SECONDS)
		buf_addf(b, "%lld", (long long)value);
	else if (value % 1000 == 0)
		buf_addf(b, "%lld", (long long)(value / 1000));
	else
		buf_addf(b, "%s%lld.%03lld", value < 0 ? "-" : "",
			 (long long)(value < 0 ? -value : value) / 1000,
			 (long long)(value < 0 ? -value : value) % 1000);
}
