/* SPDX-License-Identifier: MIT */
/* The JSON form, and `?auto`, which is the same document as lines of path: value. */
#include "config.h"

#include <stdio.h>

#include "status/advice.h"
#include "status/fields.h"
#include "status/forms.h"
#include "status/health.h"
#include "translate/an_error.h"
#include "translate/jput.h"

/* A hole in the document: objects and arrays are JSON's; `?auto` has their names in
 * front. */
struct writer {
	struct buf *b;
	bool is_auto;
	bool wants_comma;
	char path[2 * STATUS_NAME_MAX];
	size_t path_len;
};

static void put_name(struct writer *w, const char *name)
{
	if (w->is_auto) {
		buf_add(w->b, w->path, w->path_len);
		buf_addf(w->b, "%s: ", name);
	} else {
		jput_name(w->b, w->wants_comma, name);
	}
	w->wants_comma = true;
}

static void end_value(struct writer *w)
{
	if (w->is_auto)
		buf_addc(w->b, '\n');
}

static void put_number(struct writer *w, const char *name, enum field_type type,
		       int64_t value)
{
	put_name(w, name);
	if (type == FIELD_FLAG && !w->is_auto)
		jput_bool(w->b, value != 0);
	else
		field_put(w->b, type, value);
	end_value(w);
}

static void put_text(struct writer *w, const char *name, struct str text)
{
	put_name(w, name);
	if (w->is_auto)
		buf_adds(w->b, text);
	else
		jput_str(w->b, text);
	end_value(w);
}

/* Goes into something with a name; returns what leave() wants. */
static size_t enter(struct writer *w, struct str name, char bracket)
{
	size_t before = w->path_len;

	if (!w->is_auto) {
		if (w->wants_comma)
			buf_addc(w->b, ',');
		if (name.len) {
			jput_str(w->b, name);
			buf_addc(w->b, ':');
		}
		buf_addc(w->b, bracket);
	}
	if (name.len && w->path_len + name.len + 1 < sizeof(w->path)) {
		memcpy(w->path + w->path_len, name.ptr, name.len);
		w->path_len += name.len;
		w->path[w->path_len++] = '.';
	}
	w->wants_comma = false;
	return before;
}

static void leave(struct writer *w, size_t before, char bracket)
{
	if (!w->is_auto)
		buf_addc(w->b, bracket);
	w->path_len = before;
	w->wants_comma = true;
}

/* An object in an array: nameless in JSON, its name is part of the path elsewhere. */
static size_t enter_row(struct writer *w, struct str name)
{
	return enter(w, w->is_auto ? name : (struct str){ NULL, 0 }, '{');
}

static void put_hist(struct writer *w, const struct shm_sum *sum, enum shm_hist h)
{
	static const struct {
		const char *suffix;
		double part;
	} quantiles[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 } };
	char name[64];

	(void)snprintf(name, sizeof(name), "%s_count", shm_hist_names[h]);
	put_number(w, name, FIELD_COUNTER, (int64_t)shm_sum_count(sum, h));
	(void)snprintf(name, sizeof(name), "%s_seconds_sum", shm_hist_names[h]);
	put_number(w, name, FIELD_SECONDS, (int64_t)sum->sums_ms[h]);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		int64_t ms = shm_sum_quantile_ms(sum, h, quantiles[i].part);

		(void)snprintf(name, sizeof(name), "%s_seconds_%s", shm_hist_names[h],
			       quantiles[i].suffix);
		put_number(w, name, FIELD_SECONDS, ms < 0 ? 0 : ms);
	}
}

static void put_sum(struct writer *w, const struct shm_sum *sum)
{
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		put_number(w, shm_counter_names[i], FIELD_COUNTER, (int64_t)sum->by[i]);
	for (size_t i = 0; i < SUM_GAUGES; i++)
		put_number(w, sum_gauges[i].name, FIELD_GAUGE,
			   field_value(&sum_gauges[i], (const char *)sum));
	for (int h = 0; h < SHM_HIST_COUNT; h++)
		put_hist(w, sum, (enum shm_hist)h);
}

static void put_fields(struct writer *w, const struct field_group *g, const char *row)
{
	for (size_t i = 0; i < g->field_count; i++)
		put_number(w, g->fields[i].name, g->fields[i].type,
			   field_value(&g->fields[i], row));
}

static void put_group(struct writer *w, const struct status_view *v, int group)
{
	const struct field_group *g = &field_groups[group];
	const struct shm_sum *rest = field_rest(v, group);
	uint32_t count;
	const char *row = field_rows(v, group, &count);
	size_t outer = enter(w, str_of(g->name), *g->one ? '[' : '{'), inner;

	for (uint32_t i = 0; i < count; i++, row += g->row_size) {
		struct str name = field_row_name(v, group, i);

		inner = *g->one ? enter_row(w, name) : w->path_len;
		if (*g->one)
			put_text(w, "name", name);
		put_fields(w, g, row);
		if (field_sum(group, row))
			put_sum(w, field_sum(group, row));
		if (*g->one)
			leave(w, inner, '}');
	}
	if (rest) {
		inner = enter_row(w, STR(STATUS_NONE));
		put_text(w, "name", STR(STATUS_NONE));
		put_sum(w, rest);
		leave(w, inner, '}');
	}
	leave(w, outer, *g->one ? ']' : '}');
}

/* ---- ?full */

