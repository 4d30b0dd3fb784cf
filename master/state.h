/* SPDX-License-Identifier: MIT */
/*
 * What outlives the processes: the accounts and windows as a text file in the state
 * directory, one line a row, every value with its name, so that another version's file is
 * read by name.  Written beside, fsync, rename; the last line is a checksum over all
 * before it.  A file that is torn or somebody else's is kept aside and said so, never
 * overwritten.
 *
 *     nim-state 1
 *     run boot=<kernel's boot id> clean=yes wall=<Unix s> now=<monotonic ms>
 *     total requests=12 ok=11 … wait=0,3,… wait_ms=… today=… …
 *     person name=ada … served=<monotonic ms>
 *     lane name=team … benched=<monotonic ms> ring=<monotonic ms>:ada:0,…
 *     model name=vendor%2Fmodel … token_ratio=… …
 *     minute number=… requests=… …
 *     day number=… …
 *     sum <SHA-256 of all lines above>
 *
 * Windows are exact across a stop and a start: their stamps are monotonic times of the
 * same boot, so a wall clock that jumps changes nothing. After a reboot every earlier
 * grant is older than the boot: the windows begin full as of then. After an end without a
 * word (clean=no) nobody knows what was granted last: they begin full as of now, and
 * requests wait for them (the slow start).
 */
#ifndef NIM_MASTER_STATE_H
#define NIM_MASTER_STATE_H

#include "shm/segment.h"
#include "translate/buf.h"

struct state_clock {
	int64_t wall_s, now_ms;
	char boot[40]; /* the kernel's boot id */
};

void state_clock_read(struct state_clock *clock);

enum state_loaded {
	STATE_NONE,	/* there is no file: the first start */
	STATE_CLEAN,	/* windows and accounts are as they were */
	STATE_REBOOTED, /* windows are full as of the boot */
	STATE_UNCLEAN,	/* windows are full as of now */
	STATE_REFUSED,	/* the file was kept aside: *why; else as STATE_UNCLEAN */
};

/*
 * Takes the directory for this process, which must be the only one (a record lock on a
 * file "lock"). Makes the directory when it is missing. Returns a descriptor to keep, or
 * -1 with *why, a sentence.
 */
int state_take(const char *folder, char why[256]);

/* Into a segment whose configured rows have been claimed. */
enum state_loaded state_load(struct shm_segment *seg, const char *folder,
			     const struct state_clock *clock, char why[256]);
/* Returns 0, or -1 with *why. is_last: nothing is granted any more. */
int state_save(const struct shm_segment *seg, const char *folder,
	       const struct state_clock *clock, bool is_last, char why[256]);

/* The two halves of it, on text (state_write.c, state_read.c). */
void state_write(struct buf *to, const struct shm_segment *seg,
		 const struct state_clock *clock, bool is_last);
/* NULL, or what is wrong with the text; nothing has been read then. */
const char *state_check(struct str text);
enum state_loaded state_read(struct shm_segment *seg, struct str text,
			     const struct state_clock *clock);
/* All configured lanes are full: so many grants at that moment. */
void state_fill_windows(struct shm_segment *seg, int64_t at_ms);

#endif
