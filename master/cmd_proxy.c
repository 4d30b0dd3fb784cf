/* SPDX-License-Identifier: MIT */
/* nim proxy: read, complain or run. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>

#include "master/cmd.h"
#include "master/master.h"

struct options {
	const char *config;
	const char *lock; /* --while-locked */
};

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "while-locked", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			o->config = optarg;
		else if (option == 'w')
			o->lock = optarg;
		else
			return cmd_usage(argv[0], option == 'h');
	}
	return optind == argc ? CMD_GO_ON : cmd_unexpected(argv[0], argv[optind]);
}

int cmd_proxy(int argc, char **argv)
{
	struct options options = { 0 };
	static struct conf conf;
	int result = read_options(&options, argc, argv);
	int lock_fd = -1;

	if (result != CMD_GO_ON)
		return result;
	if (options.lock) {
		lock_fd = open(options.lock, O_RDWR | O_CLOEXEC);
		if (lock_fd < 0)
			die("cannot open %s: %s", options.lock, strerror(errno));
	}
	if (conf_read(&conf, options.config) == 0) {
		cmd_print_lines(&conf.warnings, "warning: ");
		result = master_run(&conf, options.config, lock_fd);
	} else {
		cmd_print_lines(&conf.errors, "");
		(void)fputs("nim: the configuration has errors; nothing was started\n",
			    stderr);
		result = 1;
	}
	conf_release(&conf);
	return result;
}
