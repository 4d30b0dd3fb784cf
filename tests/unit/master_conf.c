/* SPDX-License-Identifier: MIT */
/* The configuration: what is read, what is refused, and in which words. */
#include "config.h"

#include "master/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/conf_opts.h"
#include "tests/unit/unit.h"

#define MODELS "default_model = \"vendor/model\";\n"

static char folder[64];
static struct conf conf;

static const char *const variables[] = {
	"NVIDIA_API_KEY", "NVIDIA_BASE_URL", "DEFAULT_NVIDIA_MODEL", "PROXY_HOST",
	"PROXY_PORT",	  "PROXY_API_KEY",   "PROXY_CONFIG",	     "LOG_LEVEL",
};

static void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/nim-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		ck_assert_int_eq(unsetenv(variables[i]), 0);
	ck_assert_int_eq(setenv("NVIDIA_API_KEY", "nvapi-test", 1), 0);
}

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void teardown(void)
{
	static const char *const names[] = { "nim.conf", "models.conf", "more.conf" };

	conf_release(&conf);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i])); /* most tests make only some */
	(void)rmdir(folder);
}

static void put(const char *name, const char *text, size_t len)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* Reads nim.conf with that text (NULL: none) beside a models.conf. */
static int read_conf(const char *nim, const char *models)
{
	if (nim)
		put("nim.conf", nim, strlen(nim));
	if (models)
		put("models.conf", models, strlen(models));
	return conf_read(&conf, path_of("nim.conf"));
}

/* The lines with the folder's name taken out. */
static const char *lines(const struct buf *from)
{
	static char text[8192];
	size_t len = strlen(folder) + 1, used = 0;

	for (size_t i = 0; i < from->len && used < sizeof(text) - 1;) {
		if (i + len <= from->len &&
		    memcmp(from->data + i, folder, len - 1) == 0 &&
		    from->data[i + len - 1] == '/')
			i += len;
		else
			text[used++] = from->data[i++];
	}
	text[used] = '\0';
	return text;
}

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
	  "listening on 0.0.0.0 needs a key for the clients: set PROXY_API_KEY in the "
	  "environment, or listen on 127.0.0.1\n" },
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

