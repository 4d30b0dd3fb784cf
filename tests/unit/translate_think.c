/* SPDX-License-Identifier: MIT */
/* Think tags: the same split however the text is cut, and nothing held back but a tag. */
#include "config.h"

#include "translate/think.h"

#include "tests/unit/unit.h"
#include "translate/buf.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

struct sides {
	struct buf all; /* all pieces, with | where the side changes */
	bool is_thinking;
};

static void take(void *context, bool is_thinking, struct str piece)
{
	struct sides *sides = context;
	ck_assert_uint_gt(piece.len, 0);
	if (sides->is_thinking != is_thinking)
		buf_addc(&sides->all, '|');
	sides->is_thinking = is_thinking;
	buf_adds(&sides->all, piece);
}

/* out: text and thinking in turn, text first, separated by |. */
static const struct {
	const char *name, *in, *out;
} cases[] = {
	{ "nothing", "", "" },
	{ "text", "Hello.", "Hello." },
	{ "thinking and text", "<think>hm</think>Hello.", "|hm|Hello." },
	{ "line feeds behind", "<think>hm\n</think>\n\n\nHello.\n", "|hm\n|Hello.\n" },
	{ "only line feeds are dropped", "<think>hm</think> \nHello.", "|hm| \nHello." },
	{ "one run of them", "<think>a</think>\nb\n\nc", "|a|b\n\nc" },
	{ "text first", "Let me see.\n<think>hm</think>So.", "Let me see.\n|hm|So." },
	{ "two blocks", "<think>a</think>b<think>c</think>d", "|a|b|c|d" },
	{ "two blocks in a row", "<think>a</think>\n<think>c</think>d", "|ac|d" },
	{ "unclosed", "<think>all the rest", "|all the rest" },
	{ "empty thinking", "<think></think>Hello.", "Hello." },
	{ "blank thinking", "<think>\n\n</think>\n\nHello.", "|\n\n|Hello." },
	{ "only the closing tag", "hm, so\n</think>\n\nHello.", "hm, so\nHello." },
	{ "closing tag at the start", "</think>Hello.", "Hello." },
	{ "a second closing tag is text", "a</think>b</think>c", "ab</think>c" },
	{ "closing tag behind a pair is text", "<think>a</think>b</think>",
	  "|a|b</think>" },
	{ "opening behind a lone closing", "a</think>b<think>c", "ab|c" },
	{ "nested opening is thinking", "<think>a<think>b</think>c", "|a<think>b|c" },
	{ "other tags", "<b>x</b> a<b a < b << <", "<b>x</b> a<b a < b << <" },
	{ "near tags", "<thin> <thinking> < think> </thin> <think",
	  "<thin> <thinking> < think> </thin> <think" },
	{ "cut at the end", "a</think", "a</think" },
	{ "capitals are text", "<Think>a</THINK>", "<Think>a</THINK>" },
	{ "bracket in front", "<<think>a<</think>>", "<|a<|>" },
	{ "beginnings in front", "<th<think>a</th</think>b", "<th|a</th|b" },
	{ "fence", "```\n<think>a</think>\n```\n", "```\n<think>a</think>\n```\n" },
	{ "behind a fence", "```\nx\n```\n<think>a</think>b", "```\nx\n```\n|a|b" },
	{ "fence with a word", "```html\n</think>\n```", "```html\n</think>\n```" },
	{ "open fence", "```\n<think>a", "```\n<think>a" },
	{ "fence of four", "````\n```\n<think>\n````\n<think>a",
	  "````\n```\n<think>\n````\n|a" },
	{ "fence on one line", "```a``` <think>b", "```a``` |b" },
	{ "tag right behind a fence", "```\nx\n```<think>b", "```\nx\n```|b" },
	{ "code span", "the `<think>` tag", "the `<think>` tag" },
	{ "span of two", "``a ` <think>`` <think>b", "``a ` <think>`` |b" },
	{ "span ends with its line", "a ` b\n<think>c", "a ` b\n|c" },
	{ "behind a span", "`a`<think>b</think>c", "`a`|b|c" },
	{ "single tick in a fence", "```\n`\n``` <think>b", "```\n`\n``` |b" },
	{ "ticks inside thinking don't count", "<think>a ` ``` b</think>c",
	  "|a ` ``` b|c" },
	{ "ticks are forgotten behind thinking", "<think>```</think><think>a", "|```a" },
	{ "lone closing inside code is text", "`</think>` a</think>b", "`</think>` ab" },
	{ "UTF-8", "\xe6\xbc\xa2<think>\xc3\xa9</think>\xe6\xbc\xa2",
	  "\xe6\xbc\xa2|\xc3\xa9|\xe6\xbc\xa2" },
};

