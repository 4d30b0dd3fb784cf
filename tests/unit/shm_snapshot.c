/* SPDX-License-Identifier: MIT */
/* A copy for who looks: what stands in it, and that its sums belong together. */
#include "config.h"

#include "shm/snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { SLOTS = 4, LANES = 2, PEOPLE = 3, NOW_MS = 5000000, WALL_S = 1800000000 };

static struct shm_segment seg;
static struct shm_lane_row lanes[LANES];
static struct shm_person_row people[PEOPLE];
static struct shm_model_row models[SHM_MODELS];
static struct shm_worker_row slots[SLOTS];
static struct shm_snapshot s = {
	.lanes = lanes, .people = people, .models = models, .slots = slots
};

static void setup(void)
{
	static const struct shm_shape shape = { SLOTS, LANES, PEOPLE, LANES };
	struct shm_lane *lane;

	ck_assert_int_eq(shm_segment_make(&seg, &shape, WALL_S, 0), 0);
	ck_assert_int_eq(shm_segment_lane(&seg, "team"), 0);
	ck_assert_int_eq(shm_segment_person(&seg, "ada"), 0);
	ck_assert_int_eq(shm_segment_person(&seg, "bob"), 1);
	lane = &seg.lanes[0];
	atomic_store(&lane->rpm, 40);
	atomic_store(&lane->window_ms, 61000);
	atomic_store(&lane->is_paced, 1);
	atomic_store(&lane->is_configured, 1);
}

static void teardown(void)
{
	shm_segment_close(&seg);
}

static void take(void)
{
	shm_snapshot_take(&s, &seg, NOW_MS, WALL_S);
}

static void book(uint32_t person, int64_t wall_s)
{
	struct shm_entry *e = shm_slot_begin(&seg.slots[0], "req_1", NOW_MS);

	atomic_store(&e->person, person);
	atomic_store(&e->lane, 0);
	shm_entry_set(e, SHM_output_tokens, 7);
	shm_entry_set(e, SHM_grants, 1);
	shm_entry_time(e, SHM_HIST_first_token, 300);
	shm_slot_end(&seg.slots[0], e, SHM_ok);
	(void)shm_books_fold(&seg.books, seg.slots, 0, wall_s);
}

START_TEST(a_lane_shows_its_window)
{
	struct shm_lane *lane = &seg.lanes[0];

	for (uint32_t i = 0; i < 40; i++)
		shm_ring_put(&lane->ring, i, NOW_MS - 60000 + i, 0, false);
	shm_ring_begin(&lane->ring, NOW_MS - 50000);
	atomic_store(&seg.waits[2], shm_wait_word(&(struct shm_waiter){
					    .slot = 2, .since_ms = NOW_MS }));
	take();
	ck_assert_uint_eq(s.lane_count, 1);
	ck_assert_str_eq(lanes[0].name, "team");
	ck_assert_uint_eq(lanes[0].rpm, 40);
	ck_assert_uint_eq(lanes[0].used, 40);
	ck_assert_uint_eq(lanes[0].waiting, 1);
	ck_assert_int_eq(lanes[0].next_free_ms, 1000);
	ck_assert_int_eq(lanes[0].benched_ms, 0);
	atomic_store(&lane->benched_until_ms, NOW_MS + 9000);
	take();
	ck_assert_int_eq(lanes[0].benched_ms, 9000);
	ck_assert_int_eq(lanes[0].next_free_ms, 9000);
}
END_TEST

