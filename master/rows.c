/* SPDX-License-Identifier: MIT */
/* First all rows are claimed, which changes nothing for anybody; then they are written.
 */
#include "config.h"

#include "master/rows.h"

#include "master/spawn.h"

enum {
	GENERATIONS = 3, /* of workers that may be there at the same time */
	SLOTS_MORE = 16,
	ROWS_MORE = 32,
	PEOPLE_MOST = SHM_PERSONS_MAX - 1, /* the last number means nobody */
};

static uint32_t at_most(size_t value, uint32_t most)
{
	return value < most ? (uint32_t)value : most;
}

struct shm_shape rows_shape(const struct conf *c)
{
	struct shm_shape shape = {
		.slots = at_most((size_t)c->workers_max * GENERATIONS + SLOTS_MORE,
				 SHM_SLOTS_MAX),
		.lanes = at_most(c->people.lane_count + ROWS_MORE, SHM_LANES_MAX),
		.people = at_most(c->people.count + ROWS_MORE, PEOPLE_MOST),
	};

	shape.groups =
		at_most(shape.lanes + c->people.pool_count + ROWS_MORE, SHM_GROUPS_MAX);
	return shape;
}

bool rows_fit(const struct conf *c, const struct shm_shape *shape)
{
	return shape->slots >= (uint32_t)c->workers_max + CHILD_WORKERS &&
	       shape->lanes >= c->people.lane_count && shape->people >= c->people.count &&
	       shape->groups >= shape->lanes + c->people.pool_count;
}

/* ---- claiming */

static size_t fingerprint(const struct lane *lane, uint64_t keys[SHM_LANE_KEYS])
{
	size_t count = lane->key_count < SHM_LANE_KEYS ? lane->key_count : SHM_LANE_KEYS;

	memset(keys, 0, SHM_LANE_KEYS * sizeof(keys[0]));
	for (size_t i = 0; i < count; i++)
		keys[i] = people_fingerprint(lane->keys[i]);
	return count;
}

static bool is_claimed(const struct people *p, size_t lanes, uint32_t row)
{
	for (size_t i = 0; i < lanes; i++)
		if (p->lanes[i].row == row)
			return true;
	return false;
}

/* The upstream counts keys, not names: a lane that was renamed keeps its window. */
static void claim_by_key(struct shm_segment *seg, struct people *p, size_t i)
{
	uint64_t keys[SHM_LANE_KEYS];
	size_t count = fingerprint(&p->lanes[i], keys);
	int32_t row = shm_segment_lane_of(seg, keys, count);

	p->lanes[i].row = SHM_NOBODY;
	if (row >= 0 && !is_claimed(p, i, (uint32_t)row))
		p->lanes[i].row = (uint32_t)row;
}

static int claim_lanes(struct shm_segment *seg, struct people *p)
{
	for (size_t i = 0; i < p->lane_count; i++)
		claim_by_key(seg, p, i);
	for (size_t i = 0; i < p->lane_count; i++)
		if (p->lanes[i].row != SHM_NOBODY)
			shm_segment_rename_lane(seg, p->lanes[i].row,
						p->lanes[i].name.ptr);
	for (size_t i = 0; i < p->lane_count; i++) {
		int32_t row = shm_segment_lane(seg, p->lanes[i].name.ptr);

		if (row < 0)
			return -1;
		p->lanes[i].row = (uint32_t)row;
	}
	return 0;
}

static int claim(struct shm_segment *seg, struct people *p)
{
	if (claim_lanes(seg, p) < 0)
		return -1;
	for (size_t i = 0; i < p->pool_count; i++) {
		int32_t group = shm_segment_pool(seg, p->pools[i].name.ptr);

		if (group < 0)
			return -1;
		p->pools[i].group = (uint32_t)group;
	}
	for (size_t i = 0; i < p->count; i++) {
		int32_t row = shm_segment_person(seg, p->list[i].name.ptr);

		if (row < 0)
			return -1;
		p->list[i].row = (uint32_t)row;
	}
	return 0;
}

static uint32_t group_of(const struct people *p, struct str name)
{
	for (size_t i = 0; i < p->pool_count; i++)
		if (str_eq(p->pools[i].name, name))
			return p->pools[i].group;
	for (size_t i = 0; i < p->lane_count; i++)
		if (str_eq(p->lanes[i].name, name))
			return p->lanes[i].row; /* alone it is a group of its own */
	return 0;
}

/* The configured models have their rows before a client can fill the table with names. */
static void claim_models(struct shm_segment *seg, const struct models *models)
{
	for (size_t i = 0; i < models->count; i++)
		(void)shm_model_find(seg->models, models->list[i].id.ptr,
				     (unsigned)models->list[i].id.len);
	if (models->default_model.len > 0)
		(void)shm_model_find(seg->models, models->default_model.ptr,
				     (unsigned)models->default_model.len);
}

/* ---- writing */

static void write_lane(struct shm_lane *to, const struct lane *from)
{
	uint64_t keys[SHM_LANE_KEYS];

	(void)fingerprint(from, keys);
	atomic_store(&to->rpm, (uint32_t)from->rpm);
	atomic_store(&to->window_ms, from->window_ms);
	atomic_store(&to->spacing_ms, from->spacing_ms);
	atomic_store(&to->tpm, from->tpm);
	atomic_store(&to->is_paced, from->is_paced);
	for (size_t i = 0; i < SHM_LANE_KEYS; i++)
		atomic_store(&to->keys[i], keys[i]);
	atomic_store(&to->doubts, 0); /* its key has just been read anew */
	atomic_store(&to->is_disabled, 0);
	atomic_store(&to->is_configured, 1);
}

static void write_pool(struct shm_group *to, const struct lane_pool *from,
		       const struct people *p)
{
	for (size_t i = 0; i < from->lane_count && i < SHM_POOL_LANES; i++)
		atomic_store(&to->lanes[i], (uint16_t)p->lanes[from->lanes[i]].row);
	atomic_store(&to->count, (uint32_t)from->lane_count);
}

static void write_rows(struct shm_segment *seg, struct people *p)
{
	for (uint32_t i = 0; i < seg->shape.lanes; i++)
		atomic_store(&seg->lanes[i].is_configured, 0);
	for (uint32_t i = 0; i < seg->shape.people; i++)
		atomic_store(&seg->people[i].is_configured, 0);
	for (size_t i = 0; i < p->lane_count; i++)
		write_lane(&seg->lanes[p->lanes[i].row], &p->lanes[i]);
	for (size_t i = 0; i < p->pool_count; i++)
		write_pool(&seg->groups[p->pools[i].group], &p->pools[i], p);
	for (size_t i = 0; i < p->count; i++) {
		struct shm_person *to = &seg->people[p->list[i].row];

		p->list[i].group = group_of(p, p->list[i].lane);
		atomic_store(&to->weight, (uint32_t)p->list[i].weight);
		atomic_store(&to->is_configured, 1);
	}
}

int rows_configure(struct shm_segment *seg, struct conf *c, const char **why)
{
	*why = "there are more lanes, pools or people than this run has room for, "
	       "counting "
	       "those that were there before: restart it";
	if (claim(seg, &c->people) < 0)
		return -1;
	claim_models(seg, &c->models);
	write_rows(seg, &c->people);
	return 0;
}
