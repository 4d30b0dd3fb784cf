/* SPDX-License-Identifier: MIT */
/* nim check: what would be used, and what is wrong with it. */
#include "config.h"

#include <stdio.h>

#include "master/cmd.h"
#include "master/conf_opts.h"

static void print_conf(const struct conf *c)
{
	(void)printf("file: %s\n",
		     c->file.len ? c->file.ptr : "none; the defaults are used");
	if (c->models_file.len)
		(void)printf("file: %s\n", c->models_file.ptr);
	for (int i = 0; i < c->listen_count; i++)
		(void)printf("listen: %.*s:%d\n", STR_ARG(c->listen[i].address),
			     c->listen[i].port);
	(void)printf("upstream: %.*s, key %s\n", STR_ARG(c->base_url),
		     c->api_key.len ? "set" : "not set");
	(void)printf("default model: %.*s; %zu models, %zu aliases\n",
		     STR_ARG(c->models.default_model), c->models.count,
		     c->models.alias_count);
	conf_opts_print_changed(c, stdout);
}

int cmd_check(int argc, char **argv)
{
	const char *config;
	static struct conf conf;
	int result;

	if (cmd_config_option(argc, argv, &config) < 0)
		return 2;
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
