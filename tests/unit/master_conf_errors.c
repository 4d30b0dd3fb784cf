/* SPDX-License-Identifier: MIT */
/* Configurations that are refused, and in which words. */
#include "config.h"

#include "tests/unit/conf_files.h"

static const struct {
	const char *name;
	const char *nim, *models;
	const char *errors;
} refused[] = {
	{ "unknown name", "comit_after = 1;", MODELS,
	  "nim.conf:1: unknown setting \"comit_after\"; did you mean "
	  "\"commit_after\"?\n" },
	{ "a name far from all", "\n\nfrobnicate_all = 1;", MODELS,
	  "nim.conf:3: unknown setting \"frobnicate_all\"; nim help proxy lists all\n" },
	{ "unknown name in a group", "workers = { maxx = 1; };", MODELS,
	  "nim.conf:1: unknown setting \"workers.maxx\"; did you mean "
	  "\"workers.max\"?\n" },
	{ "wrong type", "commit_after = \"80\";", MODELS,
	  "nim.conf:1: commit_after: must be a whole number (ms)\n" },
	{ "a fraction", "commit_after = 1.5;", MODELS,
	  "nim.conf:1: commit_after: must be a whole number (ms)\n" },
	{ "text for a switch", "http2 = 1;", MODELS,
	  "nim.conf:1: http2: must be true or false\n" },
	{ "a number for a text", "user = 1;", MODELS,
	  "nim.conf:1: user: must be text in quotes\n" },
	{ "an empty user", "user = \"\";", MODELS,
	  "nim.conf:1: user: \"\" must be the name of a user\n" },
	{ "not a level", "log_level = \"loud\";", MODELS,
	  "nim.conf:1: log_level: \"loud\" must be error, warn, info or debug\n" },
	{ "below its range", "commit_after = -2;", MODELS,
	  "nim.conf:1: commit_after: -2 is out of range; give -1 to 60000 ms\n" },
	{ "above its range", "body_max = 33554433;", MODELS,
	  "nim.conf:1: body_max: 33554433 is out of range; give 1024 to 33554432 "
	  "bytes\n" },
	{ "64 bits", "waiting_max = 4294967297L;", MODELS,
	  "nim.conf:1: waiting_max: 4294967297 is out of range; give 1 to 100000 "
	  "connections\n" },
	/* 4294967376 mod 2^32 is 80: libconfig 1.5 would say so without a word */
	{ "a number that would be cut", "# 99999999999\ncommit_after = 4294967376;",
	  MODELS, "nim.conf:2: a number is too large (above 2147483647)\n" },
	{ "no list", "listen = 8787;", MODELS,
	  "nim.conf:1: listen: must be a list, as in ( { address = …; } )\n" },
	{ "no group", "listen = ( 8787 );", MODELS,
	  "nim.conf:1: listen: each element must be a group, as in { address = …; }\n" },
	{ "an empty list", "listen = ( );", MODELS,
	  "nim.conf:1: listen: give 1 to 8 addresses\n" },
	{ "a name as address", "listen = ( { address = \"example.com\"; port = 1; } );",
	  MODELS,
	  "nim.conf:1: listen: \"example.com\" is no address to listen on; give one in "
	  "numbers (127.0.0.1, ::1, 0.0.0.0) or localhost\n" },
	{ "a port beyond", "listen = ( { address = \"127.0.0.1\"; port = 65536; } );",
	  MODELS, "nim.conf:1: listen: port 65536 is out of range; give 0 to 65535\n" },
	{ "a port as text", "listen = ( { address = \"127.0.0.1\"; port = \"1\"; } );",
	  MODELS, "nim.conf:1: listen: port must be a whole number\n" },
	{ "no port", "listen = ( { address = \"127.0.0.1\"; } );", MODELS,
	  "nim.conf:1: listen: port is missing\n" },
	{ "open to others without a key",
	  "listen = ( { address = \"0.0.0.0\"; port = 1; } );", MODELS,
	  "listening on 0.0.0.0 needs a key for the clients: name people in people.conf "
	  "(nim user add), set PROXY_API_KEY in the environment, or listen on "
	  "127.0.0.1\n" },
	{ "two upstreams",
	  "upstreams = ( { name = \"a\"; base_url = \"https://a\"; },\n"
	  "{ name = \"b\"; base_url = \"https://b\"; } );",
	  MODELS, "nim.conf:1: upstreams: give one; this version asks no more\n" },
	{ "a key sent in the clear",
	  "upstreams = ( { name = \"a\"; base_url = \"http://10.0.0.1/v1\"; } );", MODELS,
	  "nim.conf:1: upstreams: base_url must be https:// (http:// is for loopback "
	  "only: a "
	  "key must not travel in the clear)\n" },
	{ "a syntax error", "commit_after = ;", MODELS,
	  "nim.conf:1: syntax error (here or on the line before; a setting is name = "
	  "value;)\n" },
	{ "twice the same", "http2 = true;\nhttp2 = false;", MODELS,
	  "nim.conf:2: duplicate setting name\n" },
	{ "no file", NULL, MODELS,
	  "nim.conf: cannot be read: No such file or directory\n" },
	{ "all errors at once", "http2 = 1;\nuser = 2;\nx = 3;", "defaultmodel = 1;",
	  "nim.conf:1: http2: must be true or false\n"
	  "nim.conf:2: user: must be text in quotes\n"
	  "nim.conf:3: unknown setting \"x\"; nim help proxy lists all\n"
	  "models.conf:1: unknown name \"defaultmodel\"; did you mean "
	  "\"default_model\"?\n"
	  "models.conf: default_model is missing: add default_model = \"vendor/model\"; "
	  "or "
	  "set DEFAULT_NVIDIA_MODEL\n" },
	{ "an alias without a goal", "", MODELS "aliases = ( { from = \"*\"; } );",
	  "models.conf:2: aliases: to is missing\n" },
	{ "an unknown member", "",
	  MODELS "aliases = ( { from = \"*\"; to = \"a\"; too = 1; } );",
	  "models.conf:2: aliases: unknown name \"too\"; did you mean \"to\"?\n" },
	{ "an empty alias", "", MODELS "aliases = ( { from = \"\"; to = \"a\"; } );",
	  "models.conf:2: aliases: from and to must not be empty\n" },
	{ "think_on that is no JSON", "",
	  MODELS "models = ( { id = \"a\"; think_on = \"{\"; } );",
	  "models.conf:2: models: think_on is not JSON: " },
	{ "think_on that says what the proxy says", "",
	  MODELS "models = ( { id = \"a\"; think_on = \"{\\\"top_k\\\":1}\"; } );",
	  "models.conf:2: models: think_on must not hold \"top_k\": the proxy writes "
	  "it\n" },
	{ "think_on that is no object", "",
	  MODELS "models = ( { id = \"a\"; think_on = \"[1]\"; } );",
	  "models.conf:2: models: think_on must be a JSON object, as in "
	  "\"{\\\"a\\\":1}\"\n" },
	{ "a negative context", "", MODELS "models = ( { id = \"a\"; context = -1; } );",
	  "models.conf:2: models: context is out of range; give 0 to 1073741824 "
	  "tokens\n" },
	{ "a model twice", "", MODELS "models = ( { id = \"a\"; },\n{ id = \"a\"; } );",
	  "models.conf:3: models: \"a\" stands here twice\n" },
	{ "default_model as a number", "", "default_model = 1;",
	  "models.conf:1: default_model: must be text in quotes\nmodels.conf: "
	  "default_model is "
	  "missing: add default_model = \"vendor/model\"; or set "
	  "DEFAULT_NVIDIA_MODEL\n" },
};

