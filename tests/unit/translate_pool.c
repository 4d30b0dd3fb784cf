/* SPDX-License-Identifier: MIT */
/* The pool: zeroed aligned memory, copies, json roots and buffers that end with it. */
#include "config.h"

#include "translate/pool.h"

#include <stdalign.h>
#include <stdio.h>

#include "tests/unit/unit.h"
#include "translate/buf.h"

static bool is_zeroed(const unsigned char *memory, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (memory[i])
			return false;
	return true;
}

START_TEST(memory_is_zeroed_aligned_and_apart)
{
	struct pool p;
	pool_init(&p, NULL);
	unsigned char *last = NULL;
	size_t last_size = 0;
	for (int round = 0; round < 2; round++) {
		for (size_t size = 0; size < 9000; size += 1 + size / 3) {
			unsigned char *memory = pool_alloc(&p, size);
			ck_assert_ptr_nonnull(memory);
			ck_assert_uint_eq((uintptr_t)memory % alignof(max_align_t), 0);
			ck_assert(is_zeroed(memory, size));
			memset(memory, 0xa5, size);
			if (last)
				ck_assert(last_size == 0 || last[last_size - 1] == 0xa5);
			last = memory;
			last_size = size;
		}
		pool_release(&p); /* usable again */
		last = NULL;
	}
}
END_TEST

START_TEST(many_records_keep_their_contents)
{
	struct pool p;
	pool_init(&p, NULL);
	struct str copies[2000];
	char text[2000];
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < 2000; i++)
		copies[i] = pool_str(&p, (struct str){ text, i });
	for (size_t i = 0; i < 2000; i++) {
		ck_assert(str_eq(copies[i], (struct str){ text, i }));
		ck_assert_int_eq(copies[i].ptr[i], '\0');
	}
	pool_release(&p);
}
END_TEST

START_TEST(copies_and_formatted_text_end_with_nul)
{
	struct pool p;
	pool_init(&p, NULL);
	struct str s = pool_str(&p, (struct str){ NULL, 0 });
	ck_assert(s.len == 0 && s.ptr && s.ptr[0] == '\0');
	s = pool_strf(&p, "%s %d", "byte", 17);
	ck_assert(str_eq(s, STR("byte 17")));
	ck_assert_int_eq(s.ptr[s.len], '\0');
	s = pool_strf(&p, "%5000d", 1);
	ck_assert_uint_eq(s.len, 5000);
	int *numbers = pool_array(&p, 100, sizeof(int));
	ck_assert_int_eq(numbers[99], 0);
	pool_release(&p);
}
END_TEST

static int puts_seen;

static void on_delete(struct json_object *node, void *userdata)
{
	(void)node;
	(void)userdata;
	puts_seen++;
}

START_TEST(json_roots_are_put_once)
{
	struct pool p;
	pool_init(&p, NULL);
	struct json_object *roots[3];
	for (int i = 0; i < 3; i++) {
		roots[i] = json_object_new_object();
		json_object_set_userdata(roots[i], NULL, on_delete);
		pool_own_json(&p, roots[i]);
	}
	pool_own_json(&p, NULL);
	puts_seen = 0;
	pool_put_json(&p, roots[1]);
	ck_assert_int_eq(puts_seen, 1);
	pool_put_json(&p, roots[1]);
	pool_put_json(&p, NULL);
	ck_assert_int_eq(puts_seen, 1);
	pool_release(&p);
	ck_assert_int_eq(puts_seen, 3);
}
END_TEST

START_TEST(buffers_end_with_the_pool)
{
	struct pool p;
	pool_init(&p, NULL);
	struct buf *a = pool_buf(&p, 100), *b = pool_buf(&p, 3);
	buf_lit(a, "some text");
	buf_lit(b, "some text");
	ck_assert(!a->has_failed && b->has_failed);
	pool_release(
		&p); /* the leak checker of the sanitizer build looks after the rest */
	ck_assert_ptr_null(p.bufs);
}
END_TEST

static void leave(void)
{
	printf("# no memory\n");
	exit(7);
}

START_TEST(missing_memory_calls_the_handler)
{
	struct pool p;
	pool_init(&p, leave);
	if (_i == 0)
		(void)pool_array(&p, SIZE_MAX / 2, 3);
	else
		(void)pool_alloc(&p, SIZE_MAX - 8);
	ck_abort_msg("it came back");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");
	tcase_add_test(tcase, memory_is_zeroed_aligned_and_apart);
	tcase_add_test(tcase, many_records_keep_their_contents);
	tcase_add_test(tcase, copies_and_formatted_text_end_with_nul);
	tcase_add_test(tcase, json_roots_are_put_once);
	tcase_add_test(tcase, buffers_end_with_the_pool);
	tcase_add_loop_exit_test(tcase, missing_memory_calls_the_handler, 7, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
