/* SPDX-License-Identifier: MIT */
/*
 * The server side of HTTP/1.1: one request's head and body, parsed by llhttp with nothing
 * lenient switched on, plus the rules that llhttp leaves to its user (RFC 9112; RFC
 * 9110): limits, exactly one Host, no transfer coding but "chunked" and none in 1.0,
 * version 1.0 or 1.1, identity content only. Bytes in, fields out: no descriptor here, so
 * that a fuzzer can call it.
 */
#ifndef NIM_WORKER_HTTP_H
#define NIM_WORKER_HTTP_H

#include <llhttp.h>

#include "translate/an_error.h"
#include "translate/buf.h"

enum {
	HTTP_HEAD_MAX = 64 << 10, /* request line and fields together */
	HTTP_TARGET_MAX = 8 << 10,
	HTTP_FIELDS_MAX = 100,
};

struct http_field {
	struct str name;
	struct str value;
};

enum http_state {
	HTTP_NEED_MORE, /* feed more bytes */
	HTTP_HEAD_DONE, /* the head is complete; feed again (with what is left) for the
			   body */
	HTTP_ALL_DONE,	/* the request is complete */
	HTTP_REFUSED,	/* problem and message say why; the connection can't go on */
};

struct http {
	llhttp_t parser;
	struct buf *body; /* where body bytes go */
	size_t body_max;
	const char *base; /* the input buffer the slices point into */
	size_t head_bytes;
	struct str target;
	struct str path; /* target up to ? */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	uint64_t content_length;
	bool is_chunked;
	bool want_continue; /* Expect: 100-continue */
	bool is_head_complete;
	bool is_in_value; /* the last callback was for a field's value */
	bool is_complete;
	enum an_error_kind problem;
	const char *message; /* NULL while all is well */
};

/* body takes the request's body, at most body_max bytes of it. */
void http_init(struct http *h, struct buf *body, size_t body_max);
/*
 * Feeds bytes; *used says how many were taken. Until the head is complete all bytes must
 * be parts of one buffer, in order and without moving: the slices point into it and live
 * as long as it does.
 */
enum http_state http_feed(struct http *h, const char *bytes, size_t len, size_t *used);

/* The value of a field, name compared without case; empty when absent. The first of
 * several. */
struct str http_field(const struct http *h, struct str name);
bool http_is_method(const struct http *h, llhttp_method_t method);

#endif
