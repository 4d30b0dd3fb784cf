/* SPDX-License-Identifier: MIT */
/* That no connection is lost with a worker, or with the gate's knowledge of them. */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/house.h"
#include "tests/unit/unit.h"
#include "worker/clock.h"

static void kill_worker(int slot)
{
	(void)close(workers[slot].fd);
}

START_TEST(a_worker_that_dies_with_a_connection_unread_does_not_lose_it)
{
	int client;

	house_start_gate();
	house_start_workers(2);
	client = house_call_whole();
	ck_assert(house_await(workers[2].fd, POLLIN, SOON_MS));
	kill_worker(2);
	house_serve(1, client);
}
END_TEST

START_TEST(a_worker_that_dies_before_taken_does_not_lose_it)
{
	int client, fd;

	house_start_gate();
	house_start_workers(2);
	client = house_call_whole();
	fd = house_hear(2, HANDOVER_CONNECTION);
	(void)close(fd);
	kill_worker(2);
	house_serve(1, client);
	house_serve(1, house_call_whole()); /* and is forgotten */
}
END_TEST

START_TEST(a_worker_that_dies_after_taken_ends_it)
{
	int client, fd;

	house_start_gate();
	house_start_workers(2);
	client = house_call_whole();
	fd = house_hear(2, HANDOVER_CONNECTION);
	house_check_head(fd, client, HEAD);
	house_say(2, HANDOVER_TAKEN);
	(void)close(fd);
	kill_worker(2);
	ck_assert_str_eq(house_read(client, SOON_MS), "");
	ck_assert(!house_await(workers[1].fd, POLLIN, 100));
	(void)close(client);
}
END_TEST

START_TEST(a_worker_that_cannot_take_it_has_the_client_told)
{
	int client;

	house_start_gate();
	house_start_workers(1);
	client = house_call_whole();
	(void)close(house_hear(1, HANDOVER_CONNECTION));
	house_say(1, HANDOVER_IDLE);
	house_check_overloaded(client, SOON_MS);
	house_serve(1, house_call_whole());
}
END_TEST

START_TEST(a_new_worker_is_waited_for)
{
	int client, fd;

	house_start_gate();
	house_start_workers(1);
	client = house_call_whole();
	fd = house_hear(1, HANDOVER_CONNECTION);
	(void)close(fd);
	kill_worker(1);
	house_start_worker(1);
	ck_assert(!house_await(client, POLLIN, 100)); /* neither answered nor closed */
	house_check_overloaded(house_call_whole(),
			       SOON_MS); /* one is on its way, not two */
	house_say(1, HANDOVER_IDLE);
	house_serve(1, client);
}
END_TEST

START_TEST(a_new_worker_is_waited_for_a_second_only)
{
	int64_t begin;
	int client;

	house_start_gate();
	house_start_workers(1);
	begin = clock_ms();
	client = house_call_whole();
	ck_assert(house_await(workers[1].fd, POLLIN, SOON_MS));
	kill_worker(1);
	house_check_overloaded(client, SOON_MS);
	ck_assert_int_ge(clock_ms() - begin, 900);
	ck_assert_int_le(clock_ms() - begin, 2000);
	house_check_overloaded(house_call_whole(), 500);
}
END_TEST

START_TEST(who_gives_up_waiting_is_forgotten)
{
	int first, second;

	house_start_gate();
	house_start_workers(1);
	first = house_call_whole();
	ck_assert(house_await(workers[1].fd, POLLIN, SOON_MS));
	kill_worker(1);
	house_start_worker(1);
	(void)close(first);
	/* There is hope for one; the second one's shows that the first is gone. */
	second = house_call_whole();
	if (house_await(second, POLLIN,
			200)) { /* the gate had not seen the first leave yet */
		house_check_overloaded(second, SOON_MS);
		second = house_call_whole();
	}
	house_say(1, HANDOVER_IDLE);
	house_serve(1, second);
}
END_TEST

START_TEST(workers_are_waited_for_at_the_start)
{
	int client;

	house_start_gate();
	client = house_call_whole();
	ck_assert(!house_await(client, POLLIN, 100)); /* not refused */
	house_start_worker(1);
	house_say(1, HANDOVER_IDLE);
	house_serve(1, client);
}
END_TEST

START_TEST(a_new_gate_asks)
{
	int client, fd;

	house_start_gate();
	house_start_workers(2);
	client = house_call_whole();
	fd = house_hear(2, HANDOVER_CONNECTION);
	house_check_head(fd, client, HEAD);
	house_say(2, HANDOVER_TAKEN);
	house_close(); /* the gate dies; worker 2 serves, worker 1 is idle */
	(void)close(control_fd);
	house_start_gate();
	for (int slot = 1; slot < 3; slot++)
		house_tell_gate(slot);
	house_hear(1, HANDOVER_ASK);
	house_say(1, HANDOVER_IDLE);
	house_serve(1, house_call_whole());
	ck_assert_int_eq(send(fd, "ok", 2, 0), 2);
	(void)close(fd);
	ck_assert_str_eq(house_read(client, SOON_MS), "ok");
	house_say(2, HANDOVER_IDLE); /* of the old gate's number */
	house_hear(2, HANDOVER_ASK);
	house_say(2, HANDOVER_IDLE);
	house_serve(2, house_call_whole());
}
END_TEST

START_TEST(a_replaced_worker_is_not_used_any_more)
{
	struct handover message;
	int old, fd = -1;

	house_start_gate();
	house_start_workers(1);
	old = workers[1].fd;
	house_start_worker(1);
	house_say(1, HANDOVER_IDLE);
	house_serve(1, house_call_whole());
	ck_assert_int_eq(handover_receive(old, &message, &fd), 0); /* its end */
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/gate, deaths");
	TCase *c = tcase_create("gate");

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, house_open, house_close);
	tcase_add_test(c, a_worker_that_dies_with_a_connection_unread_does_not_lose_it);
	tcase_add_test(c, a_worker_that_dies_before_taken_does_not_lose_it);
	tcase_add_test(c, a_worker_that_dies_after_taken_ends_it);
	tcase_add_test(c, a_worker_that_cannot_take_it_has_the_client_told);
	tcase_add_test(c, a_new_worker_is_waited_for);
	tcase_add_test(c, a_new_worker_is_waited_for_a_second_only);
	tcase_add_test(c, who_gives_up_waiting_is_forgotten);
	tcase_add_test(c, workers_are_waited_for_at_the_start);
	tcase_add_test(c, a_new_gate_asks);
	tcase_add_test(c, a_replaced_worker_is_not_used_any_more);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