static void put_request(struct writer *w, const struct status_view *v,
			const struct shm_worker_row *row)
{
	put_text(w, "request_id", status_clean(v->pool, str_of(row->id)));
	put_text(w, "person", status_person_of(v, row->person));
	put_text(w, "lane", status_lane_of(v, row->lane));
	put_text(w, "model", status_clean(v->pool, str_of(row->model)));
	put_number(w, "request_seconds", FIELD_SECONDS, row->request_ms);
	put_number(w, "output_tokens", FIELD_GAUGE, (int64_t)row->output_tokens);
}

static const char *kind_word(uint32_t kind)
{
	return kind == SHM_GATE ? "gate" : kind == SHM_STATUS ? "status" : "worker";
}

static void put_processes(struct writer *w, const struct status_view *v)
{
	size_t outer = enter(w, STR("processes"), '[');

	for (uint32_t i = 0; i < v->s->worker_count; i++) {
		const struct shm_worker_row *row = &v->s->slots[i];
		size_t inner = enter_row(w, pool_strf(v->pool, "%u", row->slot));

		put_number(w, "slot", FIELD_GAUGE, row->slot);
		put_text(w, "kind", str_of(kind_word(row->kind)));
		put_text(w, "state", (struct str){ &row->state, 1 });
		put_number(w, "pid", FIELD_GAUGE, row->pid);
		put_number(w, "state_seconds", FIELD_SECONDS, row->since_ms);
		put_number(w, "handled", FIELD_COUNTER, (int64_t)row->handled);
		if (row->has_request && v->has_names)
			put_request(w, v, row);
		leave(w, inner, '}');
	}
	leave(w, outer, ']');
}

static void put_errors(struct writer *w, const struct status_view *v)
{
	size_t outer = enter(w, STR("errors"), '[');

	for (uint32_t i = 0; i < v->s->error_count; i++) {
		const struct shm_error *e = &v->s->errors[i];
		size_t inner = enter_row(w, pool_strf(v->pool, "%u", i + 1));

		put_number(w, "time", FIELD_TIME, e->wall_s);
		put_text(w, "type", str_of(advice_type(e)));
		put_number(w, "status", FIELD_GAUGE, e->status);
		put_number(w, "upstream_status", FIELD_GAUGE, e->upstream_status);
		put_text(w, "request_id", status_clean(v->pool, str_of(e->id)));
		put_text(w, "person", status_person_of(v, e->person));
		put_text(w, "lane", status_lane_of(v, e->lane));
		put_text(w, "advice", str_of(advice_of(e)));
		leave(w, inner, '}');
	}
	leave(w, outer, ']');
}

static void put_parts(struct writer *w, const char *name, const struct shm_part *parts,
		      size_t count)
{
	static const char *const members[] = { "requests", "failed", "tokens" };
	size_t outer = enter(w, str_of(name), '{');

	for (size_t m = 0; m < 3; m++) {
		put_name(w, members[m]);
		if (!w->is_auto)
			buf_addc(w->b, '[');
		for (size_t i = 0; i < count; i++) {
			const struct shm_part *p = &parts[i];

			if (i)
				buf_addc(w->b, w->is_auto ? ' ' : ',');
			buf_addu(w->b, m == 0	? p->requests
				       : m == 1 ? p->failed
						: p->tokens);
		}
		if (!w->is_auto)
			buf_addc(w->b, ']');
		end_value(w);
	}
	leave(w, outer, '}');
}

static void put_frame(struct writer *w, const struct status_view *v)
{
	put_number(w, "schema", FIELD_GAUGE, STATUS_SCHEMA);
	put_text(w, "status", str_of(health_word(v->s)));
	put_text(w, "version", str_of(v->env->version));
	put_number(w, "start_time", FIELD_TIME, v->s->start_wall_s);
	put_number(w, "now", FIELD_TIME, v->s->wall_s);
}

static void put_all(struct writer *w, const struct status_view *v)
{
	put_frame(w, v);
	for (int group = 0; group < GROUPS; group++)
		put_group(w, v, group);
	if (!v->is_full)
		return;
	put_parts(w, "hour", v->s->hour, SHM_HOUR);
	put_parts(w, "day", v->s->day, SHM_DAY_PARTS);
	put_processes(w, v);
	if (v->has_names)
		put_errors(w, v);
}

void form_json(struct buf *b, const struct status_view *v)
{
	struct writer w = { .b = b };

	buf_addc(b, '{');
	put_all(&w, v);
	buf_lit(b, "}\n");
}

void form_auto(struct buf *b, const struct status_view *v)
{
	struct writer w = { .b = b, .is_auto = true };

	put_all(&w, v);
}

/* ---- of one person */

static const struct shm_person_row *own_row(const struct status_view *v)
{
	for (uint32_t i = 0; i < v->s->person_count; i++)
		if (v->s->people[i].row == v->me->row)
			return &v->s->people[i];
	return NULL;
}

void form_me_json(struct buf *b, const struct status_view *v)
{
	struct writer w = { .b = b };
	const struct shm_person_row *row = own_row(v);

	buf_addc(b, '{');
	put_frame(&w, v);
	put_text(&w, "name", status_clean(v->pool, v->me->name));
	put_number(&w, "requests_per_day", FIELD_GAUGE, v->me->requests_per_day);
	put_number(&w, "tokens_per_day", FIELD_GAUGE, v->me->tokens_per_day);
	if (row) {
		put_fields(&w, &field_groups[GROUP_PEOPLE], (const char *)row);
		put_sum(&w, &row->sum);
	}
	buf_lit(b, "}\n");
}
