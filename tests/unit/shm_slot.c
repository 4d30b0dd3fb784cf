/* SPDX-License-Identifier: MIT */
/*
 * The booking protocol: a process dies at every store, and the books are right each time.
 * The module is compiled in with a step before each store; shm_slot_trace.c asks the
 * library's own code.
 */
#include "config.h"

#include <setjmp.h>
#include <string.h>

static void step(void);
#define SHM_STEP() step()
#include "shm/slot.c"

#include "tests/unit/unit.h"

static int steps_left = -1; /* -1: lives */
static jmp_buf death;

static void step(void)
{
	if (steps_left < 0)
		return;
	if (steps_left-- == 0)
		longjmp(death, 1);
}

enum { TOKENS = 1000, REASONING = 70 };

static void serve(struct shm_slot *s, enum shm_counter outcome)
{
	shm_slot_begin(s, "req_1", 5);
	shm_slot_model(s, "vendor/model", 12);
	shm_slot_pending(s, SHM_output_tokens, TOKENS);
	shm_slot_pending(s, SHM_reasoning_tokens, REASONING);
	shm_slot_book(s, outcome);
}

static uint64_t count(const struct shm_slot *s, enum shm_counter c)
{
	return atomic_load(&s->counters[c]);
}

static uint64_t outcomes(const struct shm_slot *s)
{
	uint64_t sum = 0;

	for (size_t i = SHM_ok; i <= SHM_aborted; i++)
		sum += count(s, (enum shm_counter)i);
	return sum;
}

/* Runs body on s and dies before its n-th store. Returns false when it lived to its end.
 */
static bool die_at(int n, void (*body)(struct shm_slot *), struct shm_slot *s)
{
	bool has_died = true;

	steps_left = n;
	if (setjmp(death) == 0) {
		body(s);
		has_died = false;
	}
	steps_left = -1;
	return has_died;
}

static void serve_ok(struct shm_slot *s)
{
	serve(s, SHM_ok);
}

static void reap(struct shm_slot *s)
{
	shm_slot_reap(s, 9);
}

/*
 * What must hold after a death and the reaper: the earlier request stands untouched; this
 * one is booked once with its outcome, or not at all when it had not begun.
 */
static void check_books(const struct shm_slot *s, int n, int m)
{
	uint64_t requests = count(s, SHM_requests);

	ck_assert_msg(requests == 1 || requests == 2, "death %d, %d: %d requests", n, m,
		      (int)requests);
	ck_assert_msg(outcomes(s) == requests, "death %d, %d: %d outcomes of %d requests",
		      n, m, (int)outcomes(s), (int)requests);
	ck_assert_uint_eq(count(s, SHM_client_errors), 1);
	ck_assert_msg(count(s, SHM_output_tokens) == TOKENS ||
			      count(s, SHM_output_tokens) == 2 * TOKENS,
		      "death %d, %d: %d tokens", n, m, (int)count(s, SHM_output_tokens));
	if (count(s, SHM_ok) == 1) {
		ck_assert_uint_eq(count(s, SHM_output_tokens), 2 * TOKENS);
		ck_assert_uint_eq(count(s, SHM_reasoning_tokens), 2 * REASONING);
	}
	ck_assert_uint_eq(atomic_load(&s->stage), SHM_NONE);
	ck_assert_uint_eq(atomic_load(&s->state), SHM_FREE);
	ck_assert_int_eq(atomic_load(&s->pid), 0);
}

static struct shm_slot *fresh(void)
{
	static struct shm_slot s;

	memset(&s, 0, sizeof(s));
	shm_slot_take(&s, SHM_WORKER, 42, 1);
	serve(&s, SHM_client_errors);
	return &s;
}

