/* SPDX-License-Identifier: MIT */
/*
 * The inside of one JSON string in a tool call's arguments (args.h), byte by byte:
 * escapes and characters pass when they are whole, what is wrong is escaped or replaced.
 */
#ifndef NIM_TRANSLATE_ARGS_TEXT_H
#define NIM_TRANSLATE_ARGS_TEXT_H

#include "translate/args.h"

enum args_text {
	ARGS_TEXT_USED,	  /* the byte is taken */
	ARGS_TEXT_AGAIN,  /* what was begun before it is settled: look at it again */
	ARGS_TEXT_BROKEN, /* a NUL in a name */
};

/* Takes one byte that is not the closing quote; a->part keeps what is not whole. */
enum args_text args_text_step(struct args *a, char c, bool is_name, struct buf *to);
/* Appends the beginning of rest that may stand as it is; returns its length. part is
 * empty. */
size_t args_text_run(struct str rest, struct buf *to);

#endif
