/* SPDX-License-Identifier: MIT */
/*
 * llhttp finds the tokens; this file collects them and holds the message to the rules
 * that decide where it ends, because a request that two programs cut differently is a
 * smuggled one.
 */
#include "config.h"

#include "worker/http.h"

static int refuse(struct http *h, enum an_error_kind problem, const char *message)
{
	if (!h->message) {
		h->problem = problem;
		h->message = message;
	}
	return HPE_USER;
}

/* llhttp may cut a token between two calls; its parts lie side by side in the buffer. */
static void extend(struct str *token, const char *at, size_t len)
{
	if (token->len == 0)
		token->ptr = at;
	token->len += len;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	struct http *h = parser->data;

	extend(&h->target, at, len);
	if (h->target.len > HTTP_TARGET_MAX)
		return refuse(h, AN_HEAD_TOO_LARGE,
			      "The request line is longer than 8 KiB.");
	return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http *h = parser->data;

	if (h->is_head_complete)
		return 0; /* a trailer: read and forgotten */
	if (h->is_in_value || h->field_count == 0) {
		if (h->field_count == HTTP_FIELDS_MAX)
			return refuse(h, AN_HEAD_TOO_LARGE,
				      "The request has more than 100 header fields.");
		h->field_count++;
		h->is_in_value = false;
	}
	extend(&h->fields[h->field_count - 1].name, at, len);
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct http *h = parser->data;

	if (h->is_head_complete)
		return 0;
	h->is_in_value = true;
	extend(&h->fields[h->field_count - 1].value, at, len);
	return 0;
}

static int on_value_complete(llhttp_t *parser)
{
	struct http *h = parser->data;

	h->is_in_value = true; /* also after an empty value, which has no on_value */
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct http *h = parser->data;

	if (len > h->body_max - h->body->len)
		return refuse(h, AN_TOO_LARGE,
			      "The request body is larger than this proxy accepts.");
	buf_add(h->body, at, len);
	if (h->body->has_failed)
		return refuse(h, AN_OVERLOADED, "No memory for the request body now.");
	return 0;
}

