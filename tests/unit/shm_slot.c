/* SPDX-License-Identifier: MIT */
/* What a process says of itself, and what is left of it. */
#include "config.h"

#include <string.h>

#include "shm/slot.h"
#include "tests/unit/unit.h"

static struct shm_slot *fresh(void)
{
	static struct shm_slot s;

	memset(&s, 0, sizeof(s));
	shm_slot_take(&s, SHM_WORKER, 42, 1);
	return &s;
}

static uint64_t count(const struct shm_entry *e, enum shm_counter c)
{
	return atomic_load(&e->counters[c]);
}

START_TEST(a_killed_worker_leaves_an_aborted_request_with_its_tokens)
{
	struct shm_slot *s = fresh();
	struct shm_entry *e = shm_slot_begin(s, "req_2", 3);

	shm_entry_set(e, SHM_output_tokens, 17);
	shm_slot_reap(s, 9);
	ck_assert_uint_eq(atomic_load(&e->stage), SHM_DONE);
	ck_assert_uint_eq(count(e, SHM_aborted), 1);
	ck_assert_uint_eq(count(e, SHM_output_tokens), 17);
	ck_assert_str_eq(s->request_id, "");
	ck_assert_uint_eq(atomic_load(&s->state), SHM_FREE);
	ck_assert_int_eq(atomic_load(&s->pid), 0);
}
END_TEST

START_TEST(an_outcome_that_stood_already_is_kept)
{
	struct shm_slot *s = fresh();
	struct shm_entry *e = shm_slot_begin(s, "req_2", 3);

	shm_entry_set(e, SHM_ok, 1);
	shm_slot_reap(s, 9);
	ck_assert_uint_eq(count(e, SHM_ok), 1);
	ck_assert_uint_eq(count(e, SHM_aborted), 0);
}
END_TEST

START_TEST(a_worker_that_the_master_does_not_book_for_finds_no_entry)
{
	struct shm_slot *s = fresh();

	for (int i = 0; i < SHM_ENTRIES; i++) {
		struct shm_entry *e = shm_slot_begin(s, "req_2", 3);

		ck_assert_ptr_nonnull(e);
		shm_slot_end(s, e, SHM_ok);
	}
	ck_assert_uint_eq(shm_slot_unbooked(s), SHM_ENTRIES);
	ck_assert_ptr_null(shm_slot_begin(s, "req_2", 3));
}
END_TEST

START_TEST(nonsense_in_a_slot_is_reaped_too)
{
	struct shm_slot *s = fresh();

	memset(s, 0xff, sizeof(*s));
	shm_slot_reap(s, 9);
	ck_assert_uint_eq(atomic_load(&s->entries[0].stage), SHM_NONE);
	ck_assert_uint_eq(atomic_load(&s->state), SHM_FREE);
}
END_TEST

START_TEST(texts_are_cut_to_fit)
{
	struct shm_slot *s = fresh();
	char text[SHM_TEXT_MAX * 2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)shm_slot_begin(s, text, 1);
	shm_slot_model(s, text, sizeof(text) - 1);
	shm_slot_last_words(s, text);
	ck_assert_uint_eq(strlen(s->request_id), SHM_TEXT_MAX - 1);
	ck_assert_uint_eq(strlen(s->model), SHM_TEXT_MAX - 1);
	ck_assert_uint_eq(strlen(s->last_words), SHM_TEXT_MAX - 1);
}
END_TEST

START_TEST(a_new_process_in_a_slot_keeps_what_is_not_booked)
{
	struct shm_slot *s = fresh();

	shm_slot_end(s, shm_slot_begin(s, "req_2", 3), SHM_ok);
	shm_slot_reap(s, 9);
	shm_slot_take(s, SHM_WORKER, 43, 20);
	ck_assert_int_eq(atomic_load(&s->pid), 43);
	ck_assert_uint_eq(atomic_load(&s->generation), 2);
	ck_assert_uint_eq(atomic_load(&s->state), SHM_STARTING);
	ck_assert_uint_eq(shm_slot_unbooked(s), 1);
	ck_assert_str_eq(s->last_words, "");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_slot");
	TCase *tcase = tcase_create("slot");

	tcase_add_test(tcase, a_killed_worker_leaves_an_aborted_request_with_its_tokens);
	tcase_add_test(tcase, an_outcome_that_stood_already_is_kept);
	tcase_add_test(tcase, a_worker_that_the_master_does_not_book_for_finds_no_entry);
	tcase_add_test(tcase, nonsense_in_a_slot_is_reaped_too);
	tcase_add_test(tcase, texts_are_cut_to_fit);
	tcase_add_test(tcase, a_new_process_in_a_slot_keeps_what_is_not_booked);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
