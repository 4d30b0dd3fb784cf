/* SPDX-License-Identifier: MIT */
/* Which model answers for a name. */
#include "config.h"

#include "translate/models.h"

#include "tests/unit/unit.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))
#define S(literal)                                                                       \
	{                                                                                \
		(literal), sizeof(literal) - 1                                           \
	}

static struct model list[] = {
	{ .id = S("vendor/big"), .context = 131072, .max_output = 8192 },
	{ .id = S("small"), .context = 32768 },
	{ .id = S("vendor/claude-like"), .context = 1 },
};

static struct model_alias aliases[] = {
	{ "claude-*opus*", S("vendor/big") },
	{ "opus", S("vendor/big") },
	{ "haiku", S("small") },
	{ "?aiku-[0-9]", S("small") },
	{ "claude-*", S("vendor/unlisted") },
	{ "vendor/claude-*", S("small") },
	{ "a/*", S("small") }, /* the star stops at a slash */
	{ "opus", S("never/reached") },
};

static const struct models with_default = { S("small"), list, 3, aliases,
					    COUNT(aliases) };
static const struct models without = { S(""), list, 3, aliases, COUNT(aliases) };
static const struct models empty;

static const struct {
	const struct models *models;
	struct str name;
	const char *id; /* NULL: none */
	int64_t context;
} cases[] = {
	{ &with_default, S("claude-3-opus-20240229"), "vendor/big", 131072 },
	{ &with_default, S("opus"), "vendor/big", 131072 },
	{ &with_default, S("opus[1m]"), "vendor/big", 131072 },
	{ &with_default, S("claude-sonnet-4[1m]"), "vendor/unlisted", 0 },
	{ &with_default, S("haiku"), "small", 32768 },
	{ &with_default, S("haiku-7"), "small", 32768 },
	{ &with_default, S("haiku-x"), "small", 32768 }, /* default */
	{ &with_default, S("Opus"), "small", 32768 },
	{ &with_default, S("vendor/big"), "vendor/big", 131072 },
	{ &with_default, S("vendor/big[1m]"), "vendor/big", 131072 },
	{ &with_default, S("small"), "small", 32768 },
	{ &with_default, S("other/model"), "other/model", 0 },
	{ &with_default, S("vendor/claude-like"), "small", 32768 }, /* alias before id */
	{ &with_default, S("anthropic/vendor/big"), "vendor/big", 131072 },
	{ &with_default, S("anthropic/x/y"), "x/y", 0 },
	{ &with_default, S("anthropic/x"), "anthropic/x", 0 },
	{ &with_default, S("a/b"), "small", 32768 },
	{ &with_default, S("a/b/c"), "a/b/c", 0 },
	{ &with_default, S(""), "small", 32768 },
	{ &with_default, S("[1m]"), "small", 32768 },
	{ &with_default, S("a/b\0c"), "small", 32768 },
	{ &without, S("gpt-4"), NULL, 0 },
	{ &without, S("haiku-x"), NULL, 0 },
	{ &without, S(""), NULL, 0 },
	{ &without, S("small"), "small", 32768 },
	{ &without, S("x/y"), "x/y", 0 },
	{ &without, S("x/y\0"), NULL, 0 },
	{ &empty, S("opus"), NULL, 0 },
	{ &empty, S("x/y"), "x/y", 0 },
};

START_TEST(names_find_their_model)
{
	struct pool p;
	pool_init(&p, NULL);
	const struct model *found = models_find(cases[_i].models, &p, cases[_i].name);
	ck_assert((found != NULL) == (cases[_i].id != NULL));
	if (found) {
		ck_assert(str_eq(found->id, str_of(cases[_i].id)));
		ck_assert_int_eq(found->context, cases[_i].context);
	}
	pool_release(&p);
}
END_TEST

START_TEST(long_names_find_the_default_only)
{
	char name[MODELS_NAME_MAX + 1];
	struct pool p;
	pool_init(&p, NULL);
	memset(name, 'a', sizeof(name));
	name[1] = '/';
	const struct model *found =
		models_find(&with_default, &p, (struct str){ name, sizeof(name) });
	ck_assert(str_eq(found->id, STR("small")));
	ck_assert_ptr_null(models_find(&empty, &p, (struct str){ name, sizeof(name) }));
	found = models_find(&empty, &p, (struct str){ name, MODELS_NAME_MAX });
	ck_assert_uint_eq(found->id.len, MODELS_NAME_MAX);
	ck_assert_ptr_ne(found->id.ptr, name); /* a copy: the request may go */
	pool_release(&p);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("models");
	TCase *tcase = tcase_create("models");
	tcase_add_loop_test(tcase, names_find_their_model, 0, COUNT(cases));
	tcase_add_test(tcase, long_names_find_the_default_only);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
