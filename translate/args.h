/* SPDX-License-Identifier: MIT */
/*
 * The arguments of one tool call on their way to the client: fragments in, pieces out whose
 * concatenation is exactly one valid JSON object, whatever the model wrote.
 *
 * An object is passed on while it arrives, as far as it is a valid beginning of one; the
 * rest is held back.  Other forms are collected and decided at the end:
 *   nothing, blanks, null            -> {}
 *   an object in a ``` fence         -> the object
 *   a JSON string that holds one     -> the object
 *   an object that is cut off        -> closed (ARGS_CLOSED)
 *   anything else, or what follows a complete object -> dropped (ARGS_DROPPED)
 */
#ifndef NIM_TRANSLATE_ARGS_H
#define NIM_TRANSLATE_ARGS_H

#include "translate/buf.h"

enum { ARGS_MAX = 8 << 20, ARGS_DEPTH = 64 };

enum args_repair {
	ARGS_FINE = 0,
	ARGS_UNWRAPPED = 1, /* fence or string around it was taken off */
	ARGS_CLOSED = 2,
	ARGS_DROPPED = 4,
};

struct args {
	struct buf held;      /* not decided yet */
	unsigned repairs;     /* enum args_repair, or-ed */
	uint8_t state;	      /* enum args_state in args.c */
	uint8_t number_state; /* inside a number or a literal: how far */
	uint8_t depth;
	bool is_streaming;    /* the object's first { has been seen */
	bool has_passed;      /* something has gone out */
	uint64_t in_object;   /* one bit a level: object or array */
	size_t sent;	      /* bytes passed on */
};

void args_init(struct args *a);
void args_release(struct args *a);
/* Appends to out what can go out now (maybe nothing). */
void args_feed(struct args *a, struct str fragment, struct buf *out);
/* The call is over: appends the rest, so that all of it together is one object. */
void args_end(struct args *a, struct buf *out);

#endif
