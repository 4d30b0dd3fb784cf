/* SPDX-License-Identifier: MIT */
/* people.conf: what is refused, in which words, and what is read. */
#include "config.h"

#include "tests/unit/conf_files.h"

#define DIGEST_A     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TEAM	     "{ name = \"team\"; key_file = \"key\"; }"
#define LANES	     "lanes = ( " TEAM " );\n"
#define OTHER	     "{ name = \"other\"; key_env = \"OTHER_KEY\"; }"
#define ADA	     "{ name = \"ada\"; token_sha256 = \"" DIGEST_A "\"; }"
#define PERSON(more) "{ name = \"ada\"; token_sha256 = \"" DIGEST_A "\"; " more " }"

static const struct {
	const char *name, *people, *errors;
} refused[] = {
	{ "two people of one name",
	  "people = ( " ADA ",\n{ name = \"ada\"; token_sha256 = \"" DIGEST_B "\"; } );",
	  "people.conf:2: people: \"ada\" stands here twice\n" },
	{ "two people with one token",
	  "people = ( " ADA ",\n{ name = \"bob\"; token_sha256 = \"" DIGEST_A "\"; } );",
	  "people.conf:2: people: \"ada\" and \"bob\" have the same token\n" },
	{ "no digest", "people = (\n{ name = \"ada\"; token_sha256 = \"nim-abc\"; } );",
	  "people.conf:2: people: token_sha256 of \"ada\" must have 64 hexadecimal "
	  "digits; nim user rotate makes a new one\n" },
	{ "no token", "people = ( { name = \"ada\"; } );",
	  "people.conf:1: people: token_sha256 is missing\n" },
	{ "a name with blanks",
	  "people = ( { name = \"ada b\"; token_sha256 = \"" DIGEST_A "\"; } );",
	  "people.conf:1: people: \"ada b\" is no name: 1 to 32 letters, digits and . _ "
	  "- @\n" },
	{ "an unknown member", "people = (\n\n" PERSON("wait = 3;") " );",
	  "people.conf:3: people: unknown name \"wait\"; did you mean \"name\"?\n" },
	{ "a weight of nothing", "people = ( " PERSON("weight = 0;") " );",
	  "people.conf:1: people: weight = 0 is out of range; give 1 to 1000\n" },
	{ "a lane that is missing", "people = ( " PERSON("lane = \"fast\";") " );",
	  "people.conf:1: people: \"ada\" wants the lane \"fast\", which is not "
	  "there\n" },
	{ "one of two lanes is not said",
	  "lanes = ( " TEAM ", " OTHER " );\n"
	  "people = ( " ADA " );",
	  "people.conf:2: people: \"ada\" has no lane, and there is not just one\n" },
	{ "somebody else's lane",
	  "lanes = ( { name = \"bobs\"; owner = \"bob\"; key_file = \"key\"; } );\n"
	  "people = ( " PERSON("lane = \"bobs\";") " );",
	  "people.conf:2: people: the lane \"bobs\" is the key of bob; \"ada\" may use "
	  "it in a pool only\n" },
	{ "a lane without a key", "lanes = ( { name = \"team\"; } );",
	  "people.conf:1: lanes: \"team\" has no key; give key_credential, key_file or "
	  "key_env\n" },
	{ "a key file that others may read",
	  "lanes = (\n{ name = \"team\"; key_file = \"open.key\"; } );",
	  "people.conf:2: lanes: the key file open.key can be read by others: chmod 600 "
	  "it\n" },
	{ "no key file", "lanes = ( { name = \"team\"; key_file = \"none\"; } );",
	  "people.conf:1: lanes: the key file none cannot be read: No such file or "
	  "directory\n" },
	{ "no variable", "lanes = ( { name = \"team\"; key_env = \"NO_SUCH_KEY\"; } );",
	  "people.conf:1: lanes: the variable NO_SUCH_KEY is not set\n" },
	{ "a credential without systemd",
	  "lanes = ( { name = \"team\"; key_credential = \"team\"; } );",
	  "people.conf:1: lanes: team wants systemd's credentials: LoadCredential= in "
	  "the unit, and a start by systemd\n" },
	{ "rpm 0", "lanes = ( { name = \"team\"; key_file = \"key\"; rpm = 0; } );",
	  "people.conf:1: lanes: rpm = 0 is out of range; give 1 to 600\n" },
	{ "rpm 10000",
	  "\n\nlanes = ( { name = \"team\"; key_file = \"key\"; rpm = 10000; } );",
	  "people.conf:3: lanes: rpm = 10000 is out of range; give 1 to 600\n" },
	{ "rpm that does not fit",
	  "lanes = ( { name = \"team\"; key_file = \"key\"; rpm = 100; spacing = 1000; } "
	  ");",
	  "people.conf:1: lanes: 100 requests 1000 ms apart do not fit into a window of "
	  "61000 ms; lower rpm or spacing\n" },
	{ "two lanes of one name",
	  "lanes = ( " TEAM ",\n{ name = \"team\"; key_env = "
	  "\"OTHER_KEY\"; } );",
	  "people.conf:2: lanes: \"team\" stands here twice\n" },
	{ "one key in two lanes",
	  "lanes = ( " TEAM ",\n{ name = \"b\"; key_env = \"NVIDIA_API_KEY\"; } );",
	  "people.conf:2: lanes: \"team\" and \"b\" have the same key: the upstream "
	  "counts it once\n" },
	{ "a pool of a missing lane",
	  LANES "pools = ( { name = \"all\"; lanes = [ \"team\", \"gone\" ]; } );",
	  "people.conf:2: pools: \"all\" names the lane \"gone\", which is not there\n" },
	{ "a pool with a lane's name",
	  LANES "pools = ( { name = \"team\"; lanes = [ \"team\" ]; } );",
	  "people.conf:2: pools: \"team\" is the name of a lane, too\n" },
	{ "a pool of nothing", LANES "pools = ( { name = \"all\"; lanes = [ ]; } );",
	  "people.conf:2: pools: give 1 to 64 lanes\n" },
	{ "several lanes and nobody", "lanes = ( " TEAM ", " OTHER " );",
	  "people.conf: there are several lanes and no people: name people, or one pool "
	  "for everybody\n" },
	{ "an unknown list", "poeple = ( );",
	  "people.conf:1: unknown name \"poeple\"; did you mean \"people\"?\n" },
	{ "no list at all", "people = 3;",
	  "people.conf:1: people: must be a list, as in ( { name = …; } )\n" },
};
enum { REFUSED = sizeof(refused) / sizeof(refused[0]) };

