/* SPDX-License-Identifier: MIT */
/* Event streams: the same events however the bytes are cut. */
#include "config.h"

#include "translate/sse.h"

#include <stdio.h>
#include <time.h>

#include "tests/unit/unit.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define T(literal)   (literal), sizeof(literal) - 1

/* Events are written down as name=data| one after the other. */
static int write_down(void *context, struct str name, struct str data)
{
	struct buf *seen = context;
	buf_adds(seen, name);
	buf_addc(seen, '=');
	buf_adds(seen, data);
	buf_addc(seen, '|');
	return 0;
}

static const struct {
	const char *name, *in;
	size_t len;
	const char *out;
} streams[] = {
	{ "nothing", T(""), "" },
	{ "one event", T("data: a\n\n"), "=a|" },
	{ "CRLF", T("data: a\r\n\r\ndata: b\r\n\r\n"), "=a|=b|" },
	{ "CR", T("data: a\r\rdata: b\r\r"), "=a|=b|" },
	{ "mixed ends", T("data: a\r\n\ndata: b\n\rdata: c\r\r\n"), "=a|=b|=c|" },
	{ "CR LF LF is two ends", T("data: a\r\n\n"), "=a|" },
	{ "no blank", T("data:a\n\n"), "=a|" },
	{ "one of two blanks is text", T("data:  a \n\n"), "= a |" },
	{ "tab is text", T("data:\ta\n\n"), "=\ta|" },
	{ "several lines", T("data: a\ndata:\ndata: c\n\n"), "=a\n\nc|" },
	{ "empty data", T("data:\n\ndata\n\n"), "=|=|" },
	{ "two empty lines of data", T("data\ndata\n\n"), "=\n|" },
	{ "comments", T(": hello\n\ndata: a\n:\n: x\ndata: b\n\n"), "=a\nb|" },
	{ "only comments", T(": keep-alive\n\n: keep-alive\n\n"), "" },
	{ "named", T("event: error\ndata: x\n\ndata: y\n\n"), "error=x|=y|" },
	{ "last name wins", T("event: a\nevent: b\ndata: x\n\n"), "b=x|" },
	{ "name without data is no event", T("event: a\n\ndata: x\n\n"), "=x|" },
	{ "an error without data is one", T("event: error\n: why\n\n"), "error=|" },
	{ "empty name", T("event: a\nevent\ndata: x\n\n"), "=x|" },
	{ "name behind data", T("data: x\nevent: late\n\n"), "late=x|" },
	{ "other fields", T("id: 7\nretry: 10\nfoo: bar\nfoo\ndata: x\n\n"), "=x|" },
	{ "blank before the field", T(" data: x\n\n"), "" },
	{ "capital field", T("Data: x\n\n"), "" },
	{ "longer field", T("database: x\n\n"), "" },
	{ "BOM",
	  T("\xef\xbb\xbf"
	    "data: a\n\n"),
	  "=a|" },
	{ "two BOMs",
	  T("\xef\xbb\xbf\xef\xbb\xbf"
	    "data: a\n\n"),
	  "" },
	{ "BOM later is text",
	  T("\n\xef\xbb\xbf"
	    "data: a\n\ndata: b\n\n"),
	  "=b|" },
	{ "BOM alone", T("\xef\xbb\xbf"), "" },
	{ "colons in data", T("data: a: b\n\n"), "=a: b|" },
	{ "empty lines", T("\n\n\r\n\rdata: a\n\n\n\n"), "=a|" },
	{ "no empty line at the end", T("data: a\n\ndata: b\n"), "=a|=b|" },
	{ "no end of line at the end", T("data: a\n\ndata: [DONE]"), "=a|=[DONE]|" },
	{ "CR at the end", T("data: a\r"), "=a|" },
	{ "name at the end", T("event: x"), "" },
	{ "NUL in data", T("data: a\0b\n\n"), "=a" },
	{ "UTF-8", T("data: \xe6\xbc\xa2\n\n"), "=\xe6\xbc\xa2|" },
	{ "not UTF-8", T("data: \xff\n\n"), "=\xff|" },
	{ "JSON", T("data: {\"a\": 1}\n\ndata: [DONE]\n\n"), "={\"a\": 1}|=[DONE]|" },
};

static struct str expected(int i)
{
	/* the one text with a NUL can't stand in the table as a C string */
	if (strcmp(streams[i].name, "NUL in data") == 0)
		return STR("=a\0b|");
	return str_of(streams[i].out);
}

static void feed_copy(struct sse *s, const char *in, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, in, len);
	ck_assert_int_eq(sse_feed(s, copy, len), 0);
	memset(copy, '#', len);
	free(copy);
}

