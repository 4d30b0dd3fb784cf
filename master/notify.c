/* SPDX-License-Identifier: MIT */
/* The protocol is some lines of text over a socket; a library for it brings six more. */
#include "config.h"

#include "master/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3, FDS_MOST = 64, NAMES_MOST = 2048, TEXT_MOST = 512 };

static struct sockaddr_un address;
static socklen_t address_len;
static int fd_count;
static char fd_names[NAMES_MOST]; /* with colons between them */

static void read_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");

	if (!pid || !count || strtol(pid, NULL, 10) != getpid())
		return;
	fd_count = (int)strtol(count, NULL, 10);
	if (fd_count < 0 || fd_count > FDS_MOST)
		fd_count = 0;
	(void)snprintf(fd_names, sizeof(fd_names), "%s", names ? names : "");
	for (int fd = FIRST_FD; fd < FIRST_FD + fd_count; fd++)
		(void)fcntl(fd, F_SETFD,
			    FD_CLOEXEC); /* not open: nobody will ask for it */
}

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path && (path[0] == '/' || path[0] == '@') &&
	    strlen(path) < sizeof(address.sun_path)) {
		address.sun_family = AF_UNIX;
		memcpy(address.sun_path, path, strlen(path) + 1);
		address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					  strlen(path));
		if (path[0] == '@')
			address.sun_path[0] = '\0';
	}
	read_fds();
	(void)unsetenv("NOTIFY_SOCKET"); /* these fail for a bad name only */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
}

int notify_is_heard(void)
{
	return address_len > 0;
}

int notify_send(const char *text, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_len = strlen(text) };
	struct msghdr message = { .msg_name = &address,
				  .msg_namelen = address_len,
				  .msg_iov = &part,
				  .msg_iovlen = 1 };
	char copy[TEXT_MOST];
	int result, s;

	if (!address_len)
		return 0;
	(void)snprintf(copy, sizeof(copy), "%s", text);
	part.iov_base = copy; /* iovec has no const */
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -1;
	result = sendmsg(s, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
	(void)close(s); /* it has been sent, or not */
	return result;
}

int notify_stored(const char *name)
{
	const char *at = fd_names;
	int found = -1;

	for (int i = 0; i < fd_count; i++) {
		size_t len = strcspn(at, ":");

		if (len == strlen(name) && memcmp(at, name, len) == 0) {
			if (found >= 0)
				(void)close(found); /* the last one is the newest */
			found = FIRST_FD + i;
		}
		at += len + (at[len] == ':');
	}
	return found;
}
