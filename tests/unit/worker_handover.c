/* SPDX-License-Identifier: MIT */
/* That messages and descriptors arrive whole, that ends are noticed, and that nothing
 * waits. */
#include "config.h"

#include "worker/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static int ends[2];

static void make_pair(void)
{
	ck_assert_int_eq(handover_pair(ends), 0);
}

static void close_pair(void)
{
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static int send_kind(enum handover_kind kind, uint32_t number, int fd)
{
	return handover_send(ends[0], (struct handover){ kind, number }, fd);
}

START_TEST(messages_arrive_one_by_one_in_order)
{
	static const struct handover sent[] = {
		{ HANDOVER_ASK, 0 },
		{ HANDOVER_IDLE, 4294967295u },
		{ HANDOVER_TAKEN, 7 },
	};
	size_t count = sizeof(sent) / sizeof(sent[0]);

	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(handover_send(ends[0], sent[i], -1), 0);
	for (size_t i = 0; i < count; i++) {
		struct handover got;
		int fd = 99;

		ck_assert_int_eq(handover_receive(ends[1], &got, &fd), 1);
		ck_assert_uint_eq(got.kind, sent[i].kind);
		ck_assert_uint_eq(got.number, sent[i].number);
		ck_assert_int_eq(fd, -1);
	}
}
END_TEST

START_TEST(a_descriptor_arrives_as_another_one_and_is_close_on_exec)
{
	struct handover got;
	int hole[2], fd = -1;
	char byte = 0;

	ck_assert_int_eq(pipe(hole), 0);
	ck_assert_int_eq(send_kind(HANDOVER_CONNECTION, 1, hole[1]), 0);
	(void)close(hole[1]); /* the one on its way keeps the pipe open */
	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(hole[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	(void)close(fd);
	ck_assert_int_eq(read(hole[0], &byte, 1), 0); /* it was the last one */
}
END_TEST

START_TEST(the_ends_are_close_on_exec)
{
	ck_assert_int_eq(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(nothing_there_is_said_at_once)
{
	struct handover got;
	int fd = -1;

	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(a_full_queue_is_said_at_once)
{
	int result = 0;

	for (int i = 0; i < 100000 && result == 0; i++)
		result = send_kind(HANDOVER_ASK, 1, -1);
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(words_are_heard_before_the_end_behind_them)
{
	struct handover got;
	int fd = -1;

	ck_assert_int_eq(send_kind(HANDOVER_TAKEN, 3, -1), 0);
	(void)close(ends[0]);
	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), 1);
	ck_assert_uint_eq(got.kind, HANDOVER_TAKEN);
	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), 0);
	ck_assert_int_eq(handover_send(ends[1], got, -1), -1);
	ck_assert_int_eq(errno, EPIPE); /* and no SIGPIPE */
}
END_TEST

START_TEST(a_message_of_another_size_is_refused_and_its_descriptor_closed)
{
	char text[32] = "neither eight bytes nor one";
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec piece = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &piece,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	struct handover got = { 0, 0 };
	int hole[2], fd = -1;
	char byte;

	ck_assert_int_eq(pipe(hole), 0);
	memcpy(CMSG_DATA(&control.head), &hole[1], sizeof(int));
	ck_assert_int_eq(sendmsg(ends[0], &m, 0), sizeof(text));
	(void)close(hole[1]);
	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), -1);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert_int_eq(fd, -1);
	ck_assert_uint_eq(got.kind, 0);
	ck_assert_int_eq(read(hole[0], &byte, 1), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/handover");
	TCase *c = tcase_create("messages");

	tcase_add_checked_fixture(c, make_pair, close_pair);
	tcase_add_test(c, messages_arrive_one_by_one_in_order);
	tcase_add_test(c, a_descriptor_arrives_as_another_one_and_is_close_on_exec);
	tcase_add_test(c, the_ends_are_close_on_exec);
	tcase_add_test(c, nothing_there_is_said_at_once);
	tcase_add_test(c, a_full_queue_is_said_at_once);
	tcase_add_test(c, words_are_heard_before_the_end_behind_them);
	tcase_add_test(c, a_message_of_another_size_is_refused_and_its_descriptor_closed);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
