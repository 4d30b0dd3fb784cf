/* SPDX-License-Identifier: MIT */
/* nim check: what would be used, and what is wrong with it. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "master/cmd.h"
#include "master/conf_opts.h"

static void print_lanes(const struct people *p)
{
	for (size_t i = 0; i < p->lane_count; i++) {
		const struct lane *lane = &p->lanes[i];

		(void)printf("lane: %s, key %s, ", lane->name.ptr,
			     lane->key_count == 0   ? "not set"
			     : lane->key_count == 1 ? "set"
						    : "set (several)");
		if (lane->is_paced)
			(void)printf("%lld requests in %lld ms\n", (long long)lane->rpm,
				     (long long)lane->window_ms);
		else
			(void)printf("not paced\n");
	}
	for (size_t i = 0; i < p->pool_count; i++)
		(void)printf("pool: %s, %zu lanes\n", p->pools[i].name.ptr,
			     p->pools[i].lane_count);
	if (p->has_file)
		(void)printf("people: %zu\n", p->list[0].has_token ? p->count : 0);
	else
		(void)printf("people: everybody%s\n", p->list[0].has_token
							      ? " with PROXY_API_KEY"
							      : " on this "
								"machine");
}

/* Of the people, and of what runs now. */
static const char *who_sees_names(const struct conf *c)
{
	if (!c->people.has_file && !c->people.list[0].has_token)
		return "names for everybody on this machine, as the proxy itself";
	if (c->status_open)
		return "names for everybody on this machine (status_open)";
	return c->people.has_file ? "numbers open, names for people with admin = true"
				  : "numbers open, names with PROXY_API_KEY";
}

static void print_conf(const struct conf *c)
{
	(void)printf("file: %s\n",
		     c->file.len ? c->file.ptr : "none; the defaults are used");
	if (c->models_file.len)
		(void)printf("file: %s\n", c->models_file.ptr);
	for (int i = 0; i < c->listen_count; i++)
		(void)printf("listen: %.*s:%d\n", STR_ARG(c->listen[i].address),
			     c->listen[i].port);
	for (int i = 0; i < c->status_count; i++)
		(void)printf("status: %.*s:%d, %s\n", STR_ARG(c->status[i].address),
			     c->status[i].port, who_sees_names(c));
	if (c->people_file.len)
		(void)printf("file: %s\n", c->people_file.ptr);
	(void)printf("upstream: %.*s\n", STR_ARG(c->base_url));
	print_lanes(&c->people);
	(void)printf("default model: %.*s; %zu models, %zu aliases\n",
		     STR_ARG(c->models.default_model), c->models.count,
		     c->models.alias_count);
	conf_opts_print_changed(c, stdout);
}

static int read_options(const char **config, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option != 'c')
			return cmd_usage(argv[0], option == 'h');
		*config = optarg;
	}
	return optind == argc ? CMD_GO_ON : cmd_unexpected(argv[0], argv[optind]);
}

int cmd_check(int argc, char **argv)
{
	const char *config = NULL;
	static struct conf conf;
	int result = read_options(&config, argc, argv);

	if (result != CMD_GO_ON)
		return result;
	(void)conf_read(&conf, config);
	result = conf.error_count ? 1 : 0;
	if (result == 0)
		print_conf(&conf);
	(void)fflush(stdout);
	cmd_print_lines(&conf.warnings, "warning: ");
	cmd_print_lines(&conf.errors, "");
	if (result == 0)
		(void)puts("the configuration is fine");
	else
		(void)fprintf(stderr, "nim: %d %s\n", conf.error_count,
			      conf.error_count == 1 ? "error" : "errors");
	conf_release(&conf);
	return result;
}
