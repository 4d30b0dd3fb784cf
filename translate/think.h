/* SPDX-License-Identifier: MIT */
/*
 * Splits <think>…</think> out of answer text, for models whose server leaves the tags in
 * the content.  Tags may be cut anywhere between two feeds; what could still become a tag
 * is held back, and nothing else.  A tag inside a ``` fence or `code span` is text.
 *
 * Rules: <think> counts at any time outside code; after </think> one run of line feeds is
 * dropped; a lone </think> before any other tag ends thinking that the template had
 * opened (the text before it can't be called back when it has been sent: it stays text,
 * and the tag vanishes); any other lone </think> is text; an unclosed <think> means all
 * the rest is thinking.  Inside thinking only </think> counts, code or not: thoughts are
 * full of backticks without a partner. Code: a run of three or more backticks opens a
 * fence that a run as long ends; a shorter run opens a span that a run of the same length
 * or the end of the line ends (as CommonMark, 4.5 and 6.1, without its rules for the
 * start of a line).
 */
#ifndef NIM_TRANSLATE_THINK_H
#define NIM_TRANSLATE_THINK_H

#include "translate/str.h"

struct think {
	bool is_inside;	    /* between the tags */
	bool has_tag;	    /* a tag has been seen */
	bool drop_newlines; /* just after </think> */
	size_t ticks;	    /* length of the run of backticks being read */
	size_t fence;	    /* length of the run that opened the fence we are in, or 0 */
	size_t span;	    /* the same for a code span */
	char held[8];	    /* the start of a possible tag */
	size_t held_len;
};

/* Called with pieces of text in order; is_thinking tells which side they belong to. */
typedef void think_piece_fn(void *context, bool is_thinking, struct str piece);

void think_init(struct think *t);
void think_feed(struct think *t, struct str text, think_piece_fn *piece, void *context);
/* The answer is over: what is held back is delivered. */
void think_end(struct think *t, think_piece_fn *piece, void *context);

#endif
