/* SPDX-License-Identifier: MIT */
/* Slow, silent and strange clients: none of them reaches a worker before its time. */
#include "config.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/house.h"
#include "tests/unit/unit.h"
#include "worker/clock.h"
#include "worker/gate_head.h"
#include "worker/http.h"

static const struct head_case {
	const char *name;
	struct str in;
	bool out;
} head_cases[] = {
	{ "nothing", { "", 0 }, false },
	{ "a method", { "GET", 3 }, false },
	{ "a line", { "GET / HTTP/1.1\r\n", 16 }, false },
	{ "almost", { "GET / HTTP/1.1\r\n\r", 17 }, false },
	{ "no field", { "GET / HTTP/1.1\r\n\r\n", 18 }, true },
	{ "a field", { "GET / HTTP/1.1\r\nA: b\r\n\r\n", 24 }, true },
	{ "a body behind", { "POST / HTTP/1.1\r\n\r\n{", 20 }, true },
	{ "empty lines in front", { "\r\n\r\nGET / HTTP/1.1\r\n", 20 }, false },
	{ "empty lines only", { "\r\n\r\n\r\n", 6 }, false },
	{ "empty lines and all", { "\r\nGET / HTTP/1.1\r\n\r\n", 20 }, true },
	{ "bare LF", { "GET / HTTP/1.1\n\n", 16 }, true },
	{ "TLS", { "\x16\x03\x01", 3 }, true },
	{ "lower case", { "get", 3 }, true },
	{ "NUL", { "\0", 1 }, true },
	{ "a high byte", { "\xff", 1 }, true },
};

START_TEST(a_head_is_whole_or_hopeless)
{
	for (size_t i = 0; i < sizeof(head_cases) / sizeof(head_cases[0]); i++)
		ck_assert_msg(gate_head_is_whole(head_cases[i].in) == head_cases[i].out,
			      "%s", head_cases[i].name);
}
END_TEST

START_TEST(half_a_head_waits_and_goes_on)
{
	int client;

	house_start_gate();
	house_start_workers(1);
	client = house_call("GET / HT", 8);
	house_serve(1, house_call_whole());
	ck_assert_int_eq(send(client, &HEAD[8], strlen(HEAD) - 8, 0), strlen(HEAD) - 8);
	house_serve(1, client);
}
END_TEST

START_TEST(half_a_head_expires_with_408)
{
	int client;
	int64_t begin;

	env.settings.head_timeout_ms = 300;
	house_start_gate();
	house_start_workers(1);
	begin = clock_ms();
	client = house_call("GET / HT", 8);
	house_check_too_slow(client, SOON_MS);
	ck_assert_int_ge(clock_ms() - begin, 290);
	ck_assert_int_le(clock_ms() - begin, 1000);
	ck_assert(!house_await(workers[1].fd, POLLIN, 0));
}
END_TEST

/* The deadline is the accept's: bytes do not move it. */
START_TEST(a_byte_now_and_then_does_not_help)
{
	int64_t begin = clock_ms();
	int client;

	env.settings.head_timeout_ms = 300;
	house_start_gate();
	house_start_workers(1);
	client = house_call("GET /", 5);
	while (!house_await(client, POLLIN, 20)) {
		ck_assert_int_lt(clock_ms() - begin, SOON_MS);
		ck_assert_int_eq(send(client, "a", 1, MSG_NOSIGNAL), 1);
	}
	house_check_too_slow(client, SOON_MS);
	ck_assert_int_le(clock_ms() - begin, 1500);
}
END_TEST

START_TEST(a_head_in_too_many_pieces_ends)
{
	int client, sent = 0;

	house_start_gate();
	house_start_workers(1);
	client = house_call("GET /", 5);
	while (!house_await(client, POLLIN, 1) && sent++ < 5000)
		ck_assert_int_eq(send(client, "a", 1, MSG_NOSIGNAL), 1);
	house_check_too_slow(client, SOON_MS);
	ck_assert_int_ge(sent, 200); /* an honest client's head has fewer */
}
END_TEST

START_TEST(a_silent_client_is_closed_without_a_word)
{
	int client;

	env.settings.head_timeout_ms = 300;
	house_start_gate();
	house_start_workers(1);
	client = house_call("", 0);
	ck_assert_str_eq(house_read(client, SOON_MS), "");
	(void)close(client);
}
END_TEST

