/* SPDX-License-Identifier: MIT */
/* The growing buffer: what goes in comes out, and the maximum holds. */
#include "config.h"

#include "translate/buf.h"

#include "tests/unit/unit.h"

#define ck_buf_is(b, literal) ck_assert(str_eq(buf_str(b), STR(literal)))

START_TEST(writers_append)
{
	struct buf b;
	buf_init(&b, 1000);
	ck_assert_uint_eq(buf_str(&b).len, 0);
	buf_add(&b, NULL, 0);
	buf_adds(&b, STR("ab"));
	buf_addc(&b, 'c');
	buf_lit(&b, "de");
	buf_addf(&b, "%d-%s", -7, "x");
	buf_addu(&b, 0);
	buf_addu(&b, UINT64_MAX);
	ck_buf_is(&b, "abcde-7-x018446744073709551615");
	ck_assert(!b.has_failed);
	buf_release(&b);
	ck_assert(!b.data && b.len == 0 && b.cap == 0 && b.max == 1000);
}
END_TEST

START_TEST(grows_far_beyond_the_first_allocation)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		buf_addc(&b, (char)('a' + i % 26));
	ck_assert_uint_eq(b.len, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		ck_assert(b.data[i] == 'a' + i % 26);
	ck_assert(!b.has_failed);
	buf_addc(&b, 'x');
	ck_assert(b.has_failed);
	ck_assert_uint_le(b.cap, 1 << 20);
	buf_release(&b);
}
END_TEST

START_TEST(what_does_not_fit_leaves_a_beginning_without_gaps)
{
	struct buf b;
	buf_init(&b, 5);
	buf_lit(&b, "abc");
	buf_lit(&b, "defg");
	ck_assert(b.has_failed);
	buf_lit(&b, "h");
	buf_addc(&b, 'i');
	buf_addf(&b, "%d", 1);
	ck_assert_ptr_null(buf_reserve(&b, 0));
	ck_buf_is(&b, "abc");
	buf_clear(&b);
	ck_assert(!b.has_failed);
	buf_lit(&b, "vwxyz");
	ck_assert(!b.has_failed);
	ck_buf_is(&b, "vwxyz");
	buf_release(&b);
}
END_TEST

START_TEST(formatted_text_fills_the_buffer_to_its_last_byte)
{
	char wide[301];
	memset(wide, 'w', 300);
	wide[300] = '\0';
	struct buf b;
	buf_init(&b, 303);
	buf_addf(&b, "%s%d", wide, 123);
	ck_assert(!b.has_failed);
	ck_assert_uint_eq(b.len, 303);
	ck_assert(memcmp(b.data + 299, "w123", 4) == 0);
	buf_cut(&b, 0);
	buf_addf(&b, "%s%d", wide, 1234);
	ck_assert(b.has_failed);
	ck_assert_uint_eq(b.len, 0);
	buf_release(&b);
	buf_init(&b, 3);
	buf_addf(&b, "%d", 123);
	ck_buf_is(&b, "123");
	buf_release(&b);
}
END_TEST

START_TEST(reserved_room_is_claimed_by_the_caller)
{
	struct buf b;
	buf_init(&b, 10);
	char *room = buf_reserve(&b, 10);
	ck_assert_ptr_nonnull(room);
	memcpy(room, "hello", 5);
	b.len += 5;
	ck_buf_is(&b, "hello");
	ck_assert_ptr_null(buf_reserve(&b, 6));
	ck_assert(b.has_failed);
	buf_clear(&b);
	ck_assert_ptr_nonnull(buf_reserve(&b, 0));
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	buf_release(&b);
}
END_TEST

START_TEST(cut_and_drop_shorten_at_either_end)
{
	struct buf b;
	buf_init(&b, 100);
	buf_drop(&b, 0);
	buf_lit(&b, "0123456789");
	buf_cut(&b, 8);
	buf_drop(&b, 3);
	ck_buf_is(&b, "34567");
	buf_drop(&b, 5);
	ck_assert_uint_eq(b.len, 0);
	buf_release(&b);
}
END_TEST

START_TEST(a_maximum_of_zero_takes_nothing)
{
	struct buf b;
	buf_init(&b, 0);
	ck_assert_ptr_nonnull(buf_reserve(&b, 0));
	ck_assert(!b.has_failed);
	buf_addc(&b, 'a');
	ck_assert(b.has_failed && b.len == 0);
	buf_release(&b);
}
END_TEST

START_TEST(a_maximum_near_the_end_of_numbers_does_not_overflow)
{
	struct buf b;
	buf_init(&b, SIZE_MAX);
	buf_lit(&b, "a");
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert(b.has_failed);
	ck_buf_is(&b, "a");
	buf_release(&b);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("buf");
	TCase *tcase = tcase_create("buf");
	tcase_add_test(tcase, writers_append);
	tcase_add_test(tcase, grows_far_beyond_the_first_allocation);
	tcase_add_test(tcase, what_does_not_fit_leaves_a_beginning_without_gaps);
	tcase_add_test(tcase, formatted_text_fills_the_buffer_to_its_last_byte);
	tcase_add_test(tcase, reserved_room_is_claimed_by_the_caller);
	tcase_add_test(tcase, cut_and_drop_shorten_at_either_end);
	tcase_add_test(tcase, a_maximum_of_zero_takes_nothing);
	tcase_add_test(tcase, a_maximum_near_the_end_of_numbers_does_not_overflow);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
