/* SPDX-License-Identifier: MIT */
/*
 * Where a request ends, and which requests have no safe end.  The refused ones are the
 * usual probes for request smuggling: two programs in a row must never cut a message
 * differently.
 */
#include "config.h"

#include "worker/http.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define POST "POST /v1/messages HTTP/1.1\r\nHost: a\r\n"

struct probe {
	const char *name;
	const char *text;
	int status; /* 0: accepted */
	const char *body;
};

static const struct probe accepted[] = {
	{ "a plain POST", POST "Content-Length: 2\r\n\r\n{}", 0, "{}" },
	{ "a GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, "" },
	{ "HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0, "" },
	{ "chunks",
	  POST "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 0,
	  "{}" },
	{ "chunks in capitals",
	  POST "Transfer-Encoding: CHUNKED\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 0, "{}" },
	{ "a chunk extension",
	  POST "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", 0, "{}" },
	{ "a trailer",
	  POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n", 0,
	  "{}" },
	{ "a length of zero", POST "Content-Length: 0\r\n\r\n", 0, "" },
	{ "an empty field", POST "X-Empty:\r\nContent-Length: 1\r\n\r\nx", 0, "x" },
	{ "100-continue", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 0,
	  "x" },
	{ "identity content",
	  POST "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", 0, "x" },
	{ "what follows is another's",
	  POST "Content-Length: 1\r\n\r\nxGET / HTTP/1.1\r\n\r\n", 0, "x" },
};

static const struct probe refused[] = {
	{ "length and coding",
	  POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
	  NULL },
	{ "coding and length",
	  POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400,
	  NULL },
	{ "two lengths", POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
	  NULL },
	{ "two equal lengths", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
	  400, NULL },
	{ "a list of lengths", POST "Content-Length: 1, 1\r\n\r\na", 400, NULL },
	{ "a signed length", POST "Content-Length: +1\r\n\r\na", 400, NULL },
	{ "a negative length", POST "Content-Length: -1\r\n\r\na", 400, NULL },
	{ "a hexadecimal length", POST "Content-Length: 0x1\r\n\r\na", 400, NULL },
	{ "a length above 64 bits", POST "Content-Length: 18446744073709551617\r\n\r\na",
	  400, NULL },
	{ "an empty length", POST "Content-Length:\r\n\r\n", 400, NULL },
	{ "a folded length", POST "Content-Length:\r\n 1\r\n\r\na", 400, NULL },
	{ "blank before the colon", POST "Content-Length : 1\r\n\r\na", 400, NULL },
	{ "a coding of its own", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400,
	  NULL },
	{ "chunked, not last", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
	  400, NULL },
	{ "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400,
	  NULL },
	{ "chunked twice",
	  POST
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400, NULL },
	{ "identity coding", POST "Transfer-Encoding: identity\r\n\r\n", 400, NULL },
	{ "chunked in 1.0",
	  "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL },
	{ "a bare CR", POST "A: b\rContent-Length: 1\r\n\r\na", 400, NULL },
	{ "a bare LF", "POST / HTTP/1.1\nHost: a\n\n", 400, NULL },
	{ "a folded field", POST "A: b\r\n c\r\nContent-Length: 1\r\n\r\na", 400, NULL },
	{ "a bare LF behind a chunk size",
	  POST "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400, NULL },
	{ "0x in a chunk size",
	  POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400, NULL },
	{ "a chunk size above 64 bits",
	  POST "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n",
	  400, NULL },
	{ "no CRLF behind a chunk",
	  POST "Transfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n", 400, NULL },
	{ "no Host in 1.1", "GET / HTTP/1.1\r\n\r\n", 400, NULL },
	{ "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, NULL },
	{ "HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400, NULL },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400, NULL },
	{ "HTTP/0.9", "GET /\r\n\r\n", 400, NULL },
	{ "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, NULL },
	{ "TLS", "\x16\x03\x01\x02\x05\x01\x01\xfc\x03\x03", 400, NULL },
	{ "a method that is none", "FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL },
	{ "compressed content",
	  POST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415, NULL },
	{ "another expectation", POST "Expect: tea\r\nContent-Length: 1\r\n\r\na", 417,
	  NULL },
	{ "a body above the limit", POST "Content-Length: 70000\r\n\r\n", 413, NULL },
};

enum { BODY_MAX = 65536, STEP_WHOLE = 1 << 30 };

/*
 * Feeds text in steps of that many bytes, as conn.c does: body only when there is one.
 * Returns the status it would be answered with, 0 when the request is complete, -1 when
 * more is awaited.
 */
static int run(const char *text, size_t len, size_t step, struct buf *body)
{
	struct http h;
	size_t at = 0;
	enum http_state state = HTTP_NEED_MORE;

	http_init(&h, body, BODY_MAX);
	while (at < len && state == HTTP_NEED_MORE) {
		size_t used, n = len - at < step ? len - at : step;

		state = http_feed(&h, text + at, n, &used);
		at += used;
		if (state == HTTP_HEAD_DONE) {
			if (h.content_length > BODY_MAX)
				return an_errors[AN_TOO_LARGE].status;
			if (!h.is_chunked && h.content_length == 0)
				return 0;
			state = HTTP_NEED_MORE;
		}
	}
	if (state == HTTP_REFUSED)
		return an_errors[h.problem].status;
	return state == HTTP_ALL_DONE ? 0 : -1;
}

static void check_probe(const struct probe *p, size_t len, size_t step)
{
	struct buf body;
	int status;

	buf_init(&body, BODY_MAX);
	status = run(p->text, len, step, &body);
	ck_assert_msg(status == p->status, "%s in steps of %zu: %d instead of %d",
		      p->name, step, status, p->status);
	if (p->body)
		ck_assert_msg(str_eq(buf_str(&body), str_of(p->body)), "%s: body '%.*s'",
			      p->name, (int)body.len, body.data);
	buf_release(&body);
}

START_TEST(legal_requests_are_accepted_however_they_are_cut)
{
	const struct probe *p = &accepted[_i];

	check_probe(p, strlen(p->text), STEP_WHOLE);
	for (size_t step = 1; step < 20; step++)
		check_probe(p, strlen(p->text), step);
}
END_TEST

START_TEST(doubtful_requests_are_refused_however_they_are_cut)
{
	const struct probe *p = &refused[_i];

	check_probe(p, strlen(p->text), STEP_WHOLE);
	for (size_t step = 1; step < 20; step++)
		check_probe(p, strlen(p->text), step);
}
END_TEST

START_TEST(a_nul_in_a_field_is_refused)
{
	static const char text[] = POST "A: b\0c\r\n\r\n";
	const struct probe p = { "NUL", text, 400, NULL };

	check_probe(&p, sizeof(text) - 1, STEP_WHOLE);
}
END_TEST

START_TEST(more_than_a_hundred_fields_are_refused)
{
	struct buf text, body;

	buf_init(&text, 1 << 20);
	buf_init(&body, 16);
	buf_lit(&text, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_addf(&text, "A%d: b\r\n", i);
	buf_lit(&text, "\r\n");
	ck_assert_int_eq(run(text.data, text.len, STEP_WHOLE, &body), 431);
	buf_release(&text);
}
END_TEST

START_TEST(a_head_above_64_kib_is_refused)
{
	struct buf text, body;

	buf_init(&text, 1 << 20);
	buf_init(&body, 16);
	buf_lit(&text, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
	for (int i = 0; i < HTTP_HEAD_MAX; i++)
		buf_addc(&text, 'a');
	buf_lit(&text, "\r\n\r\n");
	ck_assert_int_eq(run(text.data, text.len, STEP_WHOLE, &body), 431);
	ck_assert_int_eq(run(text.data, text.len, 1000, &body), 431);
	buf_release(&text);
}
END_TEST

START_TEST(fields_are_found_without_regard_to_case)
{
	static const char text[] =
		"GET /v1/models?limit=5 HTTP/1.1\r\nhOST: a\r\nX-Api-Key:  k \r\n\r\n";
	struct http h;
	struct buf body;
	size_t used;

	buf_init(&body, 16);
	http_init(&h, &body, 16);
	ck_assert_int_eq(http_feed(&h, text, sizeof(text) - 1, &used), HTTP_HEAD_DONE);
	ck_assert_uint_eq(used, sizeof(text) - 1);
	ck_assert(str_eq(http_field(&h, STR("x-api-key")), STR("k")));
	ck_assert(str_eq(http_field(&h, STR("host")), STR("a")));
	ck_assert_uint_eq(http_field(&h, STR("absent")).len, 0);
	ck_assert(str_eq(h.path, STR("/v1/models")));
	ck_assert(http_is_method(&h, HTTP_GET));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("worker_http");
	TCase *t = tcase_create("http");

	tcase_add_loop_test(t, legal_requests_are_accepted_however_they_are_cut, 0,
			    sizeof(accepted) / sizeof(accepted[0]));
	tcase_add_loop_test(t, doubtful_requests_are_refused_however_they_are_cut, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, a_nul_in_a_field_is_refused);
	tcase_add_test(t, more_than_a_hundred_fields_are_refused);
	tcase_add_test(t, a_head_above_64_kib_is_refused);
	tcase_add_test(t, fields_are_found_without_regard_to_case);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
