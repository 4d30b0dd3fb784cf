/* SPDX-License-Identifier: MIT */
/*
 * A short way to write expected events, so that a case fits a screen.  One line a block:
 *
 *     start 7                               message_start, input_tokens 7
 *     text "Hel" "lo"                       begin, two text_delta, end
 *     think "Hm"                            the same with the signature
 *     tool {toolu:call_1} Read "{}"         begin, one input_json_delta, end
 *     stop end_turn 7 0 2                   message_delta (input, cached, output),
 * message_stop stop stop_sequence 7 0 2 "END"
 *
 * The strings are JSON strings as they stand in the event. A line that ends with the word
 * open has no end. Indexes count by themselves. {n} stands for a number above 0,
 * {toolu:X} for an id that carries the upstream's X, {toolu} for one that carries none.
 */
#ifndef NIM_TESTS_STEPS_H
#define NIM_TESTS_STEPS_H

#include "translate/buf.h"
#include "translate/pool.h"

/* Appends the events that the steps stand for. 0; -1 with a line on stderr. */
int steps_expand(struct buf *b, struct str steps);

/*
 * True when actual is expected with its placeholders filled. Otherwise *at is where in
 * expected they part.
 */
bool steps_match(struct pool *p, struct str expected, struct str actual, size_t *at);

#endif
