/* SPDX-License-Identifier: MIT */
/*
 * The master believes nothing it reads: segments full of random bytes (behind a header
 * that is right, or nobody would open them) are read, reaped, booked, looked at and
 * granted from. Nothing may crash, hang or write outside. IMAGES=1000000 for the long
 * run.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/brake.h"
#include "shm/snapshot.h"
#include "tests/unit/unit.h"

enum { IMAGES = 3000, NOW_MS = 5000000 };

static uint64_t state;

static struct shm_lane_row lane_rows[2];
static struct shm_person_row person_rows[3];
static struct shm_model_row model_rows[SHM_MODELS];
static struct shm_worker_row slot_rows[4];
static struct shm_snapshot copy = { .lanes = lane_rows,
				    .people = person_rows,
				    .models = model_rows,
				    .slots = slot_rows };

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Whole noise, or mostly zeros with some words of noise, or small numbers. */
static void scribble(void *at, size_t size)
{
	uint64_t *words = at;
	uint64_t kind = next() % 3;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = kind == 0	? next()
			   : next() % 8 ? 0
			   : kind == 1	? next()
					: next() % 70;
}

static void use(struct shm_segment *seg)
{
	static const struct shm_rules rules = { true, true };
	struct shm_waiter w = { .slot = (uint32_t)next() % seg->shape.slots,
				.person = (uint32_t)next() % seg->shape.people,
				.group = (uint32_t)next() % seg->shape.groups,
				.since_ms = NOW_MS };
	struct shm_place place;
	struct shm_delta totals;
	struct shm_look look;
	static struct shm_error errors[SHM_ERRORS];

	shm_books_recover(&seg->books, seg->slots, seg->shape.slots);
	shm_segment_totals(seg, &totals);
	shm_queue_join(seg, &w);
	shm_queue_look(seg, &w, &rules, NOW_MS, &look);
	if (look.lane != SHM_NOBODY) {
		if (shm_queue_take(seg, &w, &look, &place))
			shm_ring_settle(&seg->lanes[look.lane].ring, &place, NOW_MS);
		(void)shm_queue_first(seg, look.lane);
	}
	shm_snapshot_take(&copy, seg, NOW_MS, NOW_MS / 1000);
	ck_assert_uint_le(copy.lane_count, 2);
	ck_assert_uint_le(copy.person_count, 3);
	ck_assert_uint_le(copy.worker_count, 4);
	ck_assert_uint_le(copy.error_count, SHM_ERRORS);
	shm_errors_add(seg->errors, &errors[0]);
	ck_assert_uint_le(shm_errors_read(seg->errors, errors), SHM_ERRORS);
	(void)shm_brake_flights(seg, 3);
	(void)shm_brake_limit(&seg->models[3], NOW_MS);
	(void)shm_model_find(seg->models, "vendor/model", 12);
	for (uint32_t slot = 0; slot < seg->shape.slots; slot++) {
		shm_segment_reap(seg, slot, NOW_MS);
		(void)shm_books_fold(&seg->books, seg->slots, slot, NOW_MS);
		ck_assert_uint_eq(shm_slot_unbooked(&seg->slots[slot]), 0);
	}
	ck_assert_int_ge(shm_segment_lane(seg, "other") + 1, 0);
	ck_assert_int_ge(shm_segment_person(seg, "other") + 1, 0);
}

START_TEST(random_segments_are_survived)
{
	static const struct shm_shape shape = { 4, 2, 3, 4 };
	const char *wanted = getenv("IMAGES");
	long images = wanted ? strtol(wanted, NULL, 10) : IMAGES;
	struct shm_segment seg;
	size_t head = sizeof(struct shm_header);

	state = UINT64_C(88172645463325252);
	ck_assert_int_eq(shm_segment_make(&seg, &shape, 0, 0), 0);
	for (long i = 0; i < images; i++) {
		scribble((char *)seg.header + head, seg.size - head);
		use(&seg);
	}
	printf("# %ld images of %zu bytes\n", images, seg.size);
	shm_segment_close(&seg);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_images");
	TCase *tcase = tcase_create("images");

	tcase_set_timeout(tcase, 36000);
	tcase_add_test(tcase, random_segments_are_survived);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
