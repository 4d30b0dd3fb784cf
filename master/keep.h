/* SPDX-License-Identifier: MIT */
/*
 * Keeping the segment: it is taken over from a master that has gone (systemd's descriptor
 * store), or made anew and filled from the state directory; requests that are done are
 * booked; once a minute and at the end it is saved.
 */
#ifndef NIM_MASTER_KEEP_H
#define NIM_MASTER_KEEP_H

#include <sys/types.h>

#include "master/rows.h"
#include "master/state.h"

struct keep {
	struct shm_segment segment;
	bool is_adopted;   /* workers of a dead master may still hold slots */
	char folder[4096]; /* the state directory; empty: there is none */
	int lock_fd;	   /* that it is ours */
	pid_t saver;	   /* 0: none is at work */
	int64_t save_ms;   /* when the next one starts */
	bool has_failed;   /* the last one did; said once */
};

/* While still root: takes the state directory, and gives it to that user. */
void keep_take_folder(struct keep *k, const struct conf *c);
/* Dies when there is no memory for a segment. */
void keep_open(struct keep *k, struct conf *c);
/* Books what is done, and saves when it is time. */
void keep_tick(struct keep *k, int64_t now_ms);
/* True when that child was the saver: it has been buried. */
bool keep_bury(struct keep *k, pid_t pid, int status);
/* The last word: books and saves all. Nobody grants or books any more. */
void keep_close(struct keep *k);

#endif
