/* SPDX-License-Identifier: MIT */
/*
 * Prometheus' text format 0.0.4 (prometheus.io, "Exposition formats") and
 * OpenMetrics 1.0: one family for each field of each group, all its rows behind it.  They
 * differ in the names of counters' families, in the unit of nothing, and in the last
 * line.
 */
#include "config.h"

#include <stdio.h>

#include "status/fields.h"
#include "status/forms.h"

struct writer {
	struct buf *b;
	const struct status_view *v;
	bool is_open; /* OpenMetrics */
};

/* Label values: \, " and line feeds are escaped; the name has been cleaned before. */
static void put_label(struct buf *b, const char *label, struct str value)
{
	buf_addf(b, "%s=\"", label);
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\\' || value.ptr[i] == '"')
			buf_addc(b, '\\');
		buf_addc(b, value.ptr[i]);
	}
	buf_addc(b, '"');
}

static void put_head(struct writer *w, const char *name, const char *type,
		     const char *help)
{
	bool is_counter = strcmp(type, "counter") == 0;
	const char *suffix = is_counter && !w->is_open ? "_total" : "";

	buf_addf(w->b, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name,
		 suffix, type);
}

static void put_labels(struct writer *w, int group, struct str row)
{
	if (!*field_groups[group].one)
		return;
	buf_addc(w->b, '{');
	put_label(w->b, field_groups[group].one, row);
	buf_addc(w->b, '}');
}

static void family_name(char to[96], int group, const char *name)
{
	const struct field_group *g = &field_groups[group];

	(void)snprintf(to, 96, "nim_%s%s%s",
		       *g->one		       ? g->one
		       : group == GROUP_TOTALS ? ""
					       : g->name,
		       group == GROUP_TOTALS ? "" : "_", name);
}

static void put_field(struct writer *w, int group, const struct field *f)
{
	bool is_counter = f->type == FIELD_COUNTER;
	char name[96];
	uint32_t count;
	const char *row = field_rows(w->v, group, &count);

	family_name(name, group, f->name);
	if (f->type == FIELD_TIME)
		(void)snprintf(name + strlen(name), sizeof(name) - strlen(name),
			       "_seconds");
	put_head(w, name, is_counter ? "counter" : "gauge", f->help);
	for (uint32_t i = 0; i < count; i++, row += field_groups[group].row_size) {
		buf_addf(w->b, "%s%s", name, is_counter ? "_total" : "");
		put_labels(w, group, field_row_name(w->v, group, i));
		buf_addc(w->b, ' ');
		field_put(w->b, f->type, field_value(f, row));
		buf_addc(w->b, '\n');
	}
}

/* One row of a counter, or of a gauge, of the sums. */
static void put_sum_row(struct writer *w, int group, const char *name, struct str row,
			uint64_t value)
{
	buf_addf(w->b, "%s", name);
	put_labels(w, group, row);
	buf_addf(w->b, " %llu\n", (unsigned long long)value);
}

static void put_counter(struct writer *w, int group, size_t counter)
{
	const struct shm_sum *rest = field_rest(w->v, group);
	char name[96], total[112];
	uint32_t count;
	const char *row = field_rows(w->v, group, &count);

	family_name(name, group, shm_counter_names[counter]);
	(void)snprintf(total, sizeof(total), "%s_total", name);
	put_head(w, name, "counter", shm_counter_help[counter]);
	for (uint32_t i = 0; i < count; i++, row += field_groups[group].row_size)
		put_sum_row(w, group, total, field_row_name(w->v, group, i),
			    field_sum(group, row)->by[counter]);
	if (rest)
		put_sum_row(w, group, total, STR(STATUS_NONE), rest->by[counter]);
}

static void put_today(struct writer *w, int group, const struct field *f)
{
	char name[96];
	uint32_t count;
	const char *row = field_rows(w->v, group, &count);

	family_name(name, group, f->name);
	put_head(w, name, "gauge", f->help);
	for (uint32_t i = 0; i < count; i++, row += field_groups[group].row_size)
		put_sum_row(
			w, group, name, field_row_name(w->v, group, i),
			(uint64_t)field_value(f, (const char *)field_sum(group, row)));
}

static void put_bucket(struct writer *w, int group, const char *name, struct str row,
		       size_t bucket, uint64_t value)
{
	buf_addf(w->b, "%s_bucket{", name);
	if (*field_groups[group].one) {
		put_label(w->b, field_groups[group].one, row);
		buf_addc(w->b, ',');
	}
	buf_lit(w->b, "le=\"");
	if (bucket == SHM_BUCKETS - 1)
		buf_lit(w->b, "+Inf");
	else
		buf_addf(w->b, "%g", (double)shm_bounds_ms[bucket] / 1000);
	buf_addf(w->b, "\"} %llu\n", (unsigned long long)value);
}

static void put_hist_row(struct writer *w, int group, const char *name, struct str row,
			 const struct shm_sum *sum, int h)
{
	uint64_t so_far = 0;

	for (size_t b = 0; b < SHM_BUCKETS; b++) {
		so_far += sum->buckets[h][b];
		put_bucket(w, group, name, row, b, so_far);
	}
	buf_addf(w->b, "%s_sum", name);
	put_labels(w, group, row);
	buf_addc(w->b, ' ');
	field_put(w->b, FIELD_SECONDS, (int64_t)sum->sums_ms[h]);
	buf_addf(w->b, "\n%s_count", name);
	put_labels(w, group, row);
	buf_addf(w->b, " %llu\n", (unsigned long long)so_far);
}

static void put_hist(struct writer *w, int group, int h)
{
	char name[96], full[112];
	uint32_t count;
	const char *row = field_rows(w->v, group, &count);

	family_name(name, group, shm_hist_names[h]);
	(void)snprintf(full, sizeof(full), "%s_seconds", name);
	put_head(w, full, "histogram", shm_hist_help[h]);
	for (uint32_t i = 0; i < count; i++, row += field_groups[group].row_size)
		put_hist_row(w, group, full, field_row_name(w->v, group, i),
			     field_sum(group, row), h);
}

static void put_group(struct writer *w, int group)
{
	const struct field_group *g = &field_groups[group];

	for (size_t i = 0; i < g->field_count; i++)
		put_field(w, group, &g->fields[i]);
	if (g->sum_offset == NO_SUM)
		return;
	for (size_t c = 0; c < SHM_COUNTER_COUNT; c++)
		put_counter(w, group, c);
	for (size_t i = 0; i < SUM_GAUGES; i++)
		put_today(w, group, &sum_gauges[i]);
	for (int h = 0; h < SHM_HIST_COUNT; h++)
		if (g->hists >> h & 1)
			put_hist(w, group, h);
}

static void put_alone(struct writer *w, const char *name, const char *help, int64_t value)
{
	put_head(w, name, "gauge", help);
	buf_addf(w->b, "%s %lld\n", name, (long long)value);
}

void form_metrics(struct buf *b, const struct status_view *v, bool is_open)
{
	struct writer w = { b, v, is_open };

	put_head(&w, "nim_build_info", "gauge", "the version that runs");
	buf_lit(b, "nim_build_info{");
	put_label(b, "version", str_of(v->env->version));
	buf_lit(b, "} 1\n");
	put_alone(&w, "process_start_time_seconds", "when the counting began, Unix time",
		  v->s->start_wall_s);
	put_alone(&w, "nim_draining", "1 while the proxy stops", v->s->is_draining);
	for (int group = 0; group < GROUPS; group++)
		put_group(&w, group);
	if (is_open)
		buf_lit(b, "# EOF\n");
}
