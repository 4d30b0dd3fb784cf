/* SPDX-License-Identifier: MIT */
/* What the end of a process says: one table from exit words to what the master does. */
#ifndef NIM_MASTER_DEATH_H
#define NIM_MASTER_DEATH_H

#include <stdbool.h>

enum { DEATH_TEXT = 64 };

struct death {
	char how[DEATH_TEXT]; /* "bug", "signal 9 (Killed)", "exit code 77" */
	bool is_bad;	      /* young ones that end so throttle their successors */
	bool is_quiet;	      /* as it should be: worth a debug line only */
};

/*
 * status is waitpid(2)'s. SIGKILL and SIGTERM are somebody else's wish, or the kernel's
 * for memory: the successor is not at fault, so they are never bad.
 */
void death_read(struct death *d, int status);

#endif
