/* SPDX-License-Identifier: MIT */
/* Early deaths: when the next process may be made. */
#include "config.h"

#include "master/throttle.h"
#include "tests/unit/unit.h"

static struct throttle t;
static int64_t now;

static void setup(void)
{
	t = (struct throttle){ 0 };
	now = 1000000;
}

/* One is made and dies badly after that time. Returns whether that begins a pause. */
static bool try_one(int64_t age_ms)
{
	int64_t born_ms = now;

	ck_assert(throttle_may_spawn(&t, now));
	now += age_ms;
	return throttle_died(&t, true, born_ms, now);
}

START_TEST(four_early_deaths_change_nothing)
{
	for (int i = 0; i < 4; i++)
		ck_assert(!try_one(10));
	ck_assert(throttle_may_spawn(&t, now));
}
END_TEST

START_TEST(from_the_fifth_the_pause_doubles_to_a_minute)
{
	static const int64_t pauses[] = { 1000,	 2000,	4000,  8000,
					  16000, 32000, 60000, 60000 };

	for (int i = 0; i < 4; i++)
		ck_assert(!try_one(10));
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		ck_assert(try_one(10));
		ck_assert_int_eq(t.pause_ms, pauses[i]);
		ck_assert(!throttle_may_spawn(&t, now + pauses[i] - 1));
		now += pauses[i];
	}
}
END_TEST

START_TEST(at_most_ten_are_made_in_the_first_minute)
{
	int made = 0;
	int64_t end = now + 60000;

	for (; now < end; now++)
		if (throttle_may_spawn(&t, now)) {
			made++;
			(void)throttle_died(&t, true, now, now);
		}
	ck_assert_int_le(made, 10);
	ck_assert_int_ge(made, 8);
}
END_TEST

START_TEST(many_that_die_together_begin_one_pause)
{
	int pauses = 0;

	for (int i = 0; i < 64; i++)
		pauses += throttle_died(&t, true, now, now + 20);
	ck_assert_int_eq(pauses, 1);
	ck_assert_int_eq(t.pause_ms, 1000);
}
END_TEST

static void begin_throttling(void)
{
	for (int i = 0; i < 5; i++)
		(void)try_one(10);
	ck_assert_int_eq(t.pause_ms, 1000);
	now = t.until_ms;
}

START_TEST(only_one_at_a_time_is_tried)
{
	begin_throttling();
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(!throttle_may_spawn(&t, now));
	ck_assert(!throttle_may_spawn(&t, now + 100000));
}
END_TEST

START_TEST(one_that_lives_ends_it)
{
	begin_throttling();
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(!throttle_lives(&t, now, now + THROTTLE_LIFE_MS - 1));
	ck_assert(throttle_lives(&t, now, now + THROTTLE_LIFE_MS));
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(!throttle_lives(&t, now, now + THROTTLE_LIFE_MS)); /* told once */
}
END_TEST

START_TEST(an_old_one_that_lives_or_dies_does_not_end_it)
{
	begin_throttling();
	ck_assert(!throttle_lives(&t, now - 100000, now));
	ck_assert(!throttle_died(&t, true, now - 100000, now));
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(!throttle_may_spawn(&t, now));
}
END_TEST

START_TEST(a_try_that_dies_late_ends_it)
{
	begin_throttling();
	ck_assert(!try_one(THROTTLE_LIFE_MS));
	ck_assert(throttle_may_spawn(&t, now));
	ck_assert(throttle_may_spawn(&t, now));
}
END_TEST

START_TEST(a_try_that_could_not_be_made_is_tried_again)
{
	begin_throttling();
	ck_assert(throttle_may_spawn(&t, now));
	throttle_failed(&t);
	ck_assert(throttle_may_spawn(&t, now));
}
END_TEST

START_TEST(deaths_that_are_not_bad_never_throttle)
{
	for (int i = 0; i < 1000; i++)
		ck_assert(!throttle_died(&t, false, now, now + 10));
	ck_assert(throttle_may_spawn(&t, now));
}
END_TEST

START_TEST(a_life_between_deaths_begins_the_count_anew)
{
	for (int i = 0; i < 4; i++)
		ck_assert(!try_one(10));
	ck_assert(!throttle_lives(&t, now, now + THROTTLE_LIFE_MS)); /* nothing to tell */
	now += THROTTLE_LIFE_MS;
	ck_assert(!try_one(10));
	ck_assert(throttle_may_spawn(&t, now));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("master_throttle");
	TCase *tcase = tcase_create("throttle");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, four_early_deaths_change_nothing);
	tcase_add_test(tcase, from_the_fifth_the_pause_doubles_to_a_minute);
	tcase_add_test(tcase, at_most_ten_are_made_in_the_first_minute);
	tcase_add_test(tcase, many_that_die_together_begin_one_pause);
	tcase_add_test(tcase, only_one_at_a_time_is_tried);
	tcase_add_test(tcase, one_that_lives_ends_it);
	tcase_add_test(tcase, an_old_one_that_lives_or_dies_does_not_end_it);
	tcase_add_test(tcase, a_try_that_dies_late_ends_it);
	tcase_add_test(tcase, a_try_that_could_not_be_made_is_tried_again);
	tcase_add_test(tcase, deaths_that_are_not_bad_never_throttle);
	tcase_add_test(tcase, a_life_between_deaths_begins_the_count_anew);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
