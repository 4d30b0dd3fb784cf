/* SPDX-License-Identifier: MIT */
/* What the upstream says of a lane, and of a model; and who comes back when told. */
#include "config.h"

#include <string.h>

#include "shm/brake.h"
#include "shm/person.h"
#include "tests/unit/unit.h"

enum { NOW_MS = 5000000, SLOTS = 8, ROW = 3, MINUTE_MS = SHM_BRAKE_MINUTE_MS, KEY = 77 };

static struct shm_segment seg;
static struct shm_lane *lane;
static struct shm_model *model;
static struct shm_person *person;

static void setup(void)
{
	static const struct shm_shape shape = { SLOTS, 2, 2, 2 };

	ck_assert_int_eq(shm_segment_make(&seg, &shape, 0, 0), 0);
	lane = &seg.lanes[0];
	model = &seg.models[ROW];
	person = &seg.people[0];
}

static void teardown(void)
{
	shm_segment_close(&seg);
}

/* ---- the bench */

START_TEST(a_429_with_a_time_benches_for_that_time)
{
	ck_assert_int_eq(shm_lane_bench(lane, NOW_MS, 7000, 10000, 120000),
			 NOW_MS + 7000);
}
END_TEST

START_TEST(without_a_time_it_is_ten_seconds_doubling_to_two_minutes)
{
	static const int seconds[] = { 10, 20, 40, 80, 120, 120 };
	int64_t now_ms = NOW_MS;

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		int64_t until_ms = shm_lane_bench(lane, now_ms, 0, 10000, 120000);

		ck_assert_int_eq(until_ms - now_ms, seconds[i] * 1000);
		now_ms = until_ms + 1;
	}
	shm_lane_trust(lane);
	ck_assert_int_eq(shm_lane_bench(lane, now_ms, 0, 10000, 120000), now_ms + 10000);
}
END_TEST

START_TEST(several_429s_of_one_moment_are_one)
{
	int64_t until_ms = shm_lane_bench(lane, NOW_MS, 0, 10000, 120000);

	for (int i = 1; i < 20; i++)
		ck_assert_int_eq(shm_lane_bench(lane, NOW_MS + i, 0, 10000, 120000),
				 until_ms);
}
END_TEST

START_TEST(a_key_that_was_replaced_disables_nothing)
{
	atomic_store(&lane->keys[0], KEY + 1);
	for (int i = 0; i < 5; i++)
		ck_assert(!shm_lane_doubt(lane, KEY, 2));
	ck_assert_uint_eq(atomic_load(&lane->is_disabled), 0);
}
END_TEST

START_TEST(the_second_401_in_a_row_disables)
{
	atomic_store(&lane->keys[3], KEY);
	ck_assert(!shm_lane_doubt(lane, KEY, 2));
	shm_lane_trust(lane);
	ck_assert(!shm_lane_doubt(lane, KEY, 2));
	ck_assert_uint_eq(atomic_load(&lane->is_disabled), 0);
	ck_assert(shm_lane_doubt(lane, KEY, 2));
	ck_assert_uint_eq(atomic_load(&lane->is_disabled), 1);
	ck_assert(!shm_lane_doubt(lane, KEY, 2)); /* it says so once */
}
END_TEST

/* ---- the brake */

static void fly(uint32_t slot, uint32_t whose)
{
	atomic_store(&seg.slots[slot].person, whose);
	shm_brake_fly(&seg, slot, ROW);
}

static void wait_for_room(uint32_t slot, uint32_t whose, int64_t began_ms)
{
	atomic_store(&seg.slots[slot].person, whose);
	atomic_store(&seg.slots[slot].began_ms, began_ms);
	shm_slot_beat(&seg.slots[slot], NOW_MS);
	shm_brake_wait(&seg, slot, ROW);
}

START_TEST(each_press_halves_and_each_minute_gives_one_back)
{
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS), UINT32_MAX);
	shm_brake_press(model, 10, NOW_MS);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS), 5);
	shm_brake_press(model, 6, NOW_MS + 500); /* the same event */
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 500), 5);
	shm_brake_press(model, 6, NOW_MS + 2000);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 2000), 2);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 2000 + MINUTE_MS), 3);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 2000 + 7 * MINUTE_MS), 9);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 2000 + 8 * MINUTE_MS),
			  UINT32_MAX);
}
END_TEST

START_TEST(the_last_one_is_never_taken_away)
{
	for (int i = 0; i < 5; i++)
		shm_brake_press(model, 1, NOW_MS + i * 2000);
	ck_assert_uint_eq(shm_brake_limit(model, NOW_MS + 8000), 1);
	ck_assert(shm_brake_may(&seg, 0, ROW, NOW_MS + 8000));
	ck_assert_uint_eq(shm_brake_limit(&seg.models[ROW + 1], NOW_MS), UINT32_MAX);
}
END_TEST

