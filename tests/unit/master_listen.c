/* SPDX-License-Identifier: MIT */
/* Listening sockets: what they are, and what is said when one can't be had. */
#include "config.h"

#include "master/listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct conf_listen at(const char *address, int port)
{
	return (struct conf_listen){ str_of(address), port };
}

static int port_in(const char *name)
{
	const char *colon = strrchr(name, ':');
	uint64_t port = 0;

	ck_assert_ptr_nonnull(colon);
	ck_assert_int_eq(str_to_u64(str_of(colon + 1), 65535, &port), 0);
	return (int)port;
}

START_TEST(a_listener_neither_blocks_nor_crosses_an_exec)
{
	struct conf_listen where = at("localhost", 0);
	char why[256], name[LISTEN_TEXT];
	int fd = listen_open(&where, why);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	listen_name(fd, name);
	ck_assert_int_eq(strncmp(name, "127.0.0.1:", 10), 0);
	ck_assert_int_gt(port_in(name), 0);
	(void)close(fd);
}
END_TEST

START_TEST(a_port_in_use_is_told_with_what_to_do)
{
	struct conf_listen where = at("127.0.0.1", 0);
	char why[256] = "", name[LISTEN_TEXT];
	int first = listen_open(&where, why);

	listen_name(first, name);
	where.port = port_in(name);
	ck_assert_int_eq(listen_open(&where, why), -1);
	ck_assert_ptr_nonnull(strstr(why, name));
	ck_assert_ptr_nonnull(strstr(why, "another program"));
	ck_assert_ptr_nonnull(strstr(why, "PROXY_PORT"));
	(void)close(first);
}
END_TEST

START_TEST(a_port_is_free_again_at_once)
{
	struct conf_listen where = at("127.0.0.1", 0);
	char why[256], name[LISTEN_TEXT];
	int fd = listen_open(&where, why);

	listen_name(fd, name);
	where.port = port_in(name);
	(void)close(fd);
	fd = listen_open(&where, why);
	ck_assert_msg(fd >= 0, "%s", why);
	(void)close(fd);
}
END_TEST

START_TEST(ipv4_and_ipv6_share_a_port)
{
	struct conf_listen v6 = at("::1", 0), v4 = at("127.0.0.1", 0);
	char why[256] = "", name[LISTEN_TEXT];
	int a = listen_open(&v6, why), b;

	if (a < 0) {
		(void)printf("# no IPv6 here\n");
		return;
	}
	listen_name(a, name);
	ck_assert_int_eq(strncmp(name, "[::1]:", 6), 0);
	v4.port = port_in(name);
	b = listen_open(&v4, why);
	ck_assert_msg(b >= 0, "%s", why);
	(void)close(a);
	(void)close(b);
}
END_TEST

START_TEST(an_address_of_another_machine_is_told)
{
	struct conf_listen where = at("192.0.2.1", 0); /* RFC 5737: nobody's */
	char why[256] = "";

	ck_assert_int_eq(listen_open(&where, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "192.0.2.1"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("master_listen");
	TCase *tcase = tcase_create("listen");

	tcase_add_test(tcase, a_listener_neither_blocks_nor_crosses_an_exec);
	tcase_add_test(tcase, a_port_in_use_is_told_with_what_to_do);
	tcase_add_test(tcase, a_port_is_free_again_at_once);
	tcase_add_test(tcase, ipv4_and_ipv6_share_a_port);
	tcase_add_test(tcase, an_address_of_another_machine_is_told);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
