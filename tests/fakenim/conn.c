/* SPDX-License-Identifier: MIT */
/* Sockets and llhttp; nothing here knows what a chat completion is. */
#include "config.h"

#include "tests/fakenim/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct conn *of(llhttp_t *parser)
{
	return parser->data;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	struct conn *c = of(parser);

	buf_add(&c->head, at, len);
	c->target_len += len;
	return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
	struct conn *c = of(parser);

	if (c->field_count == 0 || c->is_in_value) {
		if (c->field_count == CONN_FIELDS_MAX)
			return -1;
		c->fields[c->field_count++] =
			(struct conn_field){ .name_at = c->head.len };
		c->is_in_value = false;
	}
	c->fields[c->field_count - 1].name_len += len;
	buf_add(&c->head, at, len);
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct conn *c = of(parser);
	struct conn_field *field = &c->fields[c->field_count - 1];

	if (!c->is_in_value) {
		field->value_at = c->head.len;
		c->is_in_value = true;
	}
	field->value_len += len;
	buf_add(&c->head, at, len);
	return 0;
}

/* An empty value makes no on_value call. */
static int on_value_end(llhttp_t *parser)
{
	of(parser)->is_in_value = true;
	return 0;
}

static int on_head(llhttp_t *parser)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct conn *c = of(parser);

	if (conn_field(c, STR("expect"), NULL).len)
		conn_send(c, go_on, sizeof(go_on) - 1);
	return 0;
}

/* What nginx does in front of a server: it refuses while the client still sends. */
static bool is_refused_early(const struct conn *c)
{
	return c->body.len > EARLY_MAX &&
	       str_has_prefix(buf_str(&c->body), STR("{\"model\":\"mock/413-early"));
}

static void refuse_early(struct conn *c)
{
	conn_answer(c, 413, "text/html", "Connection: close\r\n",
		    STR("<html><head><title>413 Request Entity Too "
			"Large</title></head><body><center><h1>413 Request Entity Too "
			"Large</h1></center><hr><center>nginx</center></body></html>"));
	c->is_gone = true;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct conn *c = of(parser);

	buf_add(&c->body, at, len);
	if (!c->body.has_failed && !is_refused_early(c))
		return 0;
	if (!c->body.has_failed)
		refuse_early(c);
	return -1;
}

static int on_end(llhttp_t *parser)
{
	of(parser)->is_complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_end,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_end,
};

void conn_init(struct conn *c, int fd)
{
	int on = 1;

	memset(c, 0, offsetof(struct conn, in));
	c->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pool_init(&c->pool, NULL);
	buf_init(&c->head, CONN_HEAD_MAX);
	buf_init(&c->body, CONN_BODY_MAX);
}

void conn_release(struct conn *c)
{
	(void)close(c->fd);
	pool_release(&c->pool);
	buf_release(&c->head);
	buf_release(&c->body);
}

static void start(struct conn *c)
{
	pool_release(&c->pool);
	buf_clear(&c->head);
	buf_clear(&c->body);
	c->target_len = c->field_count = 0;
	c->is_complete = c->is_in_value = false;
	llhttp_init(&c->parser, HTTP_REQUEST, &callbacks);
	c->parser.data = c;
}

/* Parses what is there. Returns 0, or -1 when it is not HTTP. */
static int parse(struct conn *c)
{
	llhttp_errno_t code =
		llhttp_execute(&c->parser, c->in + c->from, c->till - c->from);

	if (code == HPE_PAUSED)
		c->from = (size_t)(llhttp_get_error_pos(&c->parser) - c->in);
	else if (code == HPE_OK)
		c->from = c->till;
	else
		return -1;
	return 0;
}

enum conn_read conn_read(struct conn *c)
{
	bool has_begun = c->from < c->till;

	start(c);
	for (;;) {
		ssize_t n;

		if (c->from < c->till && parse(c) < 0)
			return CONN_BROKEN;
		if (c->is_complete) {
			c->wants_close = !llhttp_should_keep_alive(&c->parser);
			return CONN_REQUEST;
		}
		c->from = c->till = 0;
		n = recv(c->fd, c->in, sizeof(c->in), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return has_begun ? CONN_BROKEN : CONN_END;
		has_begun = true;
		c->till = (size_t)n;
	}
}

struct str conn_path(const struct conn *c)
{
	const char *query =
		c->target_len ? memchr(c->head.data, '?', c->target_len) : NULL;

	return (struct str){ c->head.data,
			     query ? (size_t)(query - c->head.data) : c->target_len };
}

const char *conn_method(const struct conn *c)
{
	return llhttp_method_name(llhttp_get_method((llhttp_t *)(uintptr_t)&c->parser));
}

struct str conn_field_name(const struct conn *c, size_t i)
{
	return (struct str){ c->head.data + c->fields[i].name_at, c->fields[i].name_len };
}

struct str conn_field_value(const struct conn *c, size_t i)
{
	return (struct str){ c->head.data + c->fields[i].value_at,
			     c->fields[i].value_len };
}

struct str conn_field(const struct conn *c, struct str name, bool *is_there)
{
	for (size_t i = 0; i < c->field_count; i++)
		if (str_eq_nocase(conn_field_name(c, i), name)) {
			if (is_there)
				*is_there = true;
			return str_trim(conn_field_value(c, i));
		}
	if (is_there)
		*is_there = false;
	return (struct str){ NULL, 0 };
}

void conn_send(struct conn *c, const char *bytes, size_t len)
{
	while (len && !c->is_gone) {
		ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			c->is_gone = true;
			return;
		}
		bytes += n;
		len -= (size_t)n;
	}
}

void conn_answer(struct conn *c, int status, const char *type, const char *fields,
		 struct str body)
{
	struct buf b;

	buf_init(&b, CONN_BODY_MAX);
	buf_addf(&b, "HTTP/1.1 %d Simulated\r\nContent-Length: %zu\r\n%s", status,
		 body.len, fields ? fields : "");
	if (type)
		buf_addf(&b, "Content-Type: %s\r\n", type);
	if (c->wants_close)
		buf_lit(&b, "Connection: close\r\n");
	buf_lit(&b, "\r\n");
	buf_adds(&b, body);
	conn_send(c, b.data, b.len);
	buf_release(&b);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void conn_sleep(struct conn *c, int64_t ms)
{
	int64_t until = now_ms() + ms;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
		int64_t left = until - now_ms();
		int n;

		if (left < 0)
			left = 0;
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
		/* As the real servers do, a half-closed client counts as gone. */
		if (n > 0)
			c->is_gone = true;
		if (c->is_gone || left == 0)
			return;
	}
}

void conn_reset(struct conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	c->is_gone = true;
}
