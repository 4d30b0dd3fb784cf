/* SPDX-License-Identifier: MIT */
/* To whom the gate hands a connection, what it says when nobody is there, and how it
 * ends. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/house.h"
#include "tests/unit/unit.h"
#include "worker/clock.h"
#include "worker/worker.h"

START_TEST(the_worker_used_last_gets_the_next_one)
{
	int client;

	house_start_gate();
	house_start_workers(WORKERS);
	for (int i = 0; i < 3; i++) /* the last to become idle, again and again */
		house_serve(3, house_call_whole());
	client = house_call_whole();
	ck_assert_int_ge(house_hear(3, HANDOVER_CONNECTION), 0); /* 3 is busy now */
	house_say(3, HANDOVER_TAKEN);
	house_serve(2, house_call_whole());
	house_serve(2, house_call_whole());
	house_say(3, HANDOVER_IDLE);
	house_serve(3, house_call_whole());
	(void)close(client);
}
END_TEST

/* However fast it was: its word stood in the socket before the client came. */
START_TEST(a_worker_that_has_said_it_is_idle_is_seen)
{
	house_start_gate();
	house_start_workers(1);
	for (int i = 0; i < 2000; i++)
		house_serve(1, house_call_whole());
}
END_TEST

/* A client can be back before the worker that served it has said that it is idle. */
START_TEST(a_worker_about_to_be_idle_is_waited_for)
{
	int client;

	house_start_gate();
	house_start_workers(0);
	client = house_call_whole();
	ck_assert(!house_await(client, POLLIN, 20)); /* not refused yet */
	house_say(1, HANDOVER_IDLE);
	house_serve(1, client);
}
END_TEST

START_TEST(nobody_idle_is_said_soon)
{
	house_start_gate();
	house_start_workers(0);
	for (int i = 0; i < 3; i++)
		house_check_overloaded(house_call_whole(), SOON_MS);
	ck_assert_uint_eq(segment.slots[0].overloaded, 3);
}
END_TEST

/* Closing with unread bytes would reset the connection and the answer with it. */
START_TEST(a_refused_client_may_send_on)
{
	static char body[1 << 20];
	int client;
	size_t sent = 0;

	house_start_gate();
	house_start_workers(0);
	client = house_call("POST / HTTP/1.1\r\n\r\n", 19);
	while (sent < sizeof(body)) {
		ssize_t n = send(client, body, sizeof(body) - sent, MSG_NOSIGNAL);

		ck_assert_msg(n > 0, "after %zu bytes: %s", sent, strerror(errno));
		sent += (size_t)n;
	}
	house_check_overloaded(client, SOON_MS);
	house_serve(1, (house_say(1, HANDOVER_IDLE), house_call_whole()));
}
END_TEST

START_TEST(who_sends_on_for_ever_is_cut_after_two_seconds)
{
	static char body[4096];
	int64_t begin;
	int client;

	house_start_gate();
	house_start_workers(0);
	client = house_call_whole();
	begin = clock_ms();
	while (send(client, body, sizeof(body), MSG_NOSIGNAL) > 0)
		ck_assert_int_lt(clock_ms() - begin, SOON_MS);
	ck_assert_int_ge(clock_ms() - begin, 1900);
	(void)close(client);
}
END_TEST

START_TEST(an_idle_of_before_is_not_believed)
{
	uint32_t before;
	int client;

	house_start_gate();
	house_start_workers(1);
	before = workers[1].number;
	client = house_call_whole();
	ck_assert_int_ge(house_hear(1, HANDOVER_CONNECTION), 0);
	house_say_number(1, HANDOVER_IDLE,
			 before); /* it crossed the connection on its way */
	house_say(1, HANDOVER_TAKEN);
	house_say_number(1, HANDOVER_IDLE, before);
	house_check_overloaded(house_call_whole(), SOON_MS);
	house_say(1, HANDOVER_IDLE);
	house_serve(1, house_call_whole());
	(void)close(client);
}
END_TEST

START_TEST(after_taken_the_connection_is_the_workers_alone)
{
	int client, fd;

	house_start_gate();
	house_start_workers(1);
	client = house_call_whole();
	fd = house_hear(1, HANDOVER_CONNECTION);
	house_say(1, HANDOVER_TAKEN);
	house_check_head(fd, client, HEAD);
	(void)close(fd);
	ck_assert_str_eq(house_read(client, SOON_MS), ""); /* nobody else holds it */
	(void)close(client);
}
END_TEST

START_TEST(it_retires_when_asked)
{
	int client;

	house_start_gate();
	house_start_workers(1);
	client = house_call("", 0);
	house_serve(1, house_call_whole()); /* it is there now */
	ck_assert_int_eq(kill(gate_pid, SIGTERM), 0);
	ck_assert_int_eq(house_end_of_gate(), WORKER_RETIRED);
	ck_assert_str_eq(house_read(client, SOON_MS), "");
}
END_TEST

START_TEST(it_leaves_with_the_master)
{
	house_start_gate();
	house_start_workers(1);
	(void)close(alive_fd);
	ck_assert_int_eq(house_end_of_gate(), WORKER_ORPHANED);
}
END_TEST

START_TEST(it_leaves_when_the_master_has_let_go_of_it)
{
	house_start_gate();
	house_start_workers(1);
	(void)close(control_fd);
	ck_assert_int_eq(house_end_of_gate(), WORKER_ORPHANED);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/gate");
	TCase *c = tcase_create("gate");

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, house_open, house_close);
	tcase_add_test(c, the_worker_used_last_gets_the_next_one);
	tcase_add_test(c, a_worker_that_has_said_it_is_idle_is_seen);
	tcase_add_test(c, a_worker_about_to_be_idle_is_waited_for);
	tcase_add_test(c, nobody_idle_is_said_soon);
	tcase_add_test(c, a_refused_client_may_send_on);
	tcase_add_test(c, who_sends_on_for_ever_is_cut_after_two_seconds);
	tcase_add_test(c, an_idle_of_before_is_not_believed);
	tcase_add_test(c, after_taken_the_connection_is_the_workers_alone);
	tcase_add_test(c, it_retires_when_asked);
	tcase_add_test(c, it_leaves_with_the_master);
	tcase_add_test(c, it_leaves_when_the_master_has_let_go_of_it);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