START_TEST(what_runs_is_counted_and_shown)
{
	struct shm_entry *e;

	shm_slot_take(&seg.slots[1], SHM_WORKER, 42, NOW_MS - 9000);
	shm_slot_take(&seg.slots[2], SHM_WORKER, 43, NOW_MS - 9000);
	shm_slot_state(&seg.slots[2], SHM_IDLE, NOW_MS);
	e = shm_slot_begin(&seg.slots[1], "req_9", NOW_MS - 500);
	shm_slot_state(&seg.slots[1], SHM_WRITING, NOW_MS - 100);
	shm_slot_model(&seg.slots[1], "vendor/model", 12);
	atomic_store(&seg.slots[1].person, 1);
	atomic_store(&seg.slots[1].is_message, 1);
	shm_entry_set(e, SHM_output_tokens, 12);
	take();
	ck_assert_uint_eq(s.workers, 2);
	ck_assert_uint_eq(s.idle, 1);
	ck_assert_uint_eq(s.busy, 1);
	ck_assert_uint_eq(s.worker_count, 2);
	ck_assert(slots[0].has_request);
	ck_assert_int_eq(slots[0].request_ms, 500);
	ck_assert_int_eq(slots[0].since_ms, 100);
	ck_assert_uint_eq(slots[0].output_tokens, 12);
	ck_assert_str_eq(slots[0].model, "vendor/model");
	ck_assert_uint_eq(people[1].running, 1);
	ck_assert_uint_eq(people[0].running, 0);
	ck_assert(!slots[1].has_request);
}
END_TEST

START_TEST(history_is_in_order)
{
	book(0, WALL_S);
	book(0, WALL_S - 60);
	book(0, WALL_S - 60);
	book(0, WALL_S - 3600);
	take();
	ck_assert_uint_eq(s.hour[SHM_HOUR - 1].requests, 1);
	ck_assert_uint_eq(s.hour[SHM_HOUR - 2].requests, 2);
	ck_assert_uint_eq(s.hour[0].requests, 0);
	ck_assert_uint_eq(s.hour[SHM_HOUR - 2].tokens, 14);
	ck_assert_uint_eq(
		s.day[SHM_DAY_PARTS - 1].requests + s.day[SHM_DAY_PARTS - 2].requests, 3);
	ck_assert_uint_eq(s.day[SHM_DAY_PARTS - 5].requests, 1);
}
END_TEST

START_TEST(the_last_errors_come_newest_first)
{
	for (uint32_t i = 0; i < SHM_ERRORS + 5; i++) {
		struct shm_error e = { .status = i, .id = "req_x" };

		shm_errors_add(seg.errors, &e);
	}
	take();
	ck_assert_uint_eq(s.error_count, SHM_ERRORS);
	ck_assert_uint_eq(s.errors_ever, SHM_ERRORS + 5);
	for (uint32_t i = 0; i < SHM_ERRORS; i++)
		ck_assert_uint_eq(s.errors[i].status, SHM_ERRORS + 4 - i);
}
END_TEST

START_TEST(quantiles_lie_in_their_bucket)
{
	book(0, WALL_S);
	take();
	ck_assert_uint_eq(shm_sum_count(&s.total, SHM_HIST_first_token), 1);
	ck_assert_int_ge(shm_sum_quantile_ms(&s.total, SHM_HIST_first_token, 0.5), 250);
	ck_assert_int_le(shm_sum_quantile_ms(&s.total, SHM_HIST_first_token, 0.5), 500);
	ck_assert_int_eq(shm_sum_quantile_ms(&s.total, SHM_HIST_wait, 0.5), -1);
}
END_TEST

/* A master books as fast as it can; every copy that says it is whole adds up. */
START_TEST(sums_belong_together_while_somebody_books)
{
	unsigned whole = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (uint32_t i = 0;; i++)
			book(i % 2, WALL_S);
	for (int i = 0; i < 20000; i++) {
		take();
		if (!s.is_whole)
			continue;
		whole++;
		ck_assert_uint_eq(s.total.by[SHM_requests],
				  people[0].sum.by[SHM_requests] +
					  people[1].sum.by[SHM_requests]);
		ck_assert_uint_eq(s.total.by[SHM_output_tokens],
				  7 * s.total.by[SHM_requests]);
		ck_assert_uint_eq(s.total.by[SHM_ok], lanes[0].sum.by[SHM_ok]);
	}
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_gt(whole, 1000);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_snapshot");
	TCase *t = tcase_create("snapshot");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_lane_shows_its_window);
	tcase_add_test(t, what_runs_is_counted_and_shown);
	tcase_add_test(t, history_is_in_order);
	tcase_add_test(t, the_last_errors_come_newest_first);
	tcase_add_test(t, quantiles_lie_in_their_bucket);
	tcase_add_test(t, sums_belong_together_while_somebody_books);
	suite_add_tcase(suite, t);
	return suite;
}

UNIT_MAIN(make_suite)
