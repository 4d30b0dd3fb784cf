/* SPDX-License-Identifier: MIT */
/*
 * mock/assistant: follows a script that stands in the conversation itself, so that it
 * comes through every program on the way.
 *
 * The last user message that holds blocks <|say|> … <|/say|> is the script; with k
 * assistant messages behind it, block k is spoken (counted from 0), behind the last block
 * "Done.". In a block, plain text is content, <think>…</think> is reasoning_content,
 * <tool_call>{"name":…,"arguments":{…}}</tool_call> a tool call (several: parallel),
 * <|wait N|> a pause of N milliseconds. A message without <|say|> may hold <|sub|> …
 * <|/sub|> in the same way: so a tool call inside a script can carry the script of
 * another conversation, a subagent's.
 *
 * Without a script it does what a modest assistant would: calls Bash once, or tells what
 * a tool printed, or says that it is simulated.
 */
#ifndef NIM_FAKENIM_SAID_H
#define NIM_FAKENIM_SAID_H

#include "tests/fakenim/behave.h"

void said_assistant(struct turn *t);

#endif
