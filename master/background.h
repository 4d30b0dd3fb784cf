/* SPDX-License-Identifier: MIT */
/*
 * The proxy behind nim code: finds the one that answers at the configured address, or
 * starts one and stops it again.  A proxy that was there before is never touched.
 */
#ifndef NIM_MASTER_BACKGROUND_H
#define NIM_MASTER_BACKGROUND_H

#include <sys/types.h>

#include "master/conf.h"

enum background_state {
	BACKGROUND_NOBODY,   /* nothing listens */
	BACKGROUND_OURS,     /* a nim answers */
	BACKGROUND_STRANGER, /* something else does */
};

struct background {
	enum background_state state;
	pid_t pid;     /* of the one that was started; 0 = none */
	char url[128]; /* for clients */
	char log[512]; /* where the started one writes its log */
};

/* Asks /healthz of the first listener. Says so on stderr when a stranger is there. */
enum background_state background_find(struct background *b, const struct conf *c);
/* Starts `nim proxy` in a session of its own and waits until it answers. 0, or -1 after a
 * message. */
int background_start(struct background *b, const struct conf *c, const char *config);
/* Ends what was started: SIGTERM, SIGKILL a second after the drain time. */
void background_stop(struct background *b, int64_t drain_ms);

#endif