static void put_keys(void)
{
	put("key", "nvapi-test\n", 11);
	put("open.key", "nvapi-open\n", 11);
	ck_assert_int_eq(chmod(path_of("open.key"), 0644), 0);
	ck_assert_int_eq(setenv("OTHER_KEY", "nvapi-other", 1), 0);
	(void)unsetenv("CREDENTIALS_DIRECTORY"); /* seldom set */
}

static int read_people(const char *people)
{
	put_keys();
	put("people.conf", people, strlen(people));
	return read_conf("", MODELS);
}

START_TEST(what_is_wrong_is_refused_with_its_place)
{
	ck_assert_int_lt(read_people(refused[_i].people), 0);
	ck_assert_msg(strcmp(lines(&conf.errors), refused[_i].errors) == 0, "%s: %s",
		      refused[_i].name, lines(&conf.errors));
}
END_TEST

START_TEST(a_team_is_read)
{
	const struct people *p = &conf.people;

	ck_assert_int_eq(
		read_people(
			"lanes = ( { name = \"team\"; key_file = \"key\"; rpm = 30; "
			"tokens_per_minute = 9000; }, " OTHER " );\n"
			"pools = ( { name = \"all\"; lanes = [ \"team\", \"other\" ]; "
			"} );\n"
			"people = ( " PERSON("lane = \"all\"; weight = 3; streams = "
					     "2; models = [ \"a/*\", \"b\" ]; "
					     "max_wait = 0;") " );"),
		0);
	ck_assert_uint_eq(p->lane_count, 2);
	ck_assert(str_eq(p->lanes[0].keys[0], STR("nvapi-test")));
	ck_assert_int_eq(p->lanes[0].rpm, 30);
	ck_assert_int_eq(p->lanes[1].rpm, 40);
	ck_assert_int_eq(p->lanes[0].window_ms, 61000);
	ck_assert_int_eq(p->lanes[0].spacing_ms, 25);
	ck_assert_int_eq(p->lanes[0].tpm, 9000);
	ck_assert_uint_eq(p->pools[0].lane_count, 2);
	ck_assert_uint_eq(p->count, 1);
	ck_assert_int_eq(p->list[0].weight, 3);
	ck_assert_int_eq(p->list[0].streams, 2);
	ck_assert_int_eq(p->list[0].max_wait_ms, 0);
	ck_assert_uint_eq(p->list[0].model_count, 2);
	ck_assert_uint_eq(p->list[0].token_sha256[31], 0xaa);
}
END_TEST

START_TEST(without_people_everybody_has_the_one_key)
{
	ck_assert_int_eq(read_conf("rpm = 20;", MODELS), 0);
	ck_assert_uint_eq(conf.people.lane_count, 1);
	ck_assert_int_eq(conf.people.lanes[0].rpm, 20);
	ck_assert(str_eq(conf.people.lanes[0].keys[0], STR("nvapi-test")));
	ck_assert_uint_eq(conf.people.count, 1);
	ck_assert(!conf.people.list[0].has_token);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("master_conf_people");
	TCase *t = tcase_create("people.conf");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_wrong_is_refused_with_its_place, 0, REFUSED);
	tcase_add_test(t, a_team_is_read);
	tcase_add_test(t, without_people_everybody_has_the_one_key);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