START_TEST(room_is_for_who_has_the_fewest_there)
{
	shm_brake_press(model, 8, NOW_MS); /* four at once */
	for (uint32_t slot = 0; slot < 3; slot++)
		fly(slot, 0);
	wait_for_room(3, 0, 100);
	wait_for_room(4, 1, 200);
	ck_assert(!shm_brake_may(&seg, 3, ROW, NOW_MS));
	ck_assert(shm_brake_may(&seg, 4, ROW, NOW_MS));
	fly(4, 1);
	ck_assert(!shm_brake_may(&seg, 3, ROW, NOW_MS));
	shm_brake_fly(&seg, 0, SHM_NOBODY);
	ck_assert(shm_brake_may(&seg, 3, ROW, NOW_MS));
}
END_TEST

START_TEST(among_equals_for_the_oldest_that_is_not_frozen)
{
	shm_brake_press(model, 2, NOW_MS); /* one at once */
	wait_for_room(0, 0, 100);
	wait_for_room(1, 1, 200);
	ck_assert(shm_brake_may(&seg, 0, ROW, NOW_MS));
	ck_assert(!shm_brake_may(&seg, 1, ROW, NOW_MS));
	shm_slot_beat(&seg.slots[1], NOW_MS + SHM_BRAKE_FRESH_MS);
	ck_assert(shm_brake_may(&seg, 1, ROW, NOW_MS + SHM_BRAKE_FRESH_MS));
	shm_slot_beat(&seg.slots[0], NOW_MS + SHM_BRAKE_FRESH_MS);
	ck_assert(!shm_brake_may(&seg, 1, ROW, NOW_MS + SHM_BRAKE_FRESH_MS));
	shm_segment_reap(&seg, 0, NOW_MS);
	ck_assert(shm_brake_may(&seg, 1, ROW, NOW_MS + SHM_BRAKE_FRESH_MS));
}
END_TEST

/* ---- tickets */

START_TEST(who_comes_back_when_told_is_let_in_once)
{
	int64_t last_ms = 0;

	shm_person_promise(person, 77, NOW_MS + 5000, NOW_MS);
	shm_person_promise(person, 78, NOW_MS + 7000, NOW_MS);
	ck_assert_uint_eq(shm_person_expected(person, NOW_MS, &last_ms), 2);
	ck_assert_int_eq(last_ms, NOW_MS + 7000);
	ck_assert(!shm_person_redeem(person, 79, NOW_MS + 5000));
	ck_assert(shm_person_redeem(person, 77, NOW_MS + 5000));
	ck_assert(!shm_person_redeem(person, 77, NOW_MS + 5000));
	ck_assert_uint_eq(shm_person_expected(person, NOW_MS + 5000, &last_ms), 1);
}
END_TEST

START_TEST(who_is_too_early_is_not_let_in)
{
	shm_person_promise(person, 77, NOW_MS + 5000, NOW_MS);
	ck_assert(!shm_person_redeem(person, 77, NOW_MS + 1000));
}
END_TEST

START_TEST(more_clients_than_tickets_lose_only_tickets)
{
	int64_t last_ms = 0;

	for (uint32_t i = 0; i < 3 * SHM_TICKETS; i++)
		shm_person_promise(person, i, NOW_MS + 1000 + i, NOW_MS);
	ck_assert_uint_eq(shm_person_expected(person, NOW_MS, &last_ms), SHM_TICKETS);
	ck_assert(shm_person_redeem(person, 0, NOW_MS + 1000));
	ck_assert(!shm_person_redeem(person, 3 * SHM_TICKETS - 1, NOW_MS + 1000));
}
END_TEST

START_TEST(every_fifth_turn_is_background_works)
{
	int turns = 0;

	for (int i = 0; i < 20; i++) {
		bool is_background = shm_person_is_background_turn(person);

		turns += is_background;
		shm_person_serve(person, is_background, NOW_MS + i);
	}
	ck_assert_int_eq(turns, 4);
	ck_assert_int_eq(shm_person_served_ms(person), NOW_MS + 19);
}
END_TEST

static Suite *make_suite(void)
{
	const struct {
		const char *name;
		const TTest *tests[6];
	} cases[] = {
		{ "bench",
		  { a_429_with_a_time_benches_for_that_time,
		    without_a_time_it_is_ten_seconds_doubling_to_two_minutes,
		    several_429s_of_one_moment_are_one,
		    a_key_that_was_replaced_disables_nothing,
		    the_second_401_in_a_row_disables } },
		{ "brake",
		  { each_press_halves_and_each_minute_gives_one_back,
		    the_last_one_is_never_taken_away,
		    room_is_for_who_has_the_fewest_there,
		    among_equals_for_the_oldest_that_is_not_frozen } },
		{ "person",
		  { who_comes_back_when_told_is_let_in_once,
		    who_is_too_early_is_not_let_in,
		    more_clients_than_tickets_lose_only_tickets,
		    every_fifth_turn_is_background_works } },
	};
	Suite *s = suite_create("shm_lane");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TCase *t = tcase_create(cases[i].name);

		tcase_add_checked_fixture(t, setup, teardown);
		for (size_t n = 0; cases[i].tests[n]; n++)
			tcase_add_test(t, cases[i].tests[n]);
		suite_add_tcase(s, t);
	}
	return s;
}

UNIT_MAIN(make_suite)
