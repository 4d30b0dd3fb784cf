/* SPDX-License-Identifier: MIT */
/*
 * The master: prepares everything that processes share, starts them, keeps them alive,
 * and ends them.  It never reads a client's socket.
 *
 * SIGTERM or SIGINT: the gate stops accepting, idle workers leave, running answers may go
 * on for drain_timeout_ms; what is left then is killed. A second signal kills at once.
 */
#ifndef NIM_MASTER_MASTER_H
#define NIM_MASTER_MASTER_H

#include "master/conf.h"

/*
 * SIGHUP: all files are read and checked again. When they are right, new workers start
 * with them, and the old ones leave after what they are serving; otherwise the log says
 * what is wrong, and nothing changes.
 */

/*
 * Runs until told to stop, or, when lock_fd is not -1, until nobody else has a lock on
 * that file (flock(2)). path: what c was read from, as conf_read() takes it. Returns the
 * exit code; dies with a sentence when it cannot start.
 */
int master_run(struct conf *c, const char *path, int lock_fd);

#endif