START_TEST(what_is_wrong_is_told_with_file_and_line)
{
	const char *errors;
	int result = read_conf(refused[_i].nim, refused[_i].models);

	ck_assert_msg(result == -1, "%s: accepted", refused[_i].name);
	errors = lines(&conf.errors);
	if (strstr(refused[_i].errors, "is not JSON: "))
		ck_assert_msg(strncmp(errors, refused[_i].errors,
				      strlen(refused[_i].errors)) == 0,
			      "%s:\n%s", refused[_i].name, errors);
	else
		ck_assert_msg(strcmp(errors, refused[_i].errors) == 0, "%s:\n%s",
			      refused[_i].name, errors);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
	put("models.conf", MODELS, strlen(MODELS));
	put("nim.conf", "http2 = true;\0user = 1;", 23);
	ck_assert_int_eq(conf_read(&conf, path_of("nim.conf")), -1);
	ck_assert_str_eq(
		lines(&conf.errors),
		"nim.conf: cannot be read: it holds a NUL byte, so it is no text\n");
}
END_TEST

START_TEST(a_folder_is_no_file)
{
	ck_assert_int_eq(conf_read(&conf, folder), -1);
	ck_assert_ptr_nonnull(strstr(lines(&conf.errors), "Is a directory"));
}
END_TEST

START_TEST(an_included_file_lies_beside_and_is_named_in_errors)
{
	put("more.conf", "\nhttp2 = 3;\n", 12);
	ck_assert_int_eq(read_conf("@include \"more.conf\"\n", MODELS), -1);
	ck_assert_ptr_nonnull(strstr(lines(&conf.errors), "more.conf:2: http2: must be"));
}
END_TEST

static const struct {
	const char *name, *value, *error;
} bad_variables[] = {
	{ "NVIDIA_API_KEY", "nvapi-a b",
	  "NVIDIA_API_KEY holds a blank, a control character or a letter beyond ASCII; "
	  "copy "
	  "the key again\n" },
	{ "PROXY_API_KEY", "caf\xc3\xa9",
	  "PROXY_API_KEY holds a blank, a control character or a letter beyond ASCII; "
	  "copy "
	  "the key again\n" },
	{ "PROXY_PORT", "65536", "PROXY_PORT must be a number from 0 to 65535\n" },
	{ "PROXY_PORT", "80x", "PROXY_PORT must be a number from 0 to 65535\n" },
	{ "PROXY_HOST", "0.0.0.0.0",
	  "PROXY_HOST is no address to listen on; give one in numbers (127.0.0.1, ::1, "
	  "0.0.0.0) or localhost\n" },
	{ "NVIDIA_BASE_URL", "ftp://host/v1",
	  "NVIDIA_BASE_URL must begin with https:// (or http:// on loopback)\n" },
	{ "LOG_LEVEL", "loud", "LOG_LEVEL must be error, warn, info or debug\n" },
};

START_TEST(a_bad_variable_is_named_and_its_value_is_not)
{
	(void)setenv(bad_variables[_i].name, bad_variables[_i].value, 1);
	ck_assert_int_eq(read_conf("", MODELS), -1);
	ck_assert_str_eq(lines(&conf.errors), bad_variables[_i].error);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("master_conf_errors");
	TCase *tcase = tcase_create("conf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_is_wrong_is_told_with_file_and_line, 0,
			    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tcase, bytes_that_are_no_text_are_refused);
	tcase_add_test(tcase, a_folder_is_no_file);
	tcase_add_test(tcase, an_included_file_lies_beside_and_is_named_in_errors);
	tcase_add_loop_test(tcase, a_bad_variable_is_named_and_its_value_is_not, 0,
			    (int)(sizeof(bad_variables) / sizeof(bad_variables[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
