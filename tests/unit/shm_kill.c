/* SPDX-License-Identifier: MIT */
/*
 * A worker dies before its n-th shared store, for all n; so does the master that reaps
 * and books after it, for all m. Whatever n and m: every request is in all its accounts
 * once or not at all, no place of the window is lost for longer than a window or free too
 * early, and nobody waits for the dead.
 */
#include "config.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "shm/brake.h"
#include "shm/queue.h"
#include "tests/unit/unit.h"

static int steps_left = -1; /* -1: lives */
static jmp_buf death;

void shm_step_hook(void);

void shm_step_hook(void)
{
	if (steps_left < 0)
		return;
	if (steps_left-- == 0)
		longjmp(death, 1);
}

enum { SLOT = 1, TOKENS = 1000, LIMIT = 3, WINDOW_MS = 1000, WALL_S = 86400 * 20000 };

static struct shm_segment seg;
static bool was_sent; /* the request went out: its place must stand in the window */
static struct shm_waiter waiter = { .slot = SLOT, .since_ms = 5 };
static const struct shm_rules rules = { true, true };
static struct shm_shape shape = { 3, 1, 2, 1 };

static void start(void)
{
	ck_assert_int_eq(shm_segment_make(&seg, &shape, WALL_S, 0), 0);
	ck_assert_int_eq(shm_segment_lane(&seg, "team"), 0);
	ck_assert_int_eq(shm_segment_person(&seg, "ada"), 0);
	atomic_store(&seg.lanes[0].rpm, LIMIT);
	atomic_store(&seg.lanes[0].window_ms, WINDOW_MS);
	atomic_store(&seg.lanes[0].is_paced, 1);
	shm_slot_take(&seg.slots[SLOT], SHM_WORKER, 42, 1);
	was_sent = false;
}

static bool die_at(int n, void (*body)(void))
{
	bool has_died = true;

	steps_left = n;
	if (setjmp(death) == 0) {
		body();
		has_died = false;
	}
	steps_left = -1;
	return has_died;
}

/* One request, as a worker serves it. */
static void serve(void)
{
	struct shm_entry *e = shm_slot_begin(&seg.slots[SLOT], "req_1", 5);
	struct shm_place place;
	struct shm_look look;

	atomic_store(&e->person, 0);
	atomic_store(&e->lane, 0);
	atomic_store(&e->model, 7);
	shm_queue_join(&seg, &waiter);
	shm_queue_look(&seg, &waiter, &rules, 10, &look);
	if (!shm_queue_take(&seg, &waiter, &look, &place))
		abort(); /* nobody else is there */
	shm_queue_leave(&seg, SLOT);
	shm_brake_fly(&seg, SLOT, 7);
	was_sent = true;
	shm_ring_settle(&seg.lanes[0].ring, &place, 20);
	shm_entry_set(e, SHM_grants, 1);
	shm_entry_set(e, SHM_output_tokens, TOKENS);
	shm_entry_time(e, SHM_HIST_wait, 5);
	shm_brake_fly(&seg, SLOT, SHM_NOBODY);
	shm_slot_end(&seg.slots[SLOT], e, SHM_ok);
}

static void clean_up(void)
{
	shm_books_recover(&seg.books, seg.slots, shape.slots);
	shm_segment_reap(&seg, SLOT, 30);
	(void)shm_books_fold(&seg.books, seg.slots, SLOT, WALL_S);
}

static uint64_t of(const struct shm_account *a, enum shm_counter c)
{
	return atomic_load(&a->counters[c]);
}

static void check_account(const struct shm_account *a, const char *whose, int n, int m,
			  uint64_t most)
{
	uint64_t requests = of(a, SHM_requests), ok = of(a, SHM_ok);

	ck_assert_msg(requests <= most && ok + of(a, SHM_aborted) == requests,
		      "%s, deaths %d, %d: %d requests, %d ok", whose, n, m, (int)requests,
		      (int)ok);
	ck_assert_msg(of(a, SHM_output_tokens) == TOKENS * requests || ok == 0,
		      "%s, deaths %d, %d: tokens", whose, n, m);
	ck_assert_uint_eq(atomic_load(&a->today_requests), of(a, SHM_grants));
}