START_TEST(every_setting_arrives)
{
	ck_assert_int_eq(read_conf("listen = ( { address = \"127.0.0.1\"; port = 1; },\n"
				   "  { address = \"::1\"; port = 2; } );\n"
				   "upstreams = ( { name = \"own\"; base_url = "
				   "\"http://[::1]:8000/v1/\"; } );\n"
				   "workers = { max = 3; };\n"
				   "commit_after = -1; http2 = true; user = \"www\"; "
				   "log_level = \"debug\";\n"
				   "waiting_max = 77L; body_max = 1048576;",
				   MODELS),
			 0);
	ck_assert_int_eq(conf.listen_count, 2);
	ck_assert_str_eq(conf.listen[1].address.ptr, "::1");
	ck_assert_int_eq(conf.listen[1].port, 2);
	ck_assert_str_eq(conf.base_url.ptr, "http://[::1]:8000/v1");
	ck_assert_int_eq(conf.workers_max, 3);
	ck_assert_int_eq(conf.settings.commit_after_ms, -1);
	ck_assert(conf.settings.use_http2);
	ck_assert_str_eq(conf.user.ptr, "www");
	ck_assert_int_eq(conf.log_level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(conf.settings.waiting_max, 77);
	ck_assert_int_eq(conf.settings.body_max_bytes, 1 << 20);
}
END_TEST

START_TEST(models_arrive)
{
	ck_assert_int_eq(
		read_conf("", MODELS
			  "aliases = ( { from = \"*haiku*\"; to = \"vendor/small\"; },\n"
			  "  { from = \"anthropic/*\"; to = \"default\"; } );\n"
			  "models = ( { id = \"vendor/model\"; context = 1000; "
			  "max_output = 10;\n"
			  "  vision = true; think_on = \"{\\\"a\\\":{\\\"b\\\":true}}\"; "
			  "system_off = \"/no\"; } );"),
		0);
	ck_assert_uint_eq(conf.models.alias_count, 2);
	ck_assert_str_eq(conf.models.aliases[0].to.ptr, "vendor/small");
	ck_assert_str_eq(conf.models.aliases[1].to.ptr, "vendor/model");
	ck_assert_uint_eq(conf.models.count, 1);
	ck_assert_int_eq(conf.models.list[0].context, 1000);
	ck_assert(conf.models.list[0].has_vision);
	ck_assert_ptr_nonnull(conf.models.list[0].think_on);
	ck_assert_ptr_null(conf.models.list[0].think_off);
	ck_assert_str_eq(conf.models.list[0].system_off.ptr, "/no");
}
END_TEST

START_TEST(an_included_file_lies_beside_and_is_named_in_errors)
{
	put("more.conf", "\nhttp2 = 3;\n", 12);
	ck_assert_int_eq(read_conf("@include \"more.conf\"\n", MODELS), -1);
	ck_assert_ptr_nonnull(strstr(lines(&conf.errors), "more.conf:2: http2: must be"));
}
END_TEST

START_TEST(names_of_later_versions_are_only_a_warning)
{
	ck_assert_int_eq(read_conf("status = { address = \"127.0.0.1\"; port = 1; };\n"
				   "state_dir = \"/var\";\nworkers = { spare_min = 1; };",
				   MODELS),
			 0);
	ck_assert_str_eq(
		lines(&conf.warnings),
		"nim.conf:1: \"status\" is not used by this version\n"
		"nim.conf:2: \"state_dir\" is not used by this version\n"
		"nim.conf:3: \"workers.spare_min\" is not used by this version\n");
}
END_TEST

START_TEST(the_environment_wins_over_the_files)
{
	(void)setenv("PROXY_HOST", "::1", 1);
	(void)setenv("PROXY_PORT", "0", 1);
	(void)setenv("PROXY_API_KEY", "  secret\n", 1);
	(void)setenv("NVIDIA_BASE_URL", "http://localhost:8000/v1//", 1);
	(void)setenv("DEFAULT_NVIDIA_MODEL", "other/model", 1);
	(void)setenv("LOG_LEVEL", "warning", 1);
	ck_assert_int_eq(read_conf("listen = ( { address = \"127.0.0.1\"; port = 1; },\n"
				   "  { address = \"127.0.0.2\"; port = 2; } ); "
				   "log_level = \"debug\";",
				   MODELS
				   "aliases = ( { from = \"*\"; to = \"default\"; } );"),
			 0);
	ck_assert_int_eq(conf.listen_count, 1);
	ck_assert_str_eq(conf.listen[0].address.ptr, "::1");
	ck_assert_int_eq(conf.listen[0].port, 0);
	ck_assert_str_eq(conf.proxy_api_key.ptr, "secret");
	ck_assert_str_eq(conf.base_url.ptr, "http://localhost:8000/v1");
	ck_assert_str_eq(conf.models.default_model.ptr, "other/model");
	ck_assert_str_eq(conf.models.aliases[0].to.ptr, "other/model");
	ck_assert_int_eq(conf.log_level, LOG_LEVEL_WARN);
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

START_TEST(an_empty_variable_is_as_none)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)setenv(variables[i], "", 1);
	ck_assert_int_eq(read_conf("", MODELS), 0);
	ck_assert_str_eq(conf.models.default_model.ptr, "vendor/model");
	ck_assert_int_eq(conf.listen[0].port, 8787);
	ck_assert_ptr_nonnull(strstr(lines(&conf.warnings), "NVIDIA_API_KEY is not set"));
}
END_TEST

START_TEST(a_key_opens_the_way_to_other_machines)
{
	(void)setenv("PROXY_API_KEY", "secret", 1);
	ck_assert_int_eq(
		read_conf("listen = ( { address = \"0.0.0.0\"; port = 1; } );", MODELS),
		0);
}
END_TEST

START_TEST(without_models_conf_a_variable_is_enough)
{
	ck_assert_int_eq(read_conf("", NULL), -1);
	ck_assert_ptr_nonnull(strstr(lines(&conf.errors), "set DEFAULT_NVIDIA_MODEL"));
	conf_release(&conf);
	(void)setenv("DEFAULT_NVIDIA_MODEL", "a/b", 1);
	ck_assert_int_eq(read_conf("", NULL), 0);
}
END_TEST

START_TEST(the_file_is_found_by_its_variable)
{
	(void)read_conf("workers = { max = 9; };", MODELS);
	conf_release(&conf);
	(void)setenv("PROXY_CONFIG", path_of("nim.conf"), 1);
	ck_assert_int_eq(conf_read(&conf, NULL), 0);
	ck_assert_int_eq(conf.workers_max, 9);
}
END_TEST

