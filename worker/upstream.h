/* SPDX-License-Identifier: MIT */
/*
 * The way to the upstream: one easy and one multi handle a worker, for life, so that the
 * connection stays warm.  HTTP/1.1 by default (for one transfer a process HTTP/2 doubles
 * the CPU), no redirects, no proxy from the environment, no compression, no Expect, http
 * and https only, an own User-Agent.
 *
 * libcurl 7.88 calls a response head that was cut by FIN a success with status 200 and
 * nothing in it; so the caller decides by what arrived, not by the result code alone.
 */
#ifndef NIM_WORKER_UPSTREAM_H
#define NIM_WORKER_UPSTREAM_H

#include <curl/curl.h>

#include "translate/buf.h"
#include "worker/env.h"
#include "worker/wait.h"

enum {
	UPSTREAM_ERROR_BODY_MAX = 64 << 10,
	UPSTREAM_FIELD_MAX = 128,
	UPSTREAM_KEY_MAX = 1024, /* a field's line; keys have 70 characters */
};

/* Bytes of a 200 answer. Return 0, or -1 to end the transfer. */
typedef int upstream_data_fn(void *context, const char *bytes, size_t len);

struct upstream {
	const struct worker_env *env;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *fields;
	struct curl_slist key_field; /* in front of them; its text: */
	char key_line[UPSTREAM_KEY_MAX];
	upstream_data_fn *on_data;
	void *context;
	bool is_running;  /* a transfer is attached */
	bool is_done;	  /* it has ended; result is set */
	bool was_stopped; /* on_data returned -1 */
	CURLcode result;
	int status; /* 0 until the status line came */
	bool is_head_done;
	bool is_event_stream; /* Content-Type: text/event-stream */
	bool is_encoded;      /* a Content-Encoding that we did not ask for */
	char retry_after[UPSTREAM_FIELD_MAX];
	char request_id[UPSTREAM_FIELD_MAX];
	struct buf
		error_body; /* of an answer that is no event stream, cut at its maximum */
	size_t sent;	    /* bytes of the body handed to the kernel so far */
	char curl_error[CURL_ERROR_SIZE];
};

/* Returns 0, or -1 when libcurl gives no handles. */
int upstream_init(struct upstream *u, const struct worker_env *env);
void upstream_release(struct upstream *u);

/*
 * POSTs body (which must live until upstream_end()) to /chat/completions with that key
 * (NUL-terminated; empty: none). 0, or -1.
 */
int upstream_begin(struct upstream *u, struct str key, struct str body,
		   upstream_data_fn *on_data, void *context);
/*
 * Sleeps until the upstream has something, client_fd is readable (*client_ready), the
 * master is gone (w->is_orphaned) or timeout_ms has passed; then lets libcurl work, which
 * calls on_data.
 */
void upstream_step(struct upstream *u, struct waiter *w, int client_fd,
		   bool *client_ready, int timeout_ms);
/* Sleeps in the same way without a transfer (between two tries); w->bell_fd wakes it
 * too. */
void upstream_pause(struct upstream *u, struct waiter *w, int client_fd,
		    bool *client_ready, int timeout_ms);
/* Ends the transfer: a running one is cut off, which closes its connection at once. */
void upstream_end(struct upstream *u);

/* Something of the request has gone out; all of it: its body is not needed any more. */
bool upstream_has_begun(const struct upstream *u);
bool upstream_is_sent(const struct upstream *u, size_t body_len);
/* All that was sent has been acknowledged by the other end's kernel. */
bool upstream_is_heard(const struct upstream *u);
/*
 * The transfer failed without a byte of an answer, on a connection that had been open
 * before: the server was just closing it (uvicorn after 5 s idle). That is no failure; a
 * new connection is.
 */
bool upstream_was_stale(const struct upstream *u);
/* What the transfer's failure means, as a constant sentence. */
const char *upstream_reason(const struct upstream *u);

#endif
