/* SPDX-License-Identifier: MIT */
/* Numeric addresses only: a name would be resolved at start, and to what, nobody would
 * see. */
#include "config.h"

#include "master/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BIND_TRIES = 20, BIND_PAUSE_MS = 25 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const struct conf_listen *at, union address *to, socklen_t *len)
{
	const char *text =
		str_eq(at->address, STR("localhost")) ? "127.0.0.1" : at->address.ptr;

	memset(to, 0, sizeof(*to));
	if (!text)
		return -1;
	if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons((uint16_t)at->port);
		*len = sizeof(to->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = htons((uint16_t)at->port);
		*len = sizeof(to->v6);
		return 0;
	}
	return -1;
}

static int explain(const struct conf_listen *at, char why[256])
{
	if (errno == EADDRINUSE)
		(void)snprintf(why, 256,
			       "cannot listen on %.*s:%d: another program does already. "
			       "Stop it, or "
			       "choose another port (PROXY_PORT, or listen in nim.conf)",
			       STR_ARG(at->address), at->port);
	else
		(void)snprintf(why, 256, "cannot listen on %.*s:%d: %s",
			       STR_ARG(at->address), at->port, strerror(errno));
	return -1;
}

/* The gate of a master that has just died may not have noticed yet. */
static int bind_soon(int fd, const union address *a, socklen_t len)
{
	struct timespec pause = { 0, BIND_PAUSE_MS * 1000000L };

	for (int i = 0; i < BIND_TRIES; i++) {
		if (bind(fd, &a->any, len) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
		(void)nanosleep(&pause, NULL); /* a shorter one does as well */
	}
	return -1;
}

int listen_open(const struct conf_listen *at, char why[256])
{
	union address a;
	socklen_t len;
	int one = 1, fd;

	if (parse(at, &a, &len) < 0) {
		(void)snprintf(
			why, 256,
			"\"%.*s\" is no numeric address; give one such as 127.0.0.1",
			STR_ARG(at->address));
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return explain(at, why);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a.any.sa_family ==
	    AF_INET6) /* each address is listened on by its own entry */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind_soon(fd, &a, len) == 0)
		return fd;
	explain(at, why);
	(void)close(fd);
	return -1;
}

void listen_name(int fd, char text[LISTEN_TEXT])
{
	union address a;
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "?";

	if (getsockname(fd, &a.any, &len) < 0) {
		(void)snprintf(text, LISTEN_TEXT, "?");
	} else if (a.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
		(void)snprintf(text, LISTEN_TEXT, "%s:%d", host, ntohs(a.v4.sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(text, LISTEN_TEXT, "[%s]:%d", host, ntohs(a.v6.sin6_port));
	}
}
