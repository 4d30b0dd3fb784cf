/* SPDX-License-Identifier: MIT */
/*
 * Answers: status line, header fields, and the body that stands in conn->out.  Every
 * answer has request-id and Connection: close; every error is Anthropic's envelope.
 */
#ifndef NIM_WORKER_REPLY_H
#define NIM_WORKER_REPLY_H

#include "worker/req.h"

/* 200 with the JSON in conn->out. For HEAD only the head goes out. */
void reply_json(struct req *r);
/*
 * The error as an HTTP answer; only before anything has been answered. Notes it in the
 * tray (status, error, outcome). allow is for 405 and may be NULL.
 */
void reply_error(struct req *r, const struct an_error *e);
void reply_fail(struct req *r, enum an_error_kind kind, const char *message);
void reply_not_allowed(struct req *r, const char *allow);

/*
 * The head of a streaming answer, to be sent in front of the first chunk: written to
 * head, which must have room for REPLY_HEAD_MAX bytes. Switches the connection to chunks.
 */
enum { REPLY_HEAD_MAX = 1024 };
struct str reply_stream_head(struct req *r, char head[REPLY_HEAD_MAX]);

/* What an error of that kind counts as. */
enum shm_counter reply_outcome(enum an_error_kind kind);

#endif
