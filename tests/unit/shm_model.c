/* SPDX-License-Identifier: MIT */
/* What is learnt of a model: found again, believed for a while, and corrected by. */
#include "config.h"

#include "shm/model.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct shm_model table[SHM_MODELS];

static void setup(void)
{
	memset(table, 0, sizeof(table));
}

static struct shm_model *find(const char *id)
{
	return shm_model_find(table, id, (unsigned)strlen(id));
}

START_TEST(an_id_has_one_row)
{
	struct shm_model *a = find("vendor/a"), *b = find("vendor/b");

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_eq(find("vendor/a"), a);
	ck_assert_str_eq(a->name, "vendor/a");
}
END_TEST

START_TEST(a_long_id_is_cut_for_readers_only)
{
	char id[300];

	memset(id, 'x', sizeof(id));
	ck_assert_ptr_ne(shm_model_find(table, id, 299), shm_model_find(table, id, 300));
	ck_assert_uint_eq(strlen(shm_model_find(table, id, 299)->name),
			  SHM_MODEL_NAME - 1);
}
END_TEST

START_TEST(a_full_table_remembers_nothing_more)
{
	char id[16];

	for (int i = 0; i < SHM_MODELS; i++) {
		(void)snprintf(id, sizeof(id), "m/%d", i);
		ck_assert_ptr_nonnull(find(id));
	}
	ck_assert_ptr_null(find("one/more"));
	ck_assert_ptr_nonnull(find("m/7"));
	shm_model_learn(NULL, 1, 5, 10);
	shm_model_compare(NULL, 1, 1);
	ck_assert_uint_eq(shm_model_refused(NULL, 10), 0);
	ck_assert_int_eq(shm_model_correct(NULL, 5), 5);
}
END_TEST

START_TEST(refusals_add_up_and_are_forgotten)
{
	struct shm_model *m = find("a");

	shm_model_learn(m, 1, 0, 1000);
	shm_model_learn(m, 4, 500, 2000);
	shm_model_learn(m, 0, 0, 3000);
	ck_assert_uint_eq(shm_model_refused(m, 3000), 5);
	ck_assert_int_eq(shm_model_max_output(m, 3000), 500);
	ck_assert_uint_eq(shm_model_refused(m, 3000 + SHM_FORGET_MS), 0);
	ck_assert_int_eq(shm_model_max_output(m, 3000 + SHM_FORGET_MS), 0);
	shm_model_learn(m, 8, 0, 3000 + SHM_FORGET_MS);
	ck_assert_uint_eq(shm_model_refused(m, 3001 + SHM_FORGET_MS), 8);
	ck_assert_int_eq(shm_model_max_output(m, 3001 + SHM_FORGET_MS), 0);
}
END_TEST

START_TEST(estimates_come_nearer)
{
	struct shm_model *m = find("a");

	ck_assert_int_eq(shm_model_correct(m, 1000), 1000);
	shm_model_compare(m, 1000, 1250);
	ck_assert_int_eq(shm_model_correct(m, 1000), 1250);
	shm_model_compare(m, 1000, 1750); /* the mean of both */
	ck_assert_int_eq(shm_model_correct(m, 1000), 1500);
	for (int i = 0; i < 100; i++)
		shm_model_compare(m, 1000, 1250);
	ck_assert_int_ge(shm_model_correct(m, 1000), 1245);
	ck_assert_int_le(shm_model_correct(m, 1000), 1260);
}
END_TEST

START_TEST(nonsense_is_not_believed)
{
	struct shm_model *m = find("a");

	shm_model_compare(m, 0, 5);
	shm_model_compare(m, 5, 0);
	shm_model_compare(m, 1, INT64_MAX);
	shm_model_compare(m, 1000, 4001);
	shm_model_compare(m, 1000, 249);
	ck_assert_int_eq(shm_model_correct(m, 1000), 1000);
	atomic_store(&m->token_ratio, 1); /* as a mad process might */
	ck_assert_int_eq(shm_model_correct(m, 1000), 1000);
	shm_model_compare(m, 4, 1);
	atomic_store(&m->token_ratio, SHM_RATIO_ONE / 4);
	ck_assert_int_eq(shm_model_correct(m, 1), 1);
	ck_assert_int_eq(shm_model_correct(m, INT64_MAX), INT64_MAX);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("shm_model");
	TCase *t = tcase_create("model");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, an_id_has_one_row);
	tcase_add_test(t, a_long_id_is_cut_for_readers_only);
	tcase_add_test(t, a_full_table_remembers_nothing_more);
	tcase_add_test(t, refusals_add_up_and_are_forgotten);
	tcase_add_test(t, estimates_come_nearer);
	tcase_add_test(t, nonsense_is_not_believed);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