START_TEST(who_leaves_with_half_a_head_is_closed)
{
	int client;

	house_start_gate();
	house_start_workers(1);
	client = house_call("GET / HT", 8);
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	ck_assert(house_await(client, POLLIN, SOON_MS)); /* long before NEVER_MS */
	(void)close(client);
	house_serve(1, house_call_whole());
}
END_TEST

/* A worker answers these without reading on. */
START_TEST(a_hopeless_head_is_handed_over)
{
	static const struct str heads[] = { { "\x16\x03\x01", 3 },
					    { "GET / HTTP/1.1\nHost: a\n\n", 24 } };

	house_start_gate();
	house_start_workers(1);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int client = house_call(heads[i].ptr, heads[i].len);

		(void)close(house_hear(1, HANDOVER_CONNECTION));
		house_say(1, HANDOVER_TAKEN);
		house_say(1, HANDOVER_IDLE);
		(void)close(client);
	}
}
END_TEST

START_TEST(a_head_without_an_end_is_handed_over)
{
	static char text[HTTP_HEAD_MAX + 1024];
	int client;

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	house_start_gate();
	house_start_workers(1);
	client = house_call(text, sizeof(text));
	ck_assert_int_ge(house_hear(1, HANDOVER_CONNECTION), 0);
	(void)close(client);
}
END_TEST

START_TEST(the_oldest_goes_when_too_many_wait)
{
	int clients[4];

	env.settings.waiting_max = 3;
	house_start_gate();
	house_start_workers(1);
	for (int i = 0; i < 4; i++)
		clients[i] = house_call("", 0);
	ck_assert_str_eq(house_read(clients[0], SOON_MS), "");
	ck_assert_int_eq(send(clients[3], HEAD, strlen(HEAD), 0), strlen(HEAD));
	house_serve(1, clients[3]);
	for (int i = 1; i < 3; i++) {
		ck_assert(!house_await(clients[i], POLLIN, 0));
		ck_assert_int_eq(send(clients[i], HEAD, strlen(HEAD), 0), strlen(HEAD));
		house_serve(1, clients[i]);
	}
}
END_TEST

START_TEST(two_thousand_silent_ones_hinder_nobody)
{
	enum { SILENT = 2000 };
	static int silent[SILENT];
	struct rlimit files;
	int64_t begin;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_msg(files.rlim_cur >= SILENT + 200, "ulimit -n is too low for this");
	house_start_gate();
	house_start_workers(1);
	for (int i = 0; i < SILENT; i++)
		silent[i] = house_call("GET / HT", i % 2 ? 8 : 0);
	begin = clock_ms();
	house_serve(1, house_call_whole());
	ck_assert_int_lt(clock_ms() - begin, 1000);
	for (int i = 0; i < SILENT; i++)
		(void)close(silent[i]);
}
END_TEST

/* A worker has to be reachable although clients have all the descriptors they may. */
START_TEST(descriptors_for_workers_are_kept_back)
{
	enum { SILENT = 200 };
	int silent[SILENT];
	struct rlimit files;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = 150;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	house_start_gate(); /* it inherits the limit */
	files.rlim_cur = files.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 0; i < SILENT; i++)
		silent[i] = house_call("", 0);
	house_start_workers(WORKERS);
	house_serve(WORKERS, house_call_whole());
	ck_assert_str_eq(house_read(silent[0], SOON_MS), "");
	ck_assert(!house_await(silent[SILENT - 1], POLLIN, 0));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/gate, slow clients");
	TCase *c = tcase_create("gate");

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, house_open, house_close);
	tcase_add_test(c, a_head_is_whole_or_hopeless);
	tcase_add_test(c, half_a_head_waits_and_goes_on);
	tcase_add_test(c, half_a_head_expires_with_408);
	tcase_add_test(c, a_byte_now_and_then_does_not_help);
	tcase_add_test(c, a_head_in_too_many_pieces_ends);
	tcase_add_test(c, a_silent_client_is_closed_without_a_word);
	tcase_add_test(c, who_leaves_with_half_a_head_is_closed);
	tcase_add_test(c, a_hopeless_head_is_handed_over);
	tcase_add_test(c, a_head_without_an_end_is_handed_over);
	tcase_add_test(c, the_oldest_goes_when_too_many_wait);
	tcase_add_test(c, two_thousand_silent_ones_hinder_nobody);
	tcase_add_test(c, descriptors_for_workers_are_kept_back);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
