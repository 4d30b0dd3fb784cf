/* SPDX-License-Identifier: MIT */
/* One place writes heads, so that no answer lacks its request-id. */
#include "config.h"

#include "worker/reply.h"

#include <stdio.h>

#include "worker/admit.h"

/*
 * Everything in a head is ours: constants, numbers, and the request id that we made.
 * Nothing of a request or of the upstream gets here, so nothing needs escaping.
 */
static struct str write_head(struct req *r, char *head, size_t size, int status,
			     const char *reason, const char *fields)
{
	char limits[ADMIT_FIELDS_MAX];
	int n;

	admit_fields(r, limits);
	n = snprintf(head, size,
		     "HTTP/1.1 %d %s\r\n"
		     "request-id: %.*s\r\n"
		     "connection: close\r\n"
		     "%s%s\r\n",
		     status, reason, STR_ARG(r->id), limits, fields);

	r->status = status;
	return (struct str){ head, n > 0 && (size_t)n < size ? (size_t)n : 0 };
}

static void send_json(struct req *r, int status, const char *reason, const char *more)
{
	char fields[256], head[REPLY_HEAD_MAX];
	struct str text;

	(void)snprintf(fields, sizeof(fields),
		       "content-type: application/json\r\n"
		       "content-length: %zu\r\n%s",
		       r->conn->out.len, more);
	text = write_head(r, head, sizeof(head), status, reason, fields);
	if (http_is_method(&r->conn->http, HTTP_HEAD))
		buf_clear(&r->conn->out);
	(void)conn_send(r->conn, text); /* a client that has gone needs no answer */
}

void reply_json(struct req *r)
{
	r->outcome = SHM_ok;
	send_json(r, 200, "OK", "");
}

enum shm_counter reply_outcome(enum an_error_kind kind)
{
	if (kind == AN_RATE_LIMIT || kind == AN_SPENT)
		return SHM_rate_limited;
	return an_errors[kind].is_client_error ? SHM_client_errors : SHM_upstream_errors;
}

static void send_error(struct req *r, const struct an_error *e, const char *more)
{
	const struct an_error_info *info = &an_errors[e->kind];
	char fields[160];
	char retry[40] = "";

	if (e->retry_after > 0)
		(void)snprintf(retry, sizeof(retry), "retry-after: %d\r\n",
			       e->retry_after);
	(void)snprintf(fields, sizeof(fields), "%s%s%s", retry,
		       e->want_no_retry ? "x-should-retry: false\r\n" : "", more);
	buf_clear(&r->conn->out);
	an_error_body(&r->conn->out, e, r->id);
	r->error = *e;
	r->has_error = true;
	r->outcome = reply_outcome(e->kind);
	send_json(r, info->status, info->reason, fields);
}

void reply_error(struct req *r, const struct an_error *e)
{
	send_error(r, e, "");
}

void reply_fail(struct req *r, enum an_error_kind kind, const char *message)
{
	struct an_error e = { .kind = kind, .message = str_of(message) };

	send_error(r, &e, "");
}

void reply_not_allowed(struct req *r, const char *allow)
{
	struct an_error e = { .kind = AN_METHOD_NOT_ALLOWED };
	char field[64];

	e.message = pool_strf(r->pool, "This path answers %s only.", allow);
	(void)snprintf(field, sizeof(field), "allow: %s\r\n", allow);
	send_error(r, &e, field);
}

struct str reply_stream_head(struct req *r, char head[REPLY_HEAD_MAX])
{
	conn_chunked(r->conn);
	return write_head(r, head, REPLY_HEAD_MAX, 200, "OK",
			  r->conn->is_chunked
				  ? "content-type: text/event-stream; charset=utf-8\r\n"
				    "cache-control: no-cache\r\n"
				    "transfer-encoding: chunked\r\n"
				  : "content-type: text/event-stream; charset=utf-8\r\n"
				    "cache-control: no-cache\r\n");
}
