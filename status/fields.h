/* SPDX-License-Identifier: MIT */
/*
 * Every number of the status, in one table for each kind of row: JSON, `?auto` and
 * /metrics are made from it, and the manual is held against it.
 */
#ifndef NIM_STATUS_FIELDS_H
#define NIM_STATUS_FIELDS_H

#include "status/view.h"

enum field_type {
	FIELD_COUNTER, /* only ever goes up */
	FIELD_GAUGE,
	FIELD_SECONDS, /* held in milliseconds, shown in seconds */
	FIELD_TIME,    /* Unix time in seconds */
	FIELD_FLAG,
};

struct field {
	const char *name;
	const char *help;
	enum field_type type;
	size_t size, offset; /* of the member in its row */
};

/* One kind of row. */
struct field_group {
	const char *name; /* as in JSON: "lanes" */
	const char
		*one; /* as in a metric and its label: "lane"; empty: there is one row */
	const char *help;
	const struct field *fields;
	size_t field_count;
	size_t row_size, sum_offset; /* of its struct shm_sum; NO_SUM: it has none */
	uint32_t hists;		     /* a bit for each histogram that /metrics shows */
};

#define NO_SUM SIZE_MAX

/* The groups in the order in which they are shown. */
enum {
	GROUP_SERVICE,
	GROUP_WORKERS,
	GROUP_TOTALS,
	GROUP_LANES,
	GROUP_PEOPLE,
	GROUP_MODELS,
	GROUPS
};
extern const struct field_group field_groups[GROUPS];

/* The rows of a group, and how many. */
const char *field_rows(const struct status_view *v, int group, uint32_t *count);
/* Its name as this asker may see it. */
struct str field_row_name(const struct status_view *v, int group, uint32_t i);
const struct shm_sum *field_sum(int group, const char *row);
/* What no row of the group has; NULL where there is no such thing. */
const struct shm_sum *field_rest(const struct status_view *v, int group);

/* A member's value; for FIELD_SECONDS in milliseconds. */
int64_t field_value(const struct field *f, const char *row);
/* Appends it as a number: FIELD_SECONDS with up to three decimals. */
void field_put(struct buf *b, enum field_type type, int64_t value);

/* The two gauges of a struct shm_sum beside its counters. */
enum { SUM_GAUGES = 2 };
extern const struct field sum_gauges[SUM_GAUGES];

#endif
