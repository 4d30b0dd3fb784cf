/* SPDX-License-Identifier: MIT */
/*
 * Blocking in shape, not in system calls: every read and write is MSG_DONTWAIT and, where
 * it can't go on, waits in wait_fd() with a deadline.  SO_RCVTIMEO and SO_SNDTIMEO would
 * not do: each byte re-arms them.
 */
#include "config.h"

#include "worker/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "worker/clock.h"

enum {
	BODY_RATE = 64 << 10, /* bytes a second that a body may take at least */
	SEND_RATE = 16 << 10, /* the same for an answer that the client is slow to take */
	LINGER_MS = 2000,     /* how long an unread request is drained after the answer */
	OUT_MAX = 64 << 20,   /* an answer in memory: several times the largest context */
};

static const struct str continue_line = { "HTTP/1.1 100 Continue\r\n\r\n", 25 };

void conn_open(struct conn *c, int fd, struct waiter *waiter,
	       const struct worker_settings *settings, struct buf *body)
{
	int one = 1;
	unsigned user_timeout = (unsigned)settings->send_timeout_ms;

	c->fd = fd;
	c->waiter = waiter;
	c->settings = settings;
	c->body = body;
	c->is_gone = c->is_chunked = c->has_answered = c->is_body_read = false;
	c->in_used = c->in_len = 0;
	buf_init(&c->out, OUT_MAX);
	http_init(&c->http, body, (size_t)settings->body_max_bytes);
	/* Both only make it faster or leave sooner; a socket that has neither (unix)
	 * works too. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout,
			 sizeof(user_timeout));
}

static enum conn_result gone(struct conn *c)
{
	c->is_gone = true;
	return CONN_GONE;
}

/* Reads what is there, waiting for the first byte of it. */
static enum conn_result fill(struct conn *c, char *at, size_t room, int64_t deadline_ms,
			     size_t *got)
{
	for (;;) {
		ssize_t n = recv(c->fd, at, room, MSG_DONTWAIT);

		if (n > 0) {
			*got = (size_t)n;
			return CONN_OK;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return gone(c);
		if (errno == EINTR)
			continue;
		switch (wait_fd(c->waiter, c->fd, POLLIN, deadline_ms, false)) {
		case WAIT_READY:
			break;
		case WAIT_TIMEOUT:
			c->http.problem = AN_REQUEST_TIMEOUT;
			c->http.message = "The request did not arrive in time.";
			return CONN_BAD;
		case WAIT_ORPHANED:
		case WAIT_STOPPED:
			return gone(c);
		}
	}
}

enum conn_result conn_read_head(struct conn *c)
{
	int64_t deadline = clock_ms() + c->settings->head_timeout_ms;

	for (;;) {
		enum conn_result result;
		size_t got = 0, used;

		if (c->in_len == sizeof(c->in)) {
			c->http.problem = AN_HEAD_TOO_LARGE;
			c->http.message = "The request head is larger than 64 KiB.";
			return CONN_BAD;
		}
		result = fill(c, c->in + c->in_len, sizeof(c->in) - c->in_len, deadline,
			      &got);
		if (result != CONN_OK)
			return result;
		c->in_len += got;
		switch (http_feed(&c->http, c->in + c->in_used, c->in_len - c->in_used,
				  &used)) {
		case HTTP_NEED_MORE:
			c->in_used += used;
			break;
		case HTTP_HEAD_DONE:
		case HTTP_ALL_DONE:
			c->in_used += used;
			c->is_body_read =
				!c->http.is_chunked && c->http.content_length == 0;
			return CONN_OK;
		case HTTP_REFUSED:
			return CONN_BAD;
		}
	}
}

/* Bytes that came along with the head: they go to the body without another read. */
static enum http_state feed_rest(struct conn *c)
{
	size_t used = 0;
	enum http_state state;

	if (c->in_used == c->in_len)
		return HTTP_NEED_MORE;
	state = http_feed(&c->http, c->in + c->in_used, c->in_len - c->in_used, &used);
	c->in_used += used;
	return state;
}

static enum conn_result allow_body(struct conn *c)
{
	if (c->http.content_length > (uint64_t)c->settings->body_max_bytes) {
		c->http.problem = AN_TOO_LARGE;
		c->http.message = "The request body is larger than this proxy accepts.";
		return CONN_BAD;
	}
	if (!c->http.want_continue || c->in_used < c->in_len)
		return CONN_OK;
	if (send(c->fd, continue_line.ptr, continue_line.len,
		 MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)continue_line.len)
		return gone(c);
	return CONN_OK;
}

enum conn_result conn_read_body(struct conn *c)
{
	static char piece[64 << 10];
	int64_t start = clock_ms();
	enum conn_result result = allow_body(c);
	enum http_state state;

	if (result != CONN_OK || c->is_body_read)
		return result;
	if (c->http.content_length && !buf_reserve(c->body, c->http.content_length)) {
		c->http.problem = AN_OVERLOADED;
		c->http.message = "No memory for the request body now.";
		return CONN_BAD;
	}
	state = feed_rest(c);
	while (state == HTTP_NEED_MORE) {
		int64_t earned = (int64_t)(c->body->len / BODY_RATE) * 1000;
		size_t got = 0, used;

		result = fill(c, piece, sizeof(piece),
			      start + c->settings->body_timeout_ms + earned, &got);
		if (result != CONN_OK)
			return result;
		state = http_feed(&c->http, piece, got, &used);
	}
	c->is_body_read = state == HTTP_ALL_DONE;
	return state == HTTP_ALL_DONE ? CONN_OK : CONN_BAD;
}

/* Forgets the first n bytes of the pieces. */
static void advance(struct iovec *pieces, size_t count, size_t n)
{
	for (size_t i = 0; i < count && n; i++) {
		size_t take = n < pieces[i].iov_len ? n : pieces[i].iov_len;

		pieces[i].iov_base = (char *)pieces[i].iov_base + take;
		pieces[i].iov_len -= take;
		n -= take;
	}
}

static enum conn_result write_all(struct conn *c, struct iovec *pieces, size_t count)
{
	size_t left = 0;
	int64_t deadline = 0;

	for (size_t i = 0; i < count; i++)
		left += pieces[i].iov_len;
	while (left) {
		struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };
		ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return gone(c);
		if (n > 0) {
			left -= (size_t)n;
			advance(pieces, count, (size_t)n);
			continue;
		}
		if (!deadline)
			deadline = clock_ms() + c->settings->send_timeout_ms +
				   (int64_t)(left / SEND_RATE) * 1000;
		if (wait_fd(c->waiter, c->fd, POLLOUT, deadline, false) != WAIT_READY)
			return gone(c);
	}
	c->has_answered = true;
	return CONN_OK;
}

static enum conn_result send_pieces(struct conn *c, struct str head, struct str tail)
{
	char size_line[24];
	struct iovec pieces[4];
	size_t count = 0;
	enum conn_result result;

	if (c->is_gone)
		return CONN_GONE;
	if (head.len)
		pieces[count++] = (struct iovec){ (void *)(uintptr_t)head.ptr, head.len };
	if (c->is_chunked && c->out.len) {
		int n = snprintf(size_line, sizeof(size_line), "%zx\r\n", c->out.len);

		pieces[count++] = (struct iovec){ size_line, (size_t)n };
		buf_lit(&c->out, "\r\n");
	}
	if (c->out.len)
		pieces[count++] = (struct iovec){ c->out.data, c->out.len };
	if (tail.len)
		pieces[count++] = (struct iovec){ (void *)(uintptr_t)tail.ptr, tail.len };
	if (c->out.has_failed)
		return gone(c); /* an answer above OUT_MAX: better cut than wrong */
	result = write_all(c, pieces, count);
	buf_clear(&c->out);
	return result;
}

enum conn_result conn_send(struct conn *c, struct str head)
{
	return send_pieces(c, head, (struct str){ NULL, 0 });
}

void conn_chunked(struct conn *c)
{
	c->is_chunked = c->http.parser.http_minor == 1; /* RFC 9112 §7: not in 1.0 */
}

enum conn_result conn_send_last(struct conn *c, struct str head)
{
	return send_pieces(c, head,
			   c->is_chunked ? STR("0\r\n\r\n") : (struct str){ NULL, 0 });
}

bool conn_is_gone(struct conn *c)
{
	char rest[4096];
	ssize_t n;

	if (c->is_gone)
		return true;
	do {
		n = recv(c->fd, rest, sizeof(rest), MSG_DONTWAIT);
	} while (n > 0 || (n < 0 && errno == EINTR));
	/* A half-closed client counts as gone: real ones never half-close, crashed ones
	 * do. */
	if (n == 0 || errno != EAGAIN)
		c->is_gone = true;
	return c->is_gone;
}

/*
 * Closing with unread bytes makes the kernel send a reset, which can overtake the answer;
 * so a request that was refused before it was read is drained first.
 */
static void drain(struct conn *c)
{
	static char trash[64 << 10];
	int64_t deadline = clock_ms() + LINGER_MS;
	size_t got;

	(void)shutdown(c->fd, SHUT_WR); /* gone already: the reads below notice */
	while (fill(c, trash, sizeof(trash), deadline, &got) == CONN_OK)
		if (clock_left(deadline, 1) == 0)
			break;
}

void conn_close(struct conn *c)
{
	if (!c->is_gone && c->has_answered && !c->is_body_read)
		drain(c);
	else if (!c->is_gone)
		(void)conn_is_gone(c); /* takes what a client sent behind its request */
	(void)close(c->fd);
	c->fd = -1;
	buf_release(&c->out);
}

void conn_reset(struct conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(c->fd);
	c->fd = -1;
	c->is_gone = true;
	buf_release(&c->out);
}
