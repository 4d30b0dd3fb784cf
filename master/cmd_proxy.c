/* SPDX-License-Identifier: MIT */
/* nim proxy: read, complain or run. */
#include "config.h"

#include <stdio.h>

#include "master/cmd.h"
#include "master/master.h"

static void print_lines(const struct buf *lines, const char *prefix)
{
	const char *at = lines->data;
	size_t left = lines->len;

	while (left > 0) {
		const char *end = memchr(at, '\n', left);
		size_t len = end ? (size_t)(end - at) : left;

		(void)fprintf(stderr, "nim: %s%.*s\n", prefix, (int)len, at);
		at += len + (end != NULL);
		left -= len + (end != NULL);
	}
}

int cmd_proxy(int argc, char **argv)
{
	const char *config;
	static struct conf conf;
	int result = 1;

	if (cmd_config_option(argc, argv, &config) < 0)
		return 2;
	if (conf_read(&conf, config) == 0) {
		print_lines(&conf.warnings, "warning: ");
		result = master_run(&conf);
	} else {
		print_lines(&conf.errors, "");
		(void)fputs("nim: the configuration has errors; nothing was started\n",
			    stderr);
	}
	conf_release(&conf);
	return result;
}