START_TEST(a_worker_that_dies_at_any_store_costs_no_count)
{
	uint64_t seen = 1;
	int n = 0;

	for (;; n++) {
		struct shm_slot *s = fresh();
		bool has_died = die_at(n, serve_ok, s);

		reap(s);
		check_books(s, n, -1);
		ck_assert_uint_ge(count(s, SHM_requests),
				  seen); /* it only comes in once */
		seen = count(s, SHM_requests);
		if (!has_died)
			break;
	}
	ck_assert_int_gt(n, 3 * SHM_COUNTER_COUNT);
	ck_assert_uint_eq(seen, 2);
}
END_TEST

START_TEST(a_reaper_that_dies_at_any_store_is_finished_by_the_next)
{
	bool is_last = false;

	for (int n = 0; !is_last; n++)
		for (int m = 0;; m++) {
			struct shm_slot *s = fresh();
			bool has_died;

			is_last = !die_at(n, serve_ok, s);
			has_died = die_at(m, reap, s);
			reap(s);
			check_books(s, n, m);
			if (!has_died)
				break;
		}
}
END_TEST

START_TEST(a_request_is_booked_once_however_often_it_is_asked)
{
	struct shm_slot *s = fresh();

	serve(s, SHM_ok);
	shm_slot_book(s, SHM_aborted);
	shm_slot_count(s, SHM_overloaded, 3);
	ck_assert_uint_eq(count(s, SHM_requests), 2);
	ck_assert_uint_eq(count(s, SHM_aborted), 0);
	ck_assert_uint_eq(count(s, SHM_overloaded), 3);
}
END_TEST

START_TEST(a_killed_worker_leaves_an_aborted_request_with_its_tokens)
{
	struct shm_slot *s = fresh();

	shm_slot_begin(s, "req_2", 3);
	shm_slot_pending(s, SHM_output_tokens, 17);
	reap(s);
	ck_assert_uint_eq(count(s, SHM_aborted), 1);
	ck_assert_uint_eq(count(s, SHM_output_tokens), TOKENS + 17);
	ck_assert_str_eq(s->request_id, "");
}
END_TEST

START_TEST(nonsense_in_a_slot_is_reaped_too)
{
	struct shm_slot *s = fresh();

	memset(s, 0xff, sizeof(*s));
	reap(s);
	ck_assert_uint_eq(atomic_load(&s->stage), SHM_NONE);
	ck_assert_uint_eq(atomic_load(&s->state), SHM_FREE);
}
END_TEST

START_TEST(texts_are_cut_to_fit)
{
	struct shm_slot *s = fresh();
	char text[SHM_TEXT_MAX * 2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	shm_slot_begin(s, text, 1);
	shm_slot_model(s, text, sizeof(text) - 1);
	shm_slot_last_words(s, text);
	ck_assert_uint_eq(strlen(s->request_id), SHM_TEXT_MAX - 1);
	ck_assert_uint_eq(strlen(s->model), SHM_TEXT_MAX - 1);
	ck_assert_uint_eq(strlen(s->last_words), SHM_TEXT_MAX - 1);
}
END_TEST

START_TEST(a_new_process_in_a_slot_keeps_the_counts)
{
	struct shm_slot *s = fresh();

	reap(s);
	shm_slot_take(s, SHM_WORKER, 43, 20);
	ck_assert_int_eq(atomic_load(&s->pid), 43);
	ck_assert_uint_eq(atomic_load(&s->generation), 2);
	ck_assert_uint_eq(atomic_load(&s->state), SHM_STARTING);
	ck_assert_uint_eq(count(s, SHM_requests), 1);
	ck_assert_str_eq(s->last_words, "");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_slot");
	TCase *tcase = tcase_create("books");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_worker_that_dies_at_any_store_costs_no_count);
	tcase_add_test(tcase, a_reaper_that_dies_at_any_store_is_finished_by_the_next);
	tcase_add_test(tcase, a_request_is_booked_once_however_often_it_is_asked);
	tcase_add_test(tcase, a_killed_worker_leaves_an_aborted_request_with_its_tokens);
	tcase_add_test(tcase, nonsense_in_a_slot_is_reaped_too);
	tcase_add_test(tcase, texts_are_cut_to_fit);
	tcase_add_test(tcase, a_new_process_in_a_slot_keeps_the_counts);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
