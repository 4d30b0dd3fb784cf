/* SPDX-License-Identifier: MIT */
/*
 * The non-streaming answer: the same blocks, assembled into one Message object (API
 * reference, "Messages", response).  What the stream machine says is written down as JSON
 * text while it comes.
 */
#ifndef NIM_TRANSLATE_AN_REPLY_H
#define NIM_TRANSLATE_AN_REPLY_H

#include "translate/an_sink.h"
#include "translate/buf.h"
#include "translate/pool.h"

struct an_reply {
	struct an_start start;
	struct buf *content; /* the elements of content[], comma separated */
	struct buf *out;     /* the finished message; empty until finish */
	bool is_finished;
};

extern const struct an_sink_ops an_reply_ops; /* self is a struct an_reply */

/* Buffers hang on the pool; max is the largest answer in bytes. */
void an_reply_init(struct an_reply *r, struct pool *p, size_t max);

#endif
