/* SPDX-License-Identifier: MIT */
/* The segment: made whole, sealed, shared, and read with suspicion. */
#include "config.h"

#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct shm_segment seg;

static void setup(void)
{
	ck_assert_int_eq(shm_segment_make(&seg, 5, 1000, 77), 0);
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
	ck_assert_uint_eq(seg.header->slot_count, 5);
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
		shm_slot_begin(&seg.slots[3], "req_1", 81);
		shm_slot_book(&seg.slots[3], SHM_ok);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(atomic_load(&seg.slots[3].pid), pid);
	shm_slot_count(&seg.slots[0], SHM_overloaded, 4);
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

	shm_slot_count(&seg.slots[1], SHM_retries, 2);
	ck_assert_int_eq(shm_segment_open(&other, dup(seg.fd), &why), 0);
	ck_assert_uint_eq(other.slot_count, 5);
	ck_assert_uint_eq(atomic_load(&other.slots[1].counters[SHM_retries]), 2);
	shm_segment_close(&other);
}
END_TEST

static const struct {
	const char *name;
	size_t offset;
	uint32_t value;
} spoils[] = {
	{ "magic", offsetof(struct shm_header, magic), 0 },
	{ "version", offsetof(struct shm_header, version), SHM_VERSION + 1 },
	{ "header size", offsetof(struct shm_header, header_size), 128 },
	{ "slot size", offsetof(struct shm_header, slot_size), 64 },
	{ "no slot", offsetof(struct shm_header, slot_count), 0 },
	{ "one slot more than fits", offsetof(struct shm_header, slot_count), 6 },
	{ "many slots", offsetof(struct shm_header, slot_count), UINT32_MAX },
	{ "size", offsetof(struct shm_header, size), 64 },
};

START_TEST(a_spoilt_header_is_refused)
{
	struct shm_segment other;
	const char *why = NULL;

	memcpy((char *)seg.header + spoils[_i].offset, &spoils[_i].value,
	       sizeof(uint32_t));
	ck_assert_msg(shm_segment_open(&other, seg.fd, &why) == -1, "%s",
		      spoils[_i].name);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_short_or_foreign_file_is_refused)
{
	struct shm_segment other;
	const char *why = NULL;
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_eq(shm_segment_open(&other, fd, &why), -1);
	ck_assert_int_eq(write(fd, seg.header, sizeof(*seg.header)), sizeof(*seg.header));
	ck_assert_int_eq(shm_segment_open(&other, fd, &why), -1);
	ck_assert_int_eq(shm_segment_open(&other, -1, &why), -1);
	(void)close(fd);
}
END_TEST

START_TEST(a_count_of_slots_out_of_range_is_refused)
{
	struct shm_segment other;

	ck_assert_int_eq(shm_segment_make(&other, 0, 0, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(shm_segment_make(&other, SHM_SLOTS_MAX + 1, 0, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
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
	tcase_add_loop_test(tcase, a_spoilt_header_is_refused, 0,
			    (int)(sizeof(spoils) / sizeof(spoils[0])));
	tcase_add_test(tcase, a_short_or_foreign_file_is_refused);
	tcase_add_test(tcase, a_count_of_slots_out_of_range_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
