/* SPDX-License-Identifier: MIT */
/*
 * The Messages API's streaming events as text (API reference, "Streaming messages"):
 * every event has its event: line, equal to data.type, and ends with an empty line. Built
 * by hand into one buffer, because an answer is a hundred of these for each kilobyte of
 * text.
 */
#ifndef NIM_TRANSLATE_AN_EVENT_H
#define NIM_TRANSLATE_AN_EVENT_H

#include "translate/an_error.h"
#include "translate/an_sink.h"
#include "translate/buf.h"

extern const struct an_sink_ops an_event_ops; /* self is the struct buf to append to */

void an_event_ping(struct buf *b);
void an_event_error(struct buf *b, const struct an_error *e, struct str request_id);
/* The parts that the non-stream message has in common: "usage":{...} and
 * "stop_reason":...,"stop_sequence":... without braces around them. */
void an_event_usage(struct buf *b, const struct an_usage *usage);
void an_event_stop(struct buf *b, enum an_stop stop, struct str stop_sequence);

#endif
