/* SPDX-License-Identifier: MIT */
/* One short question over a socket, one child in a session of its own. */
#include "config.h"

#include "master/background.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/clock.h"

enum {
	ASK_MS = 2000,	  /* how long an answer to /healthz may take */
	START_MS = 15000, /* how long a proxy may take to its first answer */
	LOOK_MS = 50,
};

/* A listener on all addresses is asked at this machine's own. */
static const char *reachable(const struct conf *c)
{
	struct str address = c->listen[0].address;

	if (str_eq(address, STR("0.0.0.0")) || str_eq(address, STR("localhost")))
		return "127.0.0.1";
	return str_eq(address, STR("::")) ? "::1" : address.ptr;
}

static int dial(const char *address, int port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port) };
	struct timeval limit = { ASK_MS / 1000, 0 };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	if (fd < 0 || (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1))
		return fd < 0 ? -1 : (close(fd), -1);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	result = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
		       : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (result == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static enum background_state ask(const char *address, int port)
{
	static const char question[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	char answer[2048];
	size_t len = 0;
	int fd = dial(address, port);

	if (fd < 0)
		return BACKGROUND_NOBODY;
	if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0) {
		ssize_t n;

		while (len < sizeof(answer) - 1 &&
		       (n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0)
			len += (size_t)n;
	}
	(void)close(fd);
	answer[len] = '\0';
	/* A busy proxy answers 529 from its gate: also ours. */
	if (strstr(answer, "\"service\":\"nim-proxy\"") ||
	    strstr(answer, "overloaded_error"))
		return BACKGROUND_OURS;
	return BACKGROUND_STRANGER;
}

enum background_state background_find(struct background *b, const struct conf *c)
{
	const char *address = reachable(c);
	int port = c->listen[0].port;

	(void)snprintf(b->url, sizeof(b->url),
		       strchr(address, ':') ? "http://[%s]:%d" : "http://%s:%d", address,
		       port);
	b->state = ask(address, port);
	if (b->state == BACKGROUND_STRANGER)
		(void)fprintf(stderr,
			      "nim: something that is no nim listens at %s. Stop it, or "
			      "choose another port "
			      "(PROXY_PORT)\n",
			      b->url);
	return b->state;
}

/* ~/.local/state/nim/proxy.log, or nowhere. */
static int open_log(struct background *b)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char folder[sizeof(b->log) - 16];
	int fd;

	if (state && *state)
		(void)snprintf(folder, sizeof(folder), "%s", state);
	else
		(void)snprintf(folder, sizeof(folder), "%s/.local/state",
			       home ? home : "");
	for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(folder, 0700); /* it may exist; opening the file tells */
		*at = '/';
	}
	(void)mkdir(folder, 0700);
	(void)snprintf(b->log, sizeof(b->log), "%s/nim", folder);
	(void)mkdir(b->log, 0700);
	(void)snprintf(b->log, sizeof(b->log), "%s/nim/proxy.log", folder);
	fd = open(b->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		return fd;
	(void)snprintf(b->log, sizeof(b->log), "/dev/null");
	return open(b->log, O_WRONLY | O_CLOEXEC);
}

static void become_proxy(const char *config, int log_fd)
{
	char *const with[] = { (char *)(uintptr_t) "nim", (char *)(uintptr_t) "proxy",
			       (char *)(uintptr_t) "--config", (char *)(uintptr_t)config,
			       NULL };
	char *const without[] = { (char *)(uintptr_t) "nim", (char *)(uintptr_t) "proxy",
				  NULL };
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)setsid(); /* Ctrl-C in the terminal is for Claude Code */
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(1);
	(void)execv("/proc/self/exe", config ? with : without);
	_exit(1);
}

static bool has_ended(struct background *b)
{
	int status;

	if (waitpid(b->pid, &status, WNOHANG) != b->pid)
		return false;
	b->pid = 0;
	return true;
}

static int wait_until_it_answers(struct background *b, const struct conf *c)
{
	int64_t until = clock_ms() + START_MS;

	while (clock_left(until, 1) > 0) {
		if (has_ended(b)) {
			(void)fprintf(stderr,
				      "nim: the proxy did not start; its log is %s\n",
				      b->log);
			return -1;
		}
		if (ask(reachable(c), c->listen[0].port) == BACKGROUND_OURS)
			return 0;
		(void)poll(NULL, 0, LOOK_MS);
	}
	(void)fprintf(stderr,
		      "nim: the proxy did not answer within %d s; its log is %s\n",
		      START_MS / 1000, b->log);
	return -1;
}

int background_start(struct background *b, const struct conf *c, const char *config)
{
	int log_fd = open_log(b);
	pid_t pid;

	if (log_fd < 0) {
		(void)fprintf(stderr, "nim: cannot open a log: %s\n", strerror(errno));
		return -1;
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_proxy(config, log_fd);
	(void)close(log_fd);
	if (pid < 0) {
		(void)fprintf(stderr, "nim: cannot start a process: %s\n",
			      strerror(errno));
		return -1;
	}
	b->pid = pid;
	return wait_until_it_answers(b, c);
}

void background_stop(struct background *b, int64_t drain_ms)
{
	int64_t until = clock_ms() + drain_ms + 1000;

	if (b->pid == 0)
		return;
	(void)kill(b->pid, SIGTERM);
	while (!has_ended(b)) {
		if (clock_left(until, 1) == 0) {
			(void)kill(b->pid,
				   SIGKILL); /* its children see the master's death */
			(void)waitpid(b->pid, NULL, 0);
			b->pid = 0;
			return;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
}
