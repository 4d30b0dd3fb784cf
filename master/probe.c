/* SPDX-License-Identifier: MIT */
/* One short question over a socket, with one deadline for all of it. */
#include "config.h"

#include "master/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/clock.h"

enum { ASK_MS = 2000, ANSWER_MAX = 2048 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t make_address(const char *text, int port, union address *to)
{
	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons((uint16_t)port);
		return sizeof(to->v4);
	}
	(void)inet_pton(AF_INET6, text, &to->v6.sin6_addr); /* checked by its reader */
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = htons((uint16_t)port);
	return sizeof(to->v6);
}

static bool wait_for(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, clock_left(until_ms, ASK_MS)) == 1;
}

/* A socket that is connected, or -1. */
static int dial(const union address *to, socklen_t len, int64_t until_ms)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, &to->any, len) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, until_ms) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void converse(int fd, char answer[ANSWER_MAX], int64_t until_ms)
{
	static const char question[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	size_t len = 0;
	ssize_t n = send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL);

	while (n > 0 && len < ANSWER_MAX - 1 && wait_for(fd, POLLIN, until_ms)) {
		n = recv(fd, answer + len, ANSWER_MAX - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	answer[len] = '\0';
}

enum probe probe_ask(const char *address, int port)
{
	int64_t until_ms = clock_ms() + ASK_MS;
	char answer[ANSWER_MAX];
	union address to;
	socklen_t len = make_address(address, port, &to);
	int fd = dial(&to, len, until_ms);

	if (fd < 0)
		return PROBE_NOBODY;
	converse(fd, answer, until_ms);
	(void)close(fd); /* nothing is left to send */
	/* A busy proxy answers 529 from its gate: also ours. */
	if (strstr(answer, "\"service\":\"nim-proxy\"") ||
	    strstr(answer, "overloaded_error"))
		return PROBE_OURS;
	return PROBE_STRANGER;
}
