/* SPDX-License-Identifier: MIT */
/*
 * Whether the bytes that have come so far are worth a worker's time.  No descriptor here,
 * so that tests can feed it anything.
 */
#ifndef NIM_WORKER_GATE_HEAD_H
#define NIM_WORKER_GATE_HEAD_H

#include "translate/str.h"

/*
 * True when the head of a request is whole (RFC 9112 §2.1: an empty line ends it), or
 * when a worker would refuse it without reading on: a first byte that begins no method (a
 * TLS record, a lower case letter), a bare LF as line end.  Empty lines in front are
 * passed over (RFC 9112 §2.2).
 */
bool gate_head_is_whole(struct str text);

#endif
