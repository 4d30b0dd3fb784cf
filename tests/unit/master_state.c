/* SPDX-License-Identifier: MIT */
/* What outlives a run: read back as it was, or refused as a whole. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "master/rows.h"
#include "master/state.h"
#include "tests/unit/unit.h"

enum { NOW_MS = 900000, WINDOW_MS = 61000, LIMIT = 3 };

static const struct state_clock clock_now = { 1800000000, NOW_MS, "boot-a" };
static struct shm_segment before, after;
static struct buf text;

static void make(struct shm_segment *seg)
{
	static const struct shm_shape shape = { 2, 4, 4, 6 };

	ck_assert_int_eq(shm_segment_make(seg, &shape, 0, 0), 0);
}

static struct shm_lane *lane_in(struct shm_segment *seg, const char *name, uint64_t key)
{
	int32_t row = shm_segment_lane(seg, name);

	ck_assert_int_ge(row, 0);
	atomic_store(&seg->lanes[row].rpm, LIMIT);
	atomic_store(&seg->lanes[row].window_ms, WINDOW_MS);
	atomic_store(&seg->lanes[row].is_paced, 1);
	atomic_store(&seg->lanes[row].keys[0], key);
	return &seg->lanes[row];
}

static void grant(struct shm_lane *lane, int64_t at_ms)
{
	struct shm_pace pace = shm_lane_pace(lane);
	struct shm_taker who = { 0, 0, false };
	struct shm_place place;
	struct shm_view view;

	shm_ring_view(&lane->ring, &pace, at_ms, &view);
	ck_assert(shm_ring_take(&lane->ring, &view, &who, &place));
	shm_ring_settle(&lane->ring, &place, at_ms);
}

static uint32_t used(struct shm_lane *lane, int64_t now_ms)
{
	struct shm_pace pace = shm_lane_pace(lane);
	struct shm_view view;

	shm_ring_view(&lane->ring, &pace, now_ms, &view);
	return view.used;
}

static void setup(void)
{
	make(&before);
	make(&after);
	buf_init(&text, 1 << 20);
}

static void teardown(void)
{
	buf_release(&text);
	shm_segment_close(&before);
	shm_segment_close(&after);
}

static enum state_loaded pass_on(const struct state_clock *then, bool is_last)
{
	state_write(&text, &before, &clock_now, is_last);
	ck_assert_ptr_null(state_check(buf_str(&text)));
	return state_read(&after, buf_str(&text), then);
}

START_TEST(accounts_are_read_back)
{
	int32_t row = shm_segment_person(&before, "ada@home");
	struct shm_account *a = &before.books.people[row];

	atomic_store(&a->counters[SHM_requests], 12);
	atomic_store(&a->counters[SHM_output_tokens], UINT64_C(5000000000));
	atomic_store(&a->buckets[SHM_HIST_wait][3], 7);
	atomic_store(&a->sums_ms[SHM_HIST_wait], 4321);
	atomic_store(&a->today, 20833);
	atomic_store(&a->today_tokens, 99);
	(void)shm_segment_person(&after, "somebody");
	ck_assert_int_eq(pass_on(&clock_now, true), STATE_CLEAN);
	row = shm_segment_person(&after, "ada@home");
	ck_assert_int_eq(row, 1);
	a = &after.books.people[row];
	ck_assert_uint_eq(atomic_load(&a->counters[SHM_requests]), 12);
	ck_assert_uint_eq(atomic_load(&a->counters[SHM_output_tokens]),
			  UINT64_C(5000000000));
	ck_assert_uint_eq(atomic_load(&a->buckets[SHM_HIST_wait][3]), 7);
	ck_assert_uint_eq(atomic_load(&a->sums_ms[SHM_HIST_wait]), 4321);
	ck_assert_uint_eq(shm_books_tokens_on(a, 20833), 99);
}
END_TEST

START_TEST(windows_go_on_after_a_clean_end)
{
	grant(lane_in(&before, "team", 1), NOW_MS - 1000);
	grant(lane_in(&before, "team", 1), NOW_MS - 10);
	(void)lane_in(&after, "team", 1);
	ck_assert_int_eq(pass_on(&clock_now, true), STATE_CLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), NOW_MS), 2);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), NOW_MS - 1000 + WINDOW_MS), 1);
}
END_TEST

START_TEST(a_wall_clock_that_jumps_changes_nothing)
{
	static const struct state_clock jumped = { 5, NOW_MS, "boot-a" };

	grant(lane_in(&before, "team", 1), NOW_MS - 1000);
	(void)lane_in(&after, "team", 1);
	ck_assert_int_eq(pass_on(&jumped, true), STATE_CLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), NOW_MS), 1);
}
END_TEST

START_TEST(without_a_last_word_windows_are_full_from_now)
{
	grant(lane_in(&before, "team", 1), NOW_MS - 50000);
	(void)lane_in(&after, "team", 1);
	ck_assert_int_eq(pass_on(&clock_now, false), STATE_UNCLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), NOW_MS + WINDOW_MS - 1),
			  LIMIT);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), NOW_MS + WINDOW_MS), 0);
}
END_TEST

START_TEST(after_a_reboot_they_are_full_from_the_boot)
{
	static const struct state_clock rebooted = { 1800000100, 20000, "boot-b" };

	grant(lane_in(&before, "team", 1), NOW_MS - 10);
	(void)lane_in(&after, "team", 1);
	ck_assert_int_eq(pass_on(&rebooted, true), STATE_REBOOTED);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), 20000), LIMIT);
	ck_assert_uint_eq(used(lane_in(&after, "team", 1), WINDOW_MS), 0);
}
END_TEST

START_TEST(a_lane_with_another_name_keeps_its_keys_window)
{
	grant(lane_in(&before, "team", 1), NOW_MS - 10);
	grant(lane_in(&before, "squad", 2), NOW_MS - 20);
	grant(lane_in(&before, "squad", 2), NOW_MS - 10);
	(void)lane_in(&after, "squad", 1);
	(void)lane_in(&after, "crew", 2);
	ck_assert_int_eq(pass_on(&clock_now, true), STATE_CLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "squad", 1), NOW_MS), 1);
	ck_assert_uint_eq(used(lane_in(&after, "crew", 2), NOW_MS), 2);
}
END_TEST

START_TEST(a_name_that_was_another_keys_tells_nothing)
{
	grant(lane_in(&before, "team", 1), NOW_MS - 10);
	grant(lane_in(&before, "squad", 2), NOW_MS - WINDOW_MS + 500);
	(void)lane_in(&after, "squad", 1);
	ck_assert_int_eq(pass_on(&clock_now, true), STATE_CLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "squad", 1), NOW_MS + 600), 1);
}
END_TEST

START_TEST(a_lane_with_another_key_keeps_its_names_window)
{
	grant(lane_in(&before, "team", 1), NOW_MS - 10);
	(void)lane_in(&after, "team", 2);
	ck_assert_int_eq(pass_on(&clock_now, true), STATE_CLEAN);
	ck_assert_uint_eq(used(lane_in(&after, "team", 2), NOW_MS), 1);
}
END_TEST

START_TEST(another_versions_lines_and_names_are_passed_over)
{
	static const char more[] = "planet name=mars moons=2\n\nperson name=ada "
				   "requests=3 hats=7\n";

	ck_assert_int_eq(state_read(&after, str_of(more), &clock_now), STATE_UNCLEAN);
	ck_assert_uint_eq(
		atomic_load(&after.books.people[shm_segment_person(&after, "ada")]
				     .counters[SHM_requests]),
		3);
}
END_TEST

START_TEST(a_torn_or_changed_file_is_refused)
{
	(void)shm_segment_person(&before, "ada");
	state_write(&text, &before, &clock_now, true);
	for (size_t len = 0; len < text.len; len++)
		ck_assert_ptr_nonnull(state_check((struct str){ text.data, len }));
	for (size_t at = 0; at < text.len; at++) {
		text.data[at] ^= 1;
		ck_assert_ptr_nonnull(state_check(buf_str(&text)));
		text.data[at] ^= 1;
	}
	ck_assert_ptr_null(state_check(buf_str(&text)));
}
END_TEST

/* ---- rows.c: which row a configured lane gets */

