/* SPDX-License-Identifier: MIT */
/*
 * Stop sequences, looked for in the text itself: servers take only a few, and none of
 * them beside tools (oa_request.c).  Anthropic's API ends the answer before the sequence
 * and names it.
 *
 * What could still become a sequence is held back, and nothing else.
 */
#ifndef NIM_TRANSLATE_STOPS_H
#define NIM_TRANSLATE_STOPS_H

#include "translate/buf.h"
#include "translate/pool.h"

struct stops {
	const struct str *list; /* none is empty */
	size_t count;
	struct buf *held;
	const struct str *matched; /* the sequence that was found, or NULL */
};

typedef void stops_piece_fn(void *context, struct str piece);

/* list lives as long as s. */
void stops_init(struct stops *s, const struct str *list, size_t count, struct pool *p);
/* Passes what no sequence can reach; nothing once one has matched. */
void stops_feed(struct stops *s, struct str text, stops_piece_fn *piece, void *context);
/* The text is over, or something else follows: what is held passes. */
void stops_end(struct stops *s, stops_piece_fn *piece, void *context);

#endif
