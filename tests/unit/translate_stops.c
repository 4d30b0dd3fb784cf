/* SPDX-License-Identifier: MIT */
/* Stop sequences: found wherever the text is cut, nothing lost when there are none. */
#include "config.h"

#include "translate/stops.h"

#include "tests/unit/unit.h"

static const struct row {
	const char *stops[4];
	const char *text, *before;
	const char *matched; /* NULL: none */
} rows[] = {
	{ { "STOP" }, "one STOP two", "one ", "STOP" },
	{ { "STOP" }, "one STO two S", "one STO two S", NULL },
	{ { "STOP" }, "SSTSTOP", "SST", "STOP" },
	{ { "\n\nHuman:", "###" }, "a\n\nHuman b ### c", "a\n\nHuman b ", "###" },
	{ { "abcX", "b" }, "zabcX", "za", "b" }, /* it is complete first */
	{ { "abc", "ab" }, "zabc", "z", "ab" },
	{ { "aab" }, "aaab", "a", "aab" },
	{ { "ä" }, "xäy", "x", "ä" },
	{ { NULL }, "as it is", "as it is", NULL },
	{ { "x" }, "", "", NULL },
};

static struct buf out;

static void collect(void *context, struct str piece)
{
	(void)context;
	buf_adds(&out, piece);
}

static void feed_cut(const struct row *row, size_t cut, size_t step)
{
	struct str list[4];
	struct pool pool;
	struct stops s;
	size_t count = 0, len = strlen(row->text);

	while (count < 4 && row->stops[count]) {
		list[count] = str_of(row->stops[count]);
		count++;
	}
	pool_init(&pool, NULL);
	buf_init(&out, 1000);
	stops_init(&s, list, count, &pool);
	for (size_t at = 0, next = cut; at < len; at = next, next += step) {
		size_t end = next < len ? next : len;

		stops_feed(&s, (struct str){ row->text + at, end - at }, collect, NULL);
	}
	stops_end(&s, collect, NULL);
	buf_addc(&out, '\0');
	ck_assert_str_eq(out.data, row->before);
	ck_assert((s.matched != NULL) == (row->matched != NULL));
	if (row->matched)
		ck_assert(str_eq(*s.matched, str_of(row->matched)));
	buf_release(&out);
	pool_release(&pool);
}

START_TEST(the_text_ends_before_the_sequence)
{
	const struct row *row = &rows[_i];

	for (size_t cut = 1; cut <= strlen(row->text); cut++)
		feed_cut(row, cut, strlen(row->text) + 1);
	feed_cut(row, 1, 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("stops");
	TCase *t = tcase_create("[U5.1]");

	tcase_add_loop_test(t, the_text_ends_before_the_sequence, 0,
			    sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
