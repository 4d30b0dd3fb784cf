/* SPDX-License-Identifier: MIT */
/*
 * The proxy behind nim code: finds the one that answers at the configured address, or
 * starts one and stops it again.  A proxy that was there before is never touched.
 *
 * Several nim code of a user share the one that the first has started: each holds a
 * shared lock (flock(2)) on one file while it runs, and that proxy ends by itself when
 * nobody holds it any more (nim proxy --while-locked), even after a SIGKILL of them all.
 */
#ifndef NIM_MASTER_BACKGROUND_H
#define NIM_MASTER_BACKGROUND_H

#include <sys/types.h>

#include "master/conf.h"
#include "master/probe.h"

enum { BACKGROUND_PATH = 512 };

struct background {
	enum probe state;
	pid_t pid;    /* of the one that was started; 0 = none */
	int lock_fd;  /* -1: there is no place for the file */
	int stop_fd;  /* readable: give up waiting; -1 = none */
	char url[64]; /* for clients */
	char lock[BACKGROUND_PATH];
	char log[BACKGROUND_PATH]; /* where the started one writes its log */
};

/*
 * Asks the first listener. Says so on stderr when a stranger is there, or when its port
 * is not known before it runs.
 */
enum probe background_find(struct background *b, const struct conf *c);
/*
 * Starts `nim proxy` in a session of its own and waits until it answers. Returns 0, or -1
 * after a message that shows what the proxy has said.
 */
int background_start(struct background *b, const struct conf *c, const char *config);
/*
 * Ends what was started, unless others use it: SIGTERM, SIGKILL a second after the drain
 * time. Gives the lock back.
 */
void background_stop(struct background *b, int64_t drain_ms);

#endif
