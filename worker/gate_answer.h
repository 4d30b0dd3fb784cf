/* SPDX-License-Identifier: MIT */
/*
 * What the gate says to a client itself, when no worker can: an error as Anthropic's API
 * answers it, and the end of the conversation.
 */
#ifndef NIM_WORKER_GATE_ANSWER_H
#define NIM_WORKER_GATE_ANSWER_H

#include "translate/an_error.h"

/*
 * Sends the answer and ends the sending side, without waiting. The connection has to be
 * drained before it is closed: closing with unread bytes would reset it, and the client
 * could lose the answer (RFC 9112 §9.6).
 */
void gate_answer(int fd, const struct an_error *e);
/*
 * Reads and forgets one piece of what the client still sends. False when there will be
 * nothing more: close it.
 */
bool gate_drain(int fd);

#endif
