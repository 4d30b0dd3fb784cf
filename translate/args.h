/* SPDX-License-Identifier: MIT */
/*
 * The arguments of one tool call on their way to the client: fragments in, pieces out
 * whose concatenation is exactly one valid JSON object, whatever the model wrote.
 *
 * An object is passed on while it arrives, as far as it is a valid beginning of one; the
 * rest is held back.  Text inside a string value passes at once; names, numbers and words
 * wait until they are whole, so that what has been sent can always be closed.
 * Inside strings, raw control characters and backslashes that begin no escape are
 * escaped, and bytes that are not UTF-8 become U+FFFD (ARGS_ESCAPED): a regular
 * expression or a path with one backslash too few must not cut a file that is being
 * written.
 *
 * Other forms are collected and decided at the end:
 *   nothing, blanks, null            -> {}
 *   an object in a ``` fence         -> the object (ARGS_UNWRAPPED)
 *   a JSON string that holds one     -> the object (ARGS_UNWRAPPED)
 *   an object that is cut off        -> closed (ARGS_CLOSED), and marked by a member
 *                                       ARGS_MARK when a value may be half of one
 *   anything else, what follows the first thing that can't be repaired, or what follows a
 *   complete object                  -> dropped (ARGS_DROPPED)
 *
 * Every piece is whole characters.  How the text was cut into fragments changes nothing
 * in the concatenation.
 */
#ifndef NIM_TRANSLATE_ARGS_H
#define NIM_TRANSLATE_ARGS_H

#include "translate/buf.h"

/*
 * Half a command must not be run: a client that knows the tool's schema refuses the
 * member, and the model reads its name in the refusal.
 */
#define ARGS_MARK "__arguments_cut_off"

enum {
	ARGS_MAX = 8 << 20, /* as much as one event of the upstream */
	ARGS_DEPTH =
		56, /* comes back inside messages[].content[].input: jcheck allows 64 */
};

enum args_repair {
	ARGS_FINE = 0,
	ARGS_UNWRAPPED = 1, /* fence or string around it was taken off */
	ARGS_CLOSED = 2,
	ARGS_DROPPED = 4,
	ARGS_ESCAPED = 8,
};

struct args {
	struct buf held;    /* not decided yet */
	unsigned repairs;   /* enum args_repair, or-ed */
	uint8_t state;	    /* enum args_state in args.c */
	uint8_t depth;	    /* open levels */
	uint8_t part_len;   /* of part */
	char part[6];	    /* the beginning of an escape or of a character */
	bool is_streaming;  /* the object's first { has been seen */
	bool has_passed;    /* something has gone out */
	bool has_member;    /* of the object, that is */
	bool is_cut;	    /* the caller knows that the end is missing */
	uint64_t in_object; /* one bit a level: object or array, the innermost lowest */
	size_t scalar_at;   /* where the unfinished number or word begins in held */
	size_t sent;	    /* bytes passed on */
};

void args_init(struct args *a);
void args_release(struct args *a);
/* Appends to out what can go out now (maybe nothing). */
void args_feed(struct args *a, struct str fragment, struct buf *out);
/* The call is over: appends the rest, so that all of it together is one object. Once. */
void args_end(struct args *a, struct buf *out);

#endif
