/* SPDX-License-Identifier: MIT */
/* The table of errors, and the body that a client reads. */
#include "config.h"

#include "translate/an_error.h"

#include "tests/unit/unit.h"

/* Anthropic API reference, "Errors"; the rest are HTTP statuses that only a proxy uses.
 */
static const struct {
	enum an_error_kind kind;
	int status;
	const char *type;
} rows[] = {
	{ AN_INVALID_REQUEST, 400, "invalid_request_error" },
	{ AN_AUTHENTICATION, 401, "authentication_error" },
	{ AN_BILLING, 402, "billing_error" },
	{ AN_PERMISSION, 403, "permission_error" },
	{ AN_NOT_FOUND, 404, "not_found_error" },
	{ AN_METHOD_NOT_ALLOWED, 405, "invalid_request_error" },
	{ AN_REQUEST_TIMEOUT, 408, "invalid_request_error" },
	{ AN_LENGTH_REQUIRED, 411, "invalid_request_error" },
	{ AN_TOO_LARGE, 413, "request_too_large" },
	{ AN_MEDIA_TYPE, 415, "invalid_request_error" },
	{ AN_EXPECTATION, 417, "invalid_request_error" },
	{ AN_HEAD_TOO_LARGE, 431, "invalid_request_error" },
	{ AN_RATE_LIMIT, 429, "rate_limit_error" },
	{ AN_SPENT, 429, "billing_error" },
	{ AN_API, 500, "api_error" },
	{ AN_NOT_SUPPORTED, 501, "not_supported" },
	{ AN_BAD_UPSTREAM, 502, "api_error" },
	{ AN_TIMEOUT, 504, "timeout_error" },
	{ AN_OVERLOADED, 529, "overloaded_error" },
};

START_TEST(each_kind_has_its_status_and_type)
{
	const struct an_error_info *info = &an_errors[rows[_i].kind];
	ck_assert_int_eq(info->status, rows[_i].status);
	ck_assert_str_eq(info->type, rows[_i].type);
	ck_assert_uint_gt(strlen(info->reason), 1);
}
END_TEST

START_TEST(the_table_above_is_complete)
{
	ck_assert_uint_eq(sizeof(rows) / sizeof(rows[0]), AN_ERROR_KINDS);
}
END_TEST

static const struct {
	const char *message, *request_id, *out;
} bodies[] = {
	{ "Slow down.", "req_1",
	  "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
	  "\"Slow down.\"},\"request_id\":\"req_1\"}" },
	{ "a \"quoted\"\nline", "",
	  "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
	  "\"a \\\"quoted\\\"\\nline\"}}" },
};

START_TEST(the_body_is_the_api_s_envelope)
{
	struct buf b;
	buf_init(&b, 4096);
	struct an_error e = { .kind = AN_RATE_LIMIT,
			      .message = str_of(bodies[_i].message) };
	an_error_body(&b, &e, str_of(bodies[_i].request_id));
	buf_addc(&b, '\0');
	ck_assert_str_eq(b.data, bodies[_i].out);
	buf_release(&b);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("an_error");
	TCase *t = tcase_create("errors");
	tcase_add_loop_test(t, each_kind_has_its_status_and_type, 0, AN_ERROR_KINDS);
	tcase_add_test(t, the_table_above_is_complete);
	tcase_add_loop_test(t, the_body_is_the_api_s_envelope, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
