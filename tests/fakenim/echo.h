/* SPDX-License-Identifier: MIT */
/* Answers that repeat what was received, so that a test sees what nim sent. */
#ifndef NIM_FAKENIM_ECHO_H
#define NIM_FAKENIM_ECHO_H

#include "tests/fakenim/behave.h"

/* Says the text of the last user message. */
void echo_user(struct turn *t);
/* That text, in the pool or in the tree. */
struct str echo_last(struct turn *t);
/*
 * A JSON object: fields (names of the body's members), headers (name to value, the key
 * masked), roles, tools (names) and body (all of it).
 */
void echo_request(struct turn *t);
/* A user message's text: the string, or its text parts one behind the other. In the pool.
 */
struct str echo_text(struct turn *t, struct json_object *message);
/* Says text in pieces of at most max bytes, cut between characters, and ends well. */
void echo_say(struct turn *t, struct str text, size_t max);

#endif
