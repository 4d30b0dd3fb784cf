/* SPDX-License-Identifier: MIT */
/* nim check: what would be used, and what is wrong with it. */
#include "config.h"

#include <stdio.h>

#include "master/cmd.h"
#include "master/conf_opts.h"
#include "master/listen.h"

static void print_option(const struct conf *c, const struct conf_opt *opt)
{
	const char *at = (const char *)c + opt->offset;

	if (opt->type == CONF_INT && *(const int64_t *)at != opt->by_default)
		(void)printf("%s = %lld %s (default %lld)\n", opt->name,
			     (long long)*(const int64_t *)at, opt->unit,
			     (long long)opt->by_default);
	if (opt->type == CONF_BOOL && *(const bool *)at != (opt->by_default != 0))
		(void)printf("%s = %s\n", opt->name,
			     *(const bool *)at ? "true" : "false");
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
	(void)printf("upstream: %.*s, key %s\n", STR_ARG(c->base_url),
		     c->api_key.len ? "set" : "not set");
	(void)printf("default model: %.*s; %zu models, %zu aliases\n",
		     STR_ARG(c->models.default_model), c->models.count,
		     c->models.alias_count);
	for (size_t i = 0; i < conf_opt_count; i++)
		print_option(c, &conf_opts[i]);
}

static void check_listeners(struct conf *c)
{
	for (int i = 0; i < c->listen_count; i++)
		if (!listen_is_loopback(&c->listen[i]) && c->proxy_api_key.len == 0)
			conf_error(c, NULL, NULL,
				   "listen: %.*s can be reached from other machines, and "
				   "PROXY_API_KEY is "
				   "not set",
				   STR_ARG(c->listen[i].address));
}

int cmd_check(int argc, char **argv)
{
	const char *config;
	static struct conf conf;
	int result;

	if (cmd_config_option(argc, argv, &config) < 0)
		return 2;
	(void)conf_read(&conf, config);
	if (conf.error_count == 0)
		check_listeners(&conf);
	result = conf.error_count ? 1 : 0;
	if (result == 0)
		print_conf(&conf);
	(void)fwrite(conf.warnings.data, 1, conf.warnings.len, stdout);
	(void)fflush(stdout);
	(void)fwrite(conf.errors.data, 1, conf.errors.len, stderr);
	if (result == 0)
		(void)puts("the configuration is fine");
	else
		(void)fprintf(stderr, "%d %s\n", conf.error_count,
			      conf.error_count == 1 ? "error" : "errors");
	conf_release(&conf);
	return result;
}