START_TEST(events_are_the_same_however_the_bytes_are_cut)
{
	const char *in = streams[_i].in;
	size_t len = streams[_i].len;
	struct buf seen;
	struct sse s;
	buf_init(&seen, 1000);
	sse_init(&s, write_down, &seen);
	for (size_t first = 0; first <= len; first++) {
		for (size_t second = first; second <= len; second++) {
			buf_clear(&seen);
			feed_copy(&s, in, first);
			feed_copy(&s, in + first, second - first);
			feed_copy(&s, in + second, len - second);
			ck_assert_int_eq(sse_end(&s), 0);
			ck_assert_msg(str_eq(buf_str(&seen), expected(_i)),
				      "%s cut at %zu and %zu: %.*s", streams[_i].name,
				      first, second, STR_ARG(buf_str(&seen)));
		}
	}
	buf_clear(&seen);
	for (size_t at = 0; at < len; at++)
		feed_copy(&s, in + at, 1);
	ck_assert_int_eq(sse_end(&s), 0);
	ck_assert(str_eq(buf_str(&seen), expected(_i)));
	sse_release(&s);
	buf_release(&seen);
}
END_TEST

START_TEST(long_names_are_cut)
{
	char in[300];
	struct buf seen;
	struct sse s;
	buf_init(&seen, 1000);
	sse_init(&s, write_down, &seen);
	int len = snprintf(in, sizeof(in), "event: %0100d\ndata: x\n\n", 7);
	ck_assert_int_eq(sse_feed(&s, in, (size_t)len), 0);
	ck_assert_uint_eq(seen.len, SSE_NAME_MAX + 3);
	sse_release(&s);
	buf_release(&seen);
}
END_TEST

static int stop_at_two(void *context, struct str name, struct str data)
{
	int *count = context;
	(void)name;
	(void)data;
	return ++*count == 2 ? 17 : 0;
}

START_TEST(the_callback_can_stop)
{
	int count = 0;
	struct sse s;
	sse_init(&s, stop_at_two, &count);
	ck_assert_int_eq(sse_feed(&s, T("data:1\n\ndata:2\n\ndata:3\n\n")), 17);
	ck_assert_int_eq(count, 2);
	sse_clear(&s);
	ck_assert_int_eq(sse_feed(&s, T("data:4\n\nda")), 0);
	ck_assert_int_eq(count, 3);
	sse_clear(&s);
	ck_assert_int_eq(sse_feed(&s, T("ta:5\n\ndata:6\n")), 0);
	count = 1;
	ck_assert_int_eq(sse_end(&s), 17);
	sse_release(&s);
}
END_TEST

static int take_length(void *context, struct str name, struct str data)
{
	(void)name;
	*(size_t *)context = data.len;
	return 0;
}

/* 0: one line at the limit; 1: one byte more; 2: the limit in two lines; 3: with one
 * more. */
START_TEST(events_end_at_the_limit)
{
	size_t seen = 0, len = SSE_EVENT_MAX + 100, size = SSE_EVENT_MAX + (_i == 1);
	size_t half = SSE_EVENT_MAX / 2;
	char *in = malloc(len);
	ck_assert_ptr_nonnull(in);
	memset(in, 'x', len);
	memcpy(in, "data: ", 6);
	if (_i >= 2) {
		memcpy(in + 6 + half, "\ndata: ", 7);
		size = SSE_EVENT_MAX + 6 + (_i == 3);
	}
	memcpy(in + 6 + size, "\n\n", 2);
	int want = _i == 0 || _i == 2 ? 0 : SSE_TOO_LONG;
	for (size_t piece = 8 + size; piece > 1 << 20; piece /= 3) {
		struct sse s;
		sse_init(&s, take_length, &seen);
		int result = 0;
		for (size_t at = 0; at < 8 + size && result == 0; at += piece)
			result = sse_feed(&s, in + at,
					  8 + size - at < piece ? 8 + size - at : piece);
		ck_assert_int_eq(result, want);
		ck_assert(result != 0 || seen == SSE_EVENT_MAX);
		sse_release(&s);
	}
	free(in);
}
END_TEST

static const struct {
	const char *unit;
	size_t piece;
} floods[] = {
	{ "\r", 8 << 20 }, { "\n", 8 << 20 },  { "a\r", 8 << 20 },
	{ ":\r\n", 7 },	   { "data\n", 4096 }, { "data:x\n\n", 16384 },
};

START_TEST(time_is_linear_in_the_bytes)
{
	size_t seen = 0, len = 0, unit = strlen(floods[_i].unit);
	char *in = malloc(8 << 20);
	ck_assert_ptr_nonnull(in);
	for (; len + unit <= 8 << 20; len += unit)
		memcpy(in + len, floods[_i].unit, unit);
	struct sse s;
	sse_init(&s, take_length, &seen);
	clock_t start = clock();
	for (size_t at = 0; at < len; at += floods[_i].piece)
		ck_assert_int_eq(sse_feed(&s, in + at,
					  len - at < floods[_i].piece ? len - at
								      : floods[_i].piece),
				 0);
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	ck_assert_msg(seconds < 4, "%.3f s", seconds);
	sse_release(&s);
	free(in);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sse");
	TCase *tcase = tcase_create("sse");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, events_are_the_same_however_the_bytes_are_cut, 0,
			    COUNT(streams));
	tcase_add_test(tcase, long_names_are_cut);
	tcase_add_test(tcase, the_callback_can_stop);
	tcase_add_loop_test(tcase, events_end_at_the_limit, 0, 4);
	tcase_add_loop_test(tcase, time_is_linear_in_the_bytes, 0, COUNT(floods));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
