/* SPDX-License-Identifier: MIT */
/* The configuration: what is read from where, and what the shipped files say. */
#include "config.h"

#include "master/conf_opts.h"
#include "tests/unit/conf_files.h"

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

START_TEST(the_status_is_beside_the_first_listener)
{
	ck_assert_int_eq(
		read_conf("listen = ( { address = \"127.0.0.1\"; port = 9000; } );",
			  MODELS),
		0);
	ck_assert_int_eq(conf.status_count, 1);
	ck_assert_int_eq(conf.status[0].port, 9001);
	conf_release(&conf);
	ck_assert_int_eq(read_conf("status = ( ); status_open = true;", MODELS), 0);
	ck_assert_int_eq(conf.status_count, 0);
	ck_assert(conf.status_open);
	conf_release(&conf);
	ck_assert_int_eq(
		read_conf("status = ( { address = \"0.0.0.0\"; port = 1; } );", MODELS),
		-1);
	ck_assert_ptr_nonnull(
		strstr(lines(&conf.errors), "a status on 0.0.0.0 wants tokens"));
}
END_TEST

START_TEST(names_of_later_versions_are_only_a_warning)
{
	ck_assert_int_eq(read_conf("workers = { spare_max = 3;\n"
				   "\nspare_min = 1; };",
				   MODELS),
			 0);
	ck_assert_str_eq(
		lines(&conf.warnings),
		"nim.conf:1: \"workers.spare_max\" is not used by this version\n"
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
	bool is_inside = false; /* of a list of several lines */
	size_t used = 0;
	char line[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", top ? top : ".", name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		bool begins = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
		bool is_setting = begins || is_inside;
		size_t len = strlen(line) - is_setting;

		ck_assert_uint_lt(used + len, sizeof(text));
		memcpy(text + used, line + is_setting, len);
		used += len;
		is_inside = is_setting && strcmp(line, "#);\n") != 0 &&
			    (is_inside || strcmp(line + strlen(line) - 2, "(\n") == 0);
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
	ck_assert_str_eq(fresh.settings.pdf_to_text.ptr, conf.settings.pdf_to_text.ptr);
	fresh.settings.pdf_to_text =
		conf.settings.pdf_to_text; /* texts in other places */
	ck_assert_str_eq(fresh.order_word.ptr, conf.order_word.ptr);
	fresh.settings.rules.by_person = true; /* made from that word */
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

/* Each member of a list stands in the file, and a list that shows all is right. */
START_TEST(the_shipped_people_conf_shows_everything)
{
	static const char *const members[] = {
		"key_credential", "key_file", "key_env",
		"owner",	  "rpm",      "window",
		"spacing",	  "paced",    "tokens_per_minute",
		"lanes",	  "weight",   "requests_per_minute",
		"streams",	  "models",   "requests_per_day",
		"max_wait",	  "admin",    "disabled",
		"tokens_per_day",
	};
	const char *text = shipped("people.conf");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		ck_assert_msg(strstr(text, members[i]) != NULL, "%s is missing",
			      members[i]);
	put("people.conf", text, strlen(text));
	put("team.key", "nvapi-team", 10);
	put("ada-key", "nvapi-ada", 9);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	ck_assert_int_eq(setenv("BIG_KEY", "nvapi-1", 1), 0);
	ck_assert_int_eq(setenv("BIG_KEY_2", "nvapi-2", 1), 0);
	ck_assert_msg(read_conf("", MODELS) == 0, "%s", lines(&conf.errors));
	ck_assert_uint_eq(conf.people.lane_count, 3);
	ck_assert_uint_eq(conf.people.count, 2);
	ck_assert_uint_eq(conf.people.lanes[2].key_count, 2);
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
	tcase_add_test(tcase, every_setting_arrives);
	tcase_add_test(tcase, models_arrive);
	tcase_add_test(tcase, the_status_is_beside_the_first_listener);
	tcase_add_test(tcase, names_of_later_versions_are_only_a_warning);
	tcase_add_test(tcase, the_environment_wins_over_the_files);
	tcase_add_test(tcase, an_empty_variable_is_as_none);
	tcase_add_test(tcase, a_key_opens_the_way_to_other_machines);
	tcase_add_test(tcase, without_models_conf_a_variable_is_enough);
	tcase_add_test(tcase, the_file_is_found_by_its_variable);
	tcase_add_test(tcase, the_file_is_found_in_the_folder_one_is_in);
	tcase_add_test(tcase, the_shipped_nim_conf_shows_every_setting_with_its_default);
	tcase_add_test(tcase, the_shipped_people_conf_shows_everything);
	tcase_add_test(tcase, the_shipped_models_conf_knows_every_name_of_a_client);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
