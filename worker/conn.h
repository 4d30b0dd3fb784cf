/* SPDX-License-Identifier: MIT */
/*
 * One client connection: reading the request under deadlines, writing the answer,
 * noticing that the client has left.  The connection answers one request and is then
 * closed: a client process would hold it idle for 300 s otherwise, and an idle connection
 * would pin a worker.
 */
#ifndef NIM_WORKER_CONN_H
#define NIM_WORKER_CONN_H

#include "worker/env.h"
#include "worker/http.h"
#include "worker/wait.h"

enum { CONN_INPUT = HTTP_HEAD_MAX + 4096 };

enum conn_result {
	CONN_OK,
	CONN_GONE, /* the client has left, or the worker must: nothing more can be said to
		      it */
	CONN_BAD,  /* http.problem and http.message say what to answer */
};

struct conn {
	int fd;
	struct waiter *waiter;
	const struct worker_settings *settings;
	struct http http;
	struct buf *body;  /* of the request; the caller's */
	struct buf out;	   /* of the answer, not yet sent */
	bool is_gone;	   /* reading or writing has failed */
	bool is_chunked;   /* the answer is a chunked stream */
	bool has_answered; /* the first byte of an answer is out */
	bool is_body_read; /* the request has been read to its end */
	size_t in_used, in_len;
	char in[CONN_INPUT];
};

/* Takes over fd (a connected socket). body takes the request's body and must be empty. */
void conn_open(struct conn *c, int fd, struct waiter *waiter,
	       const struct worker_settings *settings, struct buf *body);
/* Until the head is complete. The gate has seen it whole, so this rarely waits. */
enum conn_result conn_read_head(struct conn *c);
/*
 * The body, if there is one: 413 by its declared length before a byte of it is read, 100
 * Continue when the client asked for it.
 */
enum conn_result conn_read_body(struct conn *c);

/*
 * Sends out as it stands: head (may be empty) in front of what conn->out holds. After
 * conn_chunked() the buffer's bytes go as one chunk. All of it is one system call if the
 * kernel has room. CONN_GONE when the client takes too little for too long.
 */
enum conn_result conn_send(struct conn *c, struct str head);
void conn_chunked(struct conn *c);
/* The chunk that ends a chunked answer, with what is still in out in front of it. */
enum conn_result conn_send_last(struct conn *c, struct str head);

/* Looks, without waiting, whether the client has left; reads and forgets anything it
 * still sends. */
bool conn_is_gone(struct conn *c);

/* Closes; an unread rest of the request is drained for a moment, so that the answer
 * arrives. */
void conn_close(struct conn *c);
/* Closes with a reset: the form of ending that Claude Code retries best. */
void conn_reset(struct conn *c);

#endif