START_TEST(the_file_is_found_in_the_folder_one_is_in)
{
	put("nim.conf", "workers = { max = 9; };", 23);
	put("models.conf", MODELS, strlen(MODELS));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(conf_read(&conf, NULL), 0);
	ck_assert_int_eq(conf.workers_max, 9);
	ck_assert_str_eq(conf.models_file.ptr, "./models.conf");
}
END_TEST

/* A shipped file; settings that stand behind a # are taken out of it. */
static char *shipped(const char *name)
{
	static char text[32768], path[512];
	const char *top = getenv("srcdir");
	size_t used = 0;
	char line[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", top ? top : ".", name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		bool is_setting = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
		size_t len = strlen(line) - is_setting;

		ck_assert_uint_lt(used + len, sizeof(text));
		memcpy(text + used, line + is_setting, len);
		used += len;
	}
	(void)fclose(f);
	text[used] = '\0';
	return text;
}

START_TEST(the_shipped_nim_conf_shows_every_setting_with_its_default)
{
	const char *text = shipped("nim.conf");
	struct conf fresh;

	for (size_t i = 0; i < conf_opt_count; i++) {
		const char *dot = strchr(conf_opts[i].name, '.');
		const char *name = dot ? dot + 1 : conf_opts[i].name;

		ck_assert_msg(strstr(text, name) != NULL, "%s is missing", name);
	}
	ck_assert_int_eq(read_conf(text, MODELS), 0);
	memset(&fresh, 0, sizeof(fresh));
	conf_opts_defaults(&fresh);
	ck_assert_int_eq(memcmp(&fresh.settings, &conf.settings, sizeof(fresh.settings)),
			 0);
	ck_assert_int_eq(fresh.workers_max, conf.workers_max);
	ck_assert_int_eq(fresh.drain_timeout_ms, conf.drain_timeout_ms);
	ck_assert_str_eq(fresh.user.ptr, conf.user.ptr);
	ck_assert_str_eq(fresh.log_level_word.ptr, conf.log_level_word.ptr);
	ck_assert_str_eq(conf.base_url.ptr, "https://integrate.api.nvidia.com/v1");
	ck_assert_int_eq(conf.listen[0].port, 8787);
}
END_TEST

static const char *const client_names[] = {
	"opus",
	"sonnet",
	"haiku",
	"fable",
	"claude-opus-5-5",
	"claude-sonnet-5-5[1m]",
	"claude-haiku-4-5-20251001",
	"anthropic/claude-sonnet-5-5",
	"gpt-5",
	"",
};

START_TEST(the_shipped_models_conf_knows_every_name_of_a_client)
{
	const struct model *m;

	ck_assert_int_eq(read_conf("", shipped("models.conf")), 0);
	for (size_t i = 0; i < sizeof(client_names) / sizeof(client_names[0]); i++) {
		m = models_find(&conf.models, &conf.pool, str_of(client_names[i]));
		ck_assert_ptr_nonnull(m);
		ck_assert_msg(str_eq(m->id, conf.models.default_model), "%s",
			      client_names[i]);
		ck_assert_int_eq(m->context, 262144);
	}
	m = models_find(&conf.models, &conf.pool, STR("vendor/other"));
	ck_assert_str_eq(m->id.ptr, "vendor/other");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("master_conf");
	TCase *tcase = tcase_create("conf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_is_wrong_is_told_with_file_and_line, 0,
			    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tcase, bytes_that_are_no_text_are_refused);
	tcase_add_test(tcase, a_folder_is_no_file);
	tcase_add_test(tcase, every_setting_arrives);
	tcase_add_test(tcase, models_arrive);
	tcase_add_test(tcase, an_included_file_lies_beside_and_is_named_in_errors);
	tcase_add_test(tcase, names_of_later_versions_are_only_a_warning);
	tcase_add_test(tcase, the_environment_wins_over_the_files);
	tcase_add_loop_test(tcase, a_bad_variable_is_named_and_its_value_is_not, 0,
			    (int)(sizeof(bad_variables) / sizeof(bad_variables[0])));
	tcase_add_test(tcase, an_empty_variable_is_as_none);
	tcase_add_test(tcase, a_key_opens_the_way_to_other_machines);
	tcase_add_test(tcase, without_models_conf_a_variable_is_enough);
	tcase_add_test(tcase, the_file_is_found_by_its_variable);
	tcase_add_test(tcase, the_file_is_found_in_the_folder_one_is_in);
	tcase_add_test(tcase, the_shipped_nim_conf_shows_every_setting_with_its_default);
	tcase_add_test(tcase, the_shipped_models_conf_knows_every_name_of_a_client);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
