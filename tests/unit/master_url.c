/* SPDX-License-Identifier: MIT */
/* What may stand as the upstream's URL, and as an address to listen on. */
#include "config.h"

#include "master/conf.h"
#include "tests/unit/unit.h"

static const char *const valid_urls[] = {
	"https://integrate.api.nvidia.com/v1",
	"https://host",
	"https://host:8443/a/b/",
	"HTTPS://host/v1",
	"https://[2001:db8::1]:443/v1",
	"https://10.0.0.1/v1",
	"http://127.0.0.1:8000/v1",
	"http://127.1.2.3/v1",
	"http://localhost:8000",
	"http://LOCALHOST/v1",
	"http://[::1]/v1",
	"http://[::1]:65535",
};

static const char *const invalid_urls[] = {
	"",
	"host",
	"//host/v1",
	"ftp://host/v1",
	"file:///etc/passwd",
	"https://",
	"https:///v1",
	"https://:443/v1",
	"https://host:/v1",
	"https://host:0/v1",
	"https://host:65536/v1",
	"https://host:44x/v1",
	"https://user@host/v1",
	"https://user:password@host/v1",
	"https://host/v1?a=b",
	"https://host/v1#a",
	"https://ho st/v1",
	"https://host/v1\r\nX: y",
	"https://h\xc3\xb6st/v1",
	"https://[::1/v1",
	"http://host/v1",
	"http://10.0.0.1/v1",
	"http://localhost.example.com/v1",
	"http://127.0.0.1.example.com/v1",
	"http://127.0.0.1@10.0.0.1/v1",
	"http://[::2]/v1",
	"http://[::ffff:10.0.0.1]/v1",
	"http://0.0.0.0/v1",
};

START_TEST(a_url_that_may_stand)
{
	const char *problem = conf_url_problem(str_of(valid_urls[_i]));

	ck_assert_msg(!problem, "%s: %s", valid_urls[_i], problem);
}
END_TEST

START_TEST(a_url_that_may_not_stand)
{
	ck_assert_msg(conf_url_problem(str_of(invalid_urls[_i])) != NULL, "%s: accepted",
		      invalid_urls[_i]);
}
END_TEST

static const struct {
	const char *address;
	bool is_valid, is_loopback;
} addresses[] = {
	{ "127.0.0.1", true, true },	{ "127.255.0.1", true, true },
	{ "::1", true, true },		{ "localhost", true, true },
	{ "0.0.0.0", true, false },	{ "::", true, false },
	{ "10.1.2.3", true, false },	{ "2001:db8::1", true, false },
	{ "", false, false },		{ "host", false, false },
	{ "127.0.0", false, false },	{ "127.0.0.1:80", false, false },
	{ "[::1]", false, false },	{ "128.0.0.1", true, false },
	{ "1270.0.0.1", false, false },
};

START_TEST(an_address_is_known_for_what_it_is)
{
	struct str address = str_of(addresses[_i].address);

	ck_assert_msg(!conf_address_problem(address) == addresses[_i].is_valid, "%s",
		      addresses[_i].address);
	ck_assert_msg(conf_address_is_loopback(address) == addresses[_i].is_loopback,
		      "%s", addresses[_i].address);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("master_url");
	TCase *tcase = tcase_create("url");

	tcase_add_loop_test(tcase, a_url_that_may_stand, 0,
			    (int)(sizeof(valid_urls) / sizeof(valid_urls[0])));
	tcase_add_loop_test(tcase, a_url_that_may_not_stand, 0,
			    (int)(sizeof(invalid_urls) / sizeof(invalid_urls[0])));
	tcase_add_loop_test(tcase, an_address_is_known_for_what_it_is, 0,
			    (int)(sizeof(addresses) / sizeof(addresses[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
