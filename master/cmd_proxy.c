/* SPDX-License-Identifier: MIT */
/* nim proxy: read, complain or run. */
#include "config.h"

#include <stdio.h>

#include "master/cmd.h"
#include "master/master.h"

int cmd_proxy(int argc, char **argv)
{
	const char *config;
	static struct conf conf;
	int result = 1;

	if (cmd_config_option(argc, argv, &config) < 0)
		return 2;
	if (conf_read(&conf, config) == 0) {
		cmd_print_lines(&conf.warnings, "warning: ");
		result = master_run(&conf);
	} else {
		cmd_print_lines(&conf.errors, "");
		(void)fputs("nim: the configuration has errors; nothing was started\n",
			    stderr);
	}
	conf_release(&conf);
	return result;
}
