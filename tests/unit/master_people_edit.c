/* SPDX-License-Identifier: MIT */
/* Changes of people.conf: what is changed, and that all else stays as it was. */
#include "config.h"

#include "master/people_edit.h"

#include <string.h>

#include "tests/unit/unit.h"

#define GROUP "{ name = \"cy\"; }"

static const struct {
	const char *name, *before;
	enum people_edit edit;
	const char *who, *value, *after;
} edits[] = {
	{ "into nothing", "", PEOPLE_ADD, "cy", GROUP,
	  "\npeople = (\n    " GROUP "\n);\n" },
	{ "into an empty list", "people = ();", PEOPLE_ADD, "cy", GROUP,
	  "people = (\n    " GROUP "\n);" },
	{ "behind the last", "people = ( { name = \"ada\"; } # the first\n);\nx = 1;",
	  PEOPLE_ADD, "cy", GROUP,
	  "people = ( { name = \"ada\"; },\n    " GROUP " # the first\n);\nx = 1;" },
	{ "beside a list in a comment", "# people = (\n/* people = ( */ people: (\n)\n",
	  PEOPLE_ADD, "cy", GROUP,
	  "# people = (\n/* people = ( */ people: (\n    " GROUP "\n\n)\n" },
	{ "not into people of something else",
	  "other = { people = ( { name = \"cy\"; } ); };\n", PEOPLE_ADD, "cy", GROUP,
	  "other = { people = ( { name = \"cy\"; } ); };\n\npeople = (\n    " GROUP
	  "\n);\n" },
	{ "a new token",
	  "people = ( { name = \"a\"; token_sha256 = \"11\"; },\n"
	  "{ token_sha256 = \"22\" /* old */; name = \"cy\" } );",
	  PEOPLE_ROTATE, "cy", "33",
	  "people = ( { name = \"a\"; token_sha256 = \"11\"; },\n"
	  "{ token_sha256 = \"33\" /* old */; name = \"cy\" } );" },
	{ "disabled", "people = ( { name = \"cy\"; } );", PEOPLE_DISABLE, "cy", "",
	  "people = ( { name = \"cy\"; disabled = true; } );" },
	{ "enabled where it says so",
	  "people = ( { disabled = true; name = \"cy\"; models = [ \"}\" ]; } );",
	  PEOPLE_ENABLE, "cy", "",
	  "people = ( { disabled = false; name = \"cy\"; models = [ \"}\" ]; } );" },
	{ "the only one removed", "people = ( { name = \"cy\"; } );", PEOPLE_REMOVE, "cy",
	  "", "people = (  );" },
	{ "the first removed", "people = ( { name = \"cy\"; }, { name = \"b\"; } );",
	  PEOPLE_REMOVE, "cy", "", "people = (  { name = \"b\"; } );" },
	{ "the last removed", "people = ( { name = \"b\"; },\n  { name = \"cy\"; }\n);",
	  PEOPLE_REMOVE, "cy", "", "people = ( { name = \"b\"; }\n);" },
};
enum { EDITS = sizeof(edits) / sizeof(edits[0]) };

static struct buf to;

static void setup(void)
{
	buf_init(&to, 1 << 16);
}

static void teardown(void)
{
	buf_release(&to);
}

START_TEST(a_change_leaves_the_rest_as_it_was)
{
	const char *why = people_edit(&to, str_of(edits[_i].before), edits[_i].edit,
				      str_of(edits[_i].who), str_of(edits[_i].value));

	ck_assert_msg(!why, "%s: %s", edits[_i].name, why);
	ck_assert_msg(str_eq(buf_str(&to), str_of(edits[_i].after)), "%s: %.*s",
		      edits[_i].name, (int)to.len, to.data);
}
END_TEST

static const struct {
	const char *text;
	enum people_edit edit;
	const char *why;
} refused[] = {
	{ "people = ( { name = \"cy\"; } );", PEOPLE_ADD,
	  "there is a person of that name already" },
	{ "people = ( { name = \"bo\"; } );", PEOPLE_REMOVE,
	  "there is no person of that name" },
	{ "", PEOPLE_DISABLE, "there is no person of that name" },
	{ "people = ( { name = \"cy\"; ", PEOPLE_REMOVE, "its brackets do not match" },
	{ "people = ( { name = \"cy\"; } ); } x", PEOPLE_REMOVE,
	  "its brackets do not match" },
	{ "people = ( { name = \"cy\"; } );", PEOPLE_ROTATE,
	  "the person has no token_sha256" },
};
enum { REFUSED = sizeof(refused) / sizeof(refused[0]) };

START_TEST(what_cannot_be_done_is_told)
{
	const char *why = people_edit(&to, str_of(refused[_i].text), refused[_i].edit,
				      STR("cy"), STR("33"));

	ck_assert_ptr_nonnull(why);
	ck_assert_str_eq(why, refused[_i].why);
}
END_TEST

START_TEST(any_text_cut_anywhere_is_survived)
{
	static const char text[] = "a = [ 1, 2 ]; /* c */ // d\npeople : ( { name = "
				   "\"cy\\\"\"; l = ( { x = \"}\"; } ); }, { name = "
				   "\"cy\"; token_sha256 = \"2\"; disabled = false } );";

	for (size_t len = 0; len < sizeof(text); len++)
		for (int edit = PEOPLE_ADD; edit <= PEOPLE_REMOVE; edit++) {
			to.len = 0;
			(void)people_edit(&to, (struct str){ text, len },
					  (enum people_edit)edit, STR("cy"), STR("33"));
		}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("master_people_edit");
	TCase *t = tcase_create("people.conf");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_change_leaves_the_rest_as_it_was, 0, EDITS);
	tcase_add_loop_test(t, what_cannot_be_done_is_told, 0, REFUSED);
	tcase_add_test(t, any_text_cut_anywhere_is_survived);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
