/* SPDX-License-Identifier: MIT */
/* The segment: made whole, sealed, shared, and read with suspicion. */
#include "config.h"

#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct shm_segment seg;

static void setup(void)
{
	static const struct shm_shape shape = { 5, 2, 3, 4 };

	ck_assert_int_eq(shm_segment_make(&seg, &shape, 1000, 77), 0);
}

static void teardown(void)
{
	shm_segment_close(&seg);
}

START_TEST(a_new_segment_says_what_it_is)
{
	struct stat st;

	ck_assert_int_eq(memcmp(seg.header->magic, SHM_MAGIC, 8), 0);
	ck_assert_uint_eq(seg.header->version, SHM_VERSION);
	ck_assert_uint_eq(seg.header->shape.slots, 5);
	ck_assert_int_eq(seg.header->start_wall_s, 1000);
	ck_assert_int_eq(seg.header->start_ms, 77);
	ck_assert_int_eq(fstat(seg.fd, &st), 0);
	ck_assert_uint_eq((size_t)st.st_size, seg.header->size);
	ck_assert_uint_eq((uintptr_t)seg.slots % 64, 0);
	ck_assert_int_ne(fcntl(seg.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(nobody_can_change_its_size)
{
	ck_assert_int_eq(ftruncate(seg.fd, 10), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(seg.fd, 1 << 20), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(a_child_and_its_parent_see_the_same)
{
	struct shm_delta totals;
	pid_t pid = fork();

	if (pid == 0) {
		shm_slot_take(&seg.slots[3], SHM_WORKER, getpid(), 80);
		shm_slot_end(&seg.slots[3], shm_slot_begin(&seg.slots[3], "req_1", 81),
			     SHM_ok);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(atomic_load(&seg.slots[3].pid), pid);
	atomic_store(&seg.slots[0].overloaded, 4);
	ck_assert_uint_eq(shm_books_fold(&seg.books, seg.slots, 3, 1000), 1);
	shm_segment_totals(&seg, &totals);
	ck_assert_uint_eq(totals.by[SHM_requests], 1);
	ck_assert_uint_eq(totals.by[SHM_ok], 1);
	ck_assert_uint_eq(totals.by[SHM_overloaded], 4);
}
END_TEST

START_TEST(a_reader_maps_what_it_did_not_make)
{
	struct shm_segment other;
	const char *why = NULL;

	atomic_store(&seg.slots[1].handled, 2);
	ck_assert_int_eq(shm_segment_open(&other, dup(seg.fd), false, &why), 0);
	ck_assert_uint_eq(other.shape.slots, 5);
	ck_assert_uint_eq(atomic_load(&other.slots[1].handled), 2);
	shm_segment_close(&other);
}
END_TEST

START_TEST(the_next_master_goes_on_with_it)
{
	struct shm_segment other;
	const char *why = NULL;

	ck_assert_int_eq(shm_segment_open(&other, dup(seg.fd), true, &why), 0);
	atomic_store(&other.slots[1].handled, 7);
	ck_assert_uint_eq(atomic_load(&seg.slots[1].handled), 7);
	shm_segment_close(&other);
}
END_TEST

/* Who holds a slot is the kernel's word, not the segment's. */
START_TEST(a_slot_is_held_until_its_process_ends)
{
	int ready[2], end[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready) | pipe(end), 0);
	ck_assert_int_eq(shm_segment_holder(&seg, 2), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(end[1]);
		(void)!write(ready[1], shm_segment_hold(&seg, 2) == 0 ? "y" : "n", 1);
		(void)!read(end[0], &byte, 1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
	ck_assert_int_eq(shm_segment_holder(&seg, 2), pid);
	ck_assert_int_eq(shm_segment_holder(&seg, 1), 0);
	ck_assert_int_eq(shm_segment_hold(&seg, 2), -1);
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(shm_segment_holder(&seg, 2), 0);
	(void)close(end[1]);
}
END_TEST

START_TEST(rows_keep_their_names)
{
	ck_assert_int_eq(shm_segment_lane(&seg, "a"), 0);
	ck_assert_int_eq(shm_segment_lane(&seg, "b"), 1);
	ck_assert_int_eq(shm_segment_lane(&seg, "a"), 0);
	ck_assert_int_eq(shm_segment_lane(&seg, "c"), -1);
	ck_assert_int_eq(shm_segment_person(&seg, ""), -1);
	ck_assert_int_eq(shm_segment_person(&seg, "ada"), 0);
	ck_assert_int_eq(shm_segment_pool(&seg, "all"), 2);
	ck_assert_uint_eq(atomic_load(&seg.groups[1].count), 1);
	ck_assert_uint_eq(atomic_load(&seg.groups[1].lanes[0]), 1);
}
END_TEST

static const struct {
	const char *name;
	size_t offset;
	uint32_t value;
} spoils[] = {
	{ "magic", offsetof(struct shm_header, magic), 0 },
	{ "version", offsetof(struct shm_header, version), SHM_VERSION + 1 },
	{ "layout", offsetof(struct shm_header, layout), 1 },
	{ "no slot", offsetof(struct shm_header, shape.slots), 0 },
	{ "more slots than fit", offsetof(struct shm_header, shape.slots), 9 },
	{ "many slots", offsetof(struct shm_header, shape.slots), UINT32_MAX },
	{ "no lane", offsetof(struct shm_header, shape.lanes), 0 },
	{ "many people", offsetof(struct shm_header, shape.people), UINT32_MAX },
	{ "fewer groups than lanes", offsetof(struct shm_header, shape.groups), 1 },
	{ "size", offsetof(struct shm_header, size), 64 },
};

START_TEST(a_spoilt_header_is_refused)
{
	struct shm_segment other;
	const char *why = NULL;

	memcpy((char *)seg.header + spoils[_i].offset, &spoils[_i].value,
	       sizeof(uint32_t));
	ck_assert_msg(shm_segment_open(&other, seg.fd, false, &why) == -1, "%s",
		      spoils[_i].name);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_short_or_foreign_file_is_refused)
{
	struct shm_segment other;
	const char *why = NULL;
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_eq(shm_segment_open(&other, fd, true, &why), -1);
	ck_assert_int_eq(write(fd, seg.header, sizeof(*seg.header)), sizeof(*seg.header));
	ck_assert_int_eq(shm_segment_open(&other, fd, true, &why), -1);
	ck_assert_int_eq(shm_segment_open(&other, -1, true, &why), -1);
	(void)close(fd);
}
END_TEST

START_TEST(a_shape_out_of_range_is_refused)
{
	static const struct shm_shape shapes[] = {
		{ 0, 1, 1, 1 },
		{ SHM_SLOTS_MAX + 1, 1, 1, 1 },
		{ 1, SHM_LANES_MAX + 1, 1, SHM_GROUPS_MAX },
		{ 1, 1, SHM_PERSONS_MAX + 1, 1 },
		{ 1, 2, 1, 1 },
	};
	struct shm_segment other;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		ck_assert_int_eq(shm_segment_make(&other, &shapes[i], 0, 0), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_segment");
	TCase *tcase = tcase_create("segment");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_new_segment_says_what_it_is);
	tcase_add_test(tcase, nobody_can_change_its_size);
	tcase_add_test(tcase, a_child_and_its_parent_see_the_same);
	tcase_add_test(tcase, a_reader_maps_what_it_did_not_make);
	tcase_add_test(tcase, the_next_master_goes_on_with_it);
	tcase_add_test(tcase, a_slot_is_held_until_its_process_ends);
	tcase_add_test(tcase, rows_keep_their_names);
	tcase_add_loop_test(tcase, a_spoilt_header_is_refused, 0,
			    (int)(sizeof(spoils) / sizeof(spoils[0])));
	tcase_add_test(tcase, a_short_or_foreign_file_is_refused);
	tcase_add_test(tcase, a_shape_out_of_range_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