static void check_window(int n, int m)
{
	struct shm_pace pace = shm_lane_pace(&seg.lanes[0]);
	struct shm_view view;

	shm_ring_view(&seg.lanes[0].ring, &pace, 40, &view);
	ck_assert_msg(view.used <= 1 && (!was_sent || view.used == 1),
		      "deaths %d, %d: %d places used", n, m, (int)view.used);
	for (uint32_t i = 0; i < view.count; i++)
		ck_assert(!view.stamps[i].is_pinned);
	shm_ring_view(&seg.lanes[0].ring, &pace, 30 + WINDOW_MS, &view);
	ck_assert_uint_eq(view.used, 0);
}

static void check(int n, int m)
{
	const struct shm_books *b = &seg.books;

	check_account(b->total, "total", n, m, 1);
	check_account(&b->people[0], "person", n, m, of(b->total, SHM_requests));
	check_account(&b->lanes[0], "lane", n, m, of(b->total, SHM_requests));
	check_account(&b->models[7], "model", n, m, of(b->total, SHM_requests));
	if (of(b->total, SHM_ok))
		ck_assert_uint_eq(of(&b->people[0], SHM_ok), 1);
	ck_assert_uint_eq(
		atomic_load(
			&b->minutes[WALL_S / 60 % SHM_MINUTES].counters[SHM_requests]),
		of(b->total, SHM_requests));
	ck_assert_uint_eq(atomic_load(&b->journal->version) % 2, 0);
	ck_assert_uint_eq(atomic_load(&seg.waits[SLOT]), 0);
	ck_assert_uint_eq(atomic_load(&seg.flights[SLOT]), 0);
	ck_assert_uint_eq(shm_slot_unbooked(&seg.slots[SLOT]), 0);
	check_window(n, m);
}

START_TEST(a_worker_and_its_master_may_die_at_any_store)
{
	bool is_last = false;
	int n = 0, pairs = 0;

	for (; !is_last; n++)
		for (int m = 0;; m++, pairs++) {
			bool has_died;

			start();
			is_last = !die_at(n, serve);
			has_died = die_at(m, clean_up);
			clean_up();
			check(n, m);
			shm_segment_close(&seg);
			if (!has_died)
				break;
		}
	printf("# %d deaths of the worker, %d with one of the master\n", n, pairs);
	ck_assert_int_gt(n, SHM_COUNTER_COUNT + 10);
	ck_assert_int_gt(pairs, 1000);
}
END_TEST

/* The master dies while it books for a worker that lives and goes on. */
static void fold(void)
{
	shm_books_recover(&seg.books, seg.slots, shape.slots);
	(void)shm_books_fold(&seg.books, seg.slots, SLOT, WALL_S);
}

START_TEST(a_worker_that_goes_on_beside_a_dying_master_is_booked_once)
{
	for (int m = 0;; m++) {
		bool has_died;

		start();
		waiter.since_ms = 5;
		serve();
		has_died = die_at(m, fold);
		shm_slot_end(&seg.slots[SLOT],
			     shm_slot_begin(&seg.slots[SLOT], "req_2", 50),
			     SHM_client_errors);
		fold();
		ck_assert_uint_eq(of(seg.books.total, SHM_requests), 2);
		ck_assert_uint_eq(of(seg.books.total, SHM_ok), 1);
		ck_assert_uint_eq(of(seg.books.total, SHM_client_errors), 1);
		ck_assert_uint_eq(of(seg.books.total, SHM_output_tokens), TOKENS);
		shm_segment_close(&seg);
		if (!has_died)
			break;
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_kill");
	TCase *tcase = tcase_create("deaths");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_worker_and_its_master_may_die_at_any_store);
	tcase_add_test(tcase, a_worker_that_goes_on_beside_a_dying_master_is_booked_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