static void feed_copy(struct think *t, struct str in, struct sides *sides)
{
	char *copy = malloc(in.len > 0 ? in.len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, in.ptr, in.len);
	think_feed(t, (struct str){ copy, in.len }, take, sides);
	free(copy);
}

/* Cut at two places, or byte by byte when first is behind the end. */
static void run(struct str in, size_t first, size_t second, struct sides *sides)
{
	struct think t;
	buf_clear(&sides->all);
	sides->is_thinking = false;
	think_init(&t);
	for (size_t at = 0; first > in.len && at < in.len; at++)
		feed_copy(&t, (struct str){ in.ptr + at, 1 }, sides);
	if (first <= in.len) {
		feed_copy(&t, (struct str){ in.ptr, first }, sides);
		feed_copy(&t, (struct str){ in.ptr + first, second - first }, sides);
		feed_copy(&t, (struct str){ in.ptr + second, in.len - second }, sides);
	}
	think_end(&t, take, sides);
}

START_TEST(tags_split_the_same_however_the_text_is_cut)
{
	struct str in = str_of(cases[_i].in);
	struct sides sides = { .is_thinking = false };
	buf_init(&sides.all, 1000);
	for (size_t first = 0; first <= in.len + 1; first++) {
		for (size_t second = first < in.len ? first : in.len; second <= in.len;
		     second++) {
			run(in, first, second, &sides);
			ck_assert_msg(str_eq(buf_str(&sides.all), str_of(cases[_i].out)),
				      "%s cut at %zu and %zu: %.*s", cases[_i].name,
				      first, second, STR_ARG(buf_str(&sides.all)));
		}
	}
	buf_release(&sides.all);
}
END_TEST

/* What has been delivered before anything else comes. */
static const struct {
	const char *in, *out;
} prompt[] = {
	{ "Hello", "Hello" },
	{ "a <", "a " },
	{ "a </thin", "a " },
	{ "a <x", "a <x" },
	{ "a <thinx", "a <thinx" },
	{ "<think>a <", "|a " },
	{ "<think>a <th", "|a <th" },	       /* can only close */
	{ "<think>a</think>b </", "|a|b </" }, /* can only open */
	{ "`<th", "`<th" },
	{ "```\n<th", "```\n<th" },
	{ "```", "```" },
};

START_TEST(only_a_possible_tag_is_held_back)
{
	struct think t;
	struct sides sides = { .is_thinking = false };
	buf_init(&sides.all, 1000);
	think_init(&t);
	think_feed(&t, str_of(prompt[_i].in), take, &sides);
	ck_assert_msg(str_eq(buf_str(&sides.all), str_of(prompt[_i].out)), "%.*s",
		      STR_ARG(buf_str(&sides.all)));
	buf_release(&sides.all);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("think");
	TCase *tcase = tcase_create("think");
	tcase_add_loop_test(tcase, tags_split_the_same_however_the_text_is_cut, 0,
			    COUNT(cases));
	tcase_add_loop_test(tcase, only_a_possible_tag_is_held_back, 0, COUNT(prompt));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