static struct people team(struct lane *lanes, size_t count)
{
	return (struct people){ .lanes = lanes, .lane_count = count };
}

static void configure(struct lane *lanes, size_t count)
{
	struct conf c = { .people = team(lanes, count) };
	const char *why;

	ck_assert_int_eq(rows_configure(&after, &c, &why), 0);
}

START_TEST(rows_follow_the_keys)
{
	struct str key_a = STR("nvapi-a"), key_b = STR("nvapi-b"), key_c = STR("nvapi-c");
	struct lane first[] = {
		{ .name = STR("a"), .keys = &key_a, .key_count = 1 },
		{ .name = STR("b"), .keys = &key_b, .key_count = 1 },
	};
	struct lane swapped[] = {
		{ .name = STR("a"), .keys = &key_b, .key_count = 1 },
		{ .name = STR("b"), .keys = &key_a, .key_count = 1 },
	};
	struct lane renamed[] = {
		{ .name = STR("b"), .keys = &key_b, .key_count = 1 },
		{ .name = STR("c"), .keys = &key_c, .key_count = 1 },
	};

	configure(first, 2);
	ck_assert_uint_eq(first[0].row, 0);
	ck_assert_uint_eq(first[1].row, 1);
	configure(swapped, 2);
	ck_assert_uint_eq(swapped[0].row, 1);
	ck_assert_uint_eq(swapped[1].row, 0);
	ck_assert_str_eq(after.lanes[0].name, "b");
	ck_assert_str_eq(after.lanes[1].name, "a");
	configure(renamed, 2);
	ck_assert_uint_eq(renamed[0].row, 1);
	ck_assert_uint_eq(renamed[1].row, 2);
	ck_assert_str_eq(after.lanes[0].name, "b~");
	ck_assert_uint_eq(atomic_load(&after.lanes[0].is_configured), 0);
	configure(first, 2);
	ck_assert_uint_eq(first[0].row, 0);
	ck_assert_str_eq(after.lanes[0].name, "a");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("master_state");
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, accounts_are_read_back);
	tcase_add_test(t, windows_go_on_after_a_clean_end);
	tcase_add_test(t, a_wall_clock_that_jumps_changes_nothing);
	tcase_add_test(t, without_a_last_word_windows_are_full_from_now);
	tcase_add_test(t, after_a_reboot_they_are_full_from_the_boot);
	tcase_add_test(t, a_lane_with_another_name_keeps_its_keys_window);
	tcase_add_test(t, a_name_that_was_another_keys_tells_nothing);
	tcase_add_test(t, a_lane_with_another_key_keeps_its_names_window);
	tcase_add_test(t, another_versions_lines_and_names_are_passed_over);
	tcase_add_test(t, a_torn_or_changed_file_is_refused);
	tcase_add_test(t, rows_follow_the_keys);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
