/* SPDX-License-Identifier: MIT */
/*
 * Plays a script, one word and its argument a line:
 *
 *   role                  {"role":"assistant","content":""}
 *   text X                a content delta; \n in X is a line feed
 *   reason X, vreason X   a delta in reasoning_content, in reasoning
 *   call I ID NAME [X]    a tool call's first chunk, X is arguments; NAME @1, @2 …:
 *                         the first, second … declared tool; ID - means none
 *   args I X              more arguments
 *   delta JSON            any delta; ' is written for "
 *   data JSON             any data line; ' is written for "
 *   raw X                 bytes inside the body, bare X outside of all framing
 *   end REASON [JSON]     the finish chunk, with JSON as its delta
 *   usage, done           the usage chunk if it was asked for, [DONE]
 *   head                  the head goes out now
 *   sleep S               seconds, or #1 for the number in the model's name
 *   hang                  until the client leaves
 *   rst, fin              the connection is reset, closed without the last chunk
 *   stale                 the connection is closed when the next request has come
 *   over, close           the last chunk is sent; close: and then the connection closed
 */
#ifndef NIM_FAKENIM_PLAY_H
#define NIM_FAKENIM_PLAY_H

#include "tests/fakenim/behave.h"

void play(struct turn *t, const char *script);
/* The n-th declared tool's name (from 0, going round), get_weather without tools. */
struct str play_tool_name(struct turn *t, size_t n);

#endif