static int check_version(struct http *h)
{
	if (h->parser.http_major != 1 || h->parser.http_minor > 1)
		return refuse(h, AN_INVALID_REQUEST,
			      "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	return 0;
}

static size_t count_fields(const struct http *h, struct str name)
{
	size_t count = 0;

	for (size_t i = 0; i < h->field_count; i++)
		count += str_eq_nocase(h->fields[i].name, name);
	return count;
}

/* RFC 9112 §3.2: exactly one Host in 1.1, and never two. */
static int check_host(struct http *h)
{
	size_t hosts = count_fields(h, STR("host"));

	if (hosts > 1)
		return refuse(h, AN_INVALID_REQUEST,
			      "The request has more than one Host field.");
	if (hosts == 0 && h->parser.http_minor == 1)
		return refuse(h, AN_INVALID_REQUEST, "The request has no Host field.");
	return 0;
}

/* RFC 9112 §6: what decides the body's length must be beyond doubt. */
static int check_framing(struct http *h)
{
	size_t lengths = count_fields(h, STR("content-length"));
	size_t codings = count_fields(h, STR("transfer-encoding"));

	if (codings > 0) {
		if (lengths > 0 || codings > 1 || h->parser.http_minor == 0 ||
		    !str_eq_nocase(http_field(h, STR("transfer-encoding")),
				   STR("chunked")))
			return refuse(h, AN_INVALID_REQUEST,
				      "Transfer-Encoding may only be \"chunked\", once, "
				      "in HTTP/1.1, "
				      "and without Content-Length.");
		h->is_chunked = true;
	}
	if (lengths > 1)
		return refuse(h, AN_INVALID_REQUEST,
			      "The request has more than one Content-Length field.");
	if (lengths == 1)
		h->content_length = h->parser.content_length;
	return 0;
}

static int check_content(struct http *h)
{
	struct str coding = http_field(h, STR("content-encoding"));
	struct str expect = http_field(h, STR("expect"));

	if (coding.len && !str_eq_nocase(coding, STR("identity")))
		return refuse(
			h, AN_MEDIA_TYPE,
			"Content-Encoding is not supported; send the body as it is.");
	if (expect.len && !str_eq_nocase(expect, STR("100-continue")))
		return refuse(h, AN_EXPECTATION,
			      "Only Expect: 100-continue is understood.");
	h->want_continue = expect.len != 0;
	return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct http *h = parser->data;
	const char *query;

	h->is_head_complete = true;
	if (check_version(h) || check_host(h) || check_framing(h) || check_content(h))
		return -1;
	h->path = h->target;
	query = h->target.len ? memchr(h->target.ptr, '?', h->target.len) : NULL;
	if (query)
		h->path.len = (size_t)(query - h->target.ptr);
	return HPE_PAUSED; /* the caller decides about the body */
}

static int on_complete(llhttp_t *parser)
{
	struct http *h = parser->data;

	h->is_complete = true;
	return HPE_PAUSED; /* what follows is not part of this request */
}

static const llhttp_settings_t *settings(void)
{
	static llhttp_settings_t table;

	if (!table.on_url) {
		llhttp_settings_init(&table);
		table.on_url = on_url;
		table.on_header_field = on_field;
		table.on_header_value = on_value;
		table.on_header_value_complete = on_value_complete;
		table.on_headers_complete = on_headers_complete;
		table.on_body = on_body;
		table.on_message_complete = on_complete;
	}
	return &table;
}

void http_init(struct http *h, struct buf *body, size_t body_max)
{
	memset(h, 0, sizeof(*h));
	llhttp_init(&h->parser, HTTP_REQUEST, settings());
	h->parser.data = h;
	h->body = body;
	h->body_max = body_max;
}

/* What llhttp objects to, in words that help. */
static void explain(struct http *h, llhttp_errno_t error, struct str input)
{
	if (h->head_bytes == input.len && input.len && input.ptr[0] == 0x16)
		refuse(h, AN_INVALID_REQUEST, "This port speaks plain HTTP, not TLS.");
	else if (error == HPE_PAUSED_H2_UPGRADE)
		refuse(h, AN_INVALID_REQUEST,
		       "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	else
		refuse(h, AN_INVALID_REQUEST, "The request is not valid HTTP/1.1.");
}

enum http_state http_feed(struct http *h, const char *bytes, size_t len, size_t *used)
{
	bool was_head = h->is_head_complete;
	llhttp_errno_t error;

	*used = len;
	if (h->message)
		return HTTP_REFUSED;
	if (h->is_complete) {
		*used = 0;
		return HTTP_ALL_DONE;
	}
	if (was_head)
		llhttp_resume(&h->parser);
	else
		h->head_bytes += len;
	error = llhttp_execute(&h->parser, bytes, len);
	if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE) {
		*used = (size_t)(llhttp_get_error_pos(&h->parser) - bytes);
		if (!was_head) {
			h->head_bytes -= len - *used;
			if (h->head_bytes <= HTTP_HEAD_MAX)
				return HTTP_HEAD_DONE;
			refuse(h, AN_HEAD_TOO_LARGE,
			       "The request head is larger than 64 KiB.");
			return HTTP_REFUSED;
		}
		h->is_complete = true;
		return HTTP_ALL_DONE;
	}
	if (error != HPE_OK) {
		explain(h, error, (struct str){ bytes, len });
		return HTTP_REFUSED;
	}
	if (!h->is_head_complete && h->head_bytes > HTTP_HEAD_MAX) {
		refuse(h, AN_HEAD_TOO_LARGE, "The request head is larger than 64 KiB.");
		return HTTP_REFUSED;
	}
	return HTTP_NEED_MORE;
}

struct str http_field(const struct http *h, struct str name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (str_eq_nocase(h->fields[i].name, name))
			return str_trim(h->fields[i].value);
	return (struct str){ NULL, 0 };
}

bool http_is_method(const struct http *h, llhttp_method_t method)
{
	return h->parser.method == (uint8_t)method;
}
