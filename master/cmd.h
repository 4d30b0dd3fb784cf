/* SPDX-License-Identifier: MIT */
/* The commands of the program: one row each (main.c), one file each (cmd_*.c). */
#ifndef NIM_MASTER_CMD_H
#define NIM_MASTER_CMD_H

#include "translate/buf.h"

struct cmd {
	const char *name;
	const char *arguments; /* as the help shows them */
	const char *summary;   /* one line */
	const char *help;      /* the rest of `nim help NAME` */
	/* argv[0] is the command's name. Returns the exit code. */
	int (*run)(int argc, char **argv);
	void (*more)(void); /* prints what the help still has to say; may be NULL */
};

int cmd_proxy(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_code(int argc, char **argv);

/*
 * Reads --config FILE, the only option of proxy and check. Returns 0 and *config (NULL
 * when not given), or -1 after a message.
 */
int cmd_config_option(int argc, char **argv, const char **config);
/* To stderr, each line as "nim: " prefix line. */
void cmd_print_lines(const struct buf *lines, const char *prefix);

#endif
