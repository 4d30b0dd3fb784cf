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
int cmd_user(int argc, char **argv);

enum { CMD_GO_ON = -1 }; /* no exit code: the options are read */

/* The help of a command; is_asked: on stdout, exit code 0; else on stderr, 2. */
int cmd_usage(const char *name, bool is_asked);
/* Says that a word on the command line is not understood; returns 2. */
int cmd_unexpected(const char *name, const char *word);
/* To stderr, each line as "nim: " prefix line. */
void cmd_print_lines(const struct buf *lines, const char *prefix);

#endif
