/* SPDX-License-Identifier: MIT */
/*
 * A strict reader of Anthropic's streaming events, written from the protocol and sharing
 * no code with the writer: it checks every rule of the order and puts the message
 * together, as the SDK's accumulator does (Anthropic Messages API, "Streaming messages").
 */
#ifndef NIM_TESTS_GRAMMAR_H
#define NIM_TESTS_GRAMMAR_H

#include <json-c/json.h>

#include "translate/str.h"

enum { GRAMMAR_WHY_MAX = 200 };

enum grammar {
	GRAMMAR_WHOLE,	 /* message_start to message_stop */
	GRAMMAR_CUT,	 /* a legal beginning, maybe nothing */
	GRAMMAR_ILLEGAL, /* why says what is wrong */
};

/*
 * *message is the message as assembled so far (the caller puts it), NULL when there was
 * none.
 */
enum grammar grammar_read(struct str events, struct json_object **message,
			  char why[GRAMMAR_WHY_MAX]);

#endif
