/* SPDX-License-Identifier: MIT */
/* One child in a session of its own, and a lock that says who needs it. */
#include "config.h"

#include "master/background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/clock.h"

enum {
	START_MS = 15000, /* how long a proxy may take to its first answer */
	LOOK_MS = 50,
	LOG_MAX = 1 << 20, /* a longer one is begun anew */
	SHOWN_MAX = 4096,  /* of a log, when the start has failed */
};

/* A listener on all addresses is asked at this machine's own. */
static const char *reachable(const struct conf *c)
{
	struct str address = c->listen[0].address;

	if (str_eq(address, STR("0.0.0.0")) || str_eq(address, STR("localhost")))
		return "127.0.0.1";
	return str_eq(address, STR("::")) ? "::1" : address.ptr;
}

/* $XDG_STATE_HOME/nim or ~/.local/state/nim, made if need be. Returns 0, or -1. */
static int find_folder(char folder[BACKGROUND_PATH])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool is_own = state && *state == '/'; /* XDG: a relative one is ignored */
	int n;

	if (!is_own && !(home && *home == '/'))
		return -1;
	n = snprintf(folder, BACKGROUND_PATH, "%s%s/nim/", is_own ? state : home,
		     is_own ? "" : "/.local/state");
	if (n < 0 || n > BACKGROUND_PATH - 32)
		return -1;
	for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(folder, 0700); /* it may exist; opening the files tells */
		*at = '/';
	}
	return 0;
}

static int open_own(const char *path, int flags)
{
	return open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/*
 * Says that we need the proxy. One that is about to end holds the lock for itself until
 * it has gone; then there is room for a new one.
 */
static void take_lock(struct background *b, int64_t drain_ms)
{
	int64_t until_ms = clock_ms() + drain_ms + 1000;

	b->lock_fd = b->lock[0] ? open_own(b->lock, O_RDWR) : -1;
	while (b->lock_fd >= 0 && flock(b->lock_fd, LOCK_SH | LOCK_NB) < 0 &&
	       clock_left(until_ms, 1) > 0)
		(void)poll(NULL, 0, LOOK_MS);
}

enum probe background_find(struct background *b, const struct conf *c)
{
	const char *address = reachable(c);
	int port = c->listen[0].port;
	char folder[BACKGROUND_PATH];

	b->state = PROBE_STRANGER;
	b->lock_fd = -1;
	if (port == 0) {
		(void)fputs(
			"nim: port 0 leaves the port to chance; nim code needs a fixed "
			"one (PROXY_PORT)\n",
			stderr);
		return b->state;
	}
	(void)snprintf(b->url, sizeof(b->url),
		       strchr(address, ':') ? "http://[%s]:%d" : "http://%s:%d", address,
		       port);
	(void)snprintf(b->log, sizeof(b->log), "/dev/null");
	if (find_folder(folder) == 0) {
		(void)snprintf(b->lock, sizeof(b->lock), "%.480scode-%d.lock", folder,
			       port);
		(void)snprintf(b->log, sizeof(b->log), "%.480sproxy.log", folder);
		take_lock(b, c->drain_timeout_ms);
	}
	b->state = probe_ask(address, port);
	if (b->state == PROBE_STRANGER)
		(void)fprintf(stderr,
			      "nim: something that is no nim listens at %s. Stop it, or "
			      "choose another port (PROXY_PORT)\n",
			      b->url);
	return b->state;
}

static int open_log(struct background *b, off_t *from)
{
	int fd = open_own(b->log, O_RDWR | O_APPEND);
	struct stat st;

	*from = 0;
	if (fd < 0) {
		(void)snprintf(b->log, sizeof(b->log), "/dev/null");
		return open(b->log, O_RDWR | O_CLOEXEC);
	}
	if (fstat(fd, &st) == 0 && (st.st_size <= LOG_MAX || ftruncate(fd, 0) < 0))
		*from = st.st_size;
	return fd;
}

/* In the child. What comes back from here was no success. */
static void become_proxy(const struct background *b, const char *config, int log_fd)
{
	char program[BACKGROUND_PATH] = "/proc/self/exe";
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	const char *argv[8] = { "nim", "proxy" };
	size_t count = 2;
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (n > 0)
		program[n] = '\0'; /* so that ps shows a name and not "exe" */
	if (config) {
		argv[count++] = "--config";
		argv[count++] = config;
	}
	if (b->lock_fd >= 0) {
		argv[count++] = "--while-locked";
		argv[count++] = b->lock;
	}
	(void)setsid(); /* Ctrl-C in the terminal is for Claude Code */
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(1);
	(void)execv(program, (char **)(uintptr_t)argv);
	(void)execv("/proc/self/exe", (char **)(uintptr_t)argv); /* replaced meanwhile */
	_exit(1);
}

static bool has_ended(struct background *b)
{
	if (waitpid(b->pid, NULL, WNOHANG) != b->pid)
		return false;
	b->pid = 0;
	return true;
}

/* Sleeps for a moment; true when we have been told to stop. */
static bool nap(const struct background *b)
{
	struct pollfd stop = { .fd = b->stop_fd, .events = POLLIN };

	return poll(&stop, 1, LOOK_MS) > 0;
}

static int wait_until_it_answers(struct background *b, const struct conf *c)
{
	int64_t until_ms = clock_ms() + START_MS;

	while (clock_left(until_ms, 1) > 0) {
		if (has_ended(b)) {
			(void)fputs("nim: the proxy did not start:\n", stderr);
			return -1;
		}
		if (probe_ask(reachable(c), c->listen[0].port) == PROBE_OURS)
			return 0;
		if (nap(b))
			return -1;
	}
	(void)fprintf(stderr, "nim: the proxy did not answer within %d s:\n",
		      START_MS / 1000);
	return -1;
}

static void show_log(const struct background *b, int fd, off_t from)
{
	char text[SHOWN_MAX];
	ssize_t n = pread(fd, text, sizeof(text), from);

	if (n > 0)
		(void)fwrite(text, 1, (size_t)n, stderr);
	(void)fprintf(stderr, "nim: its log is %s\n", b->log);
}

int background_start(struct background *b, const struct conf *c, const char *config)
{
	off_t from;
	int log_fd = open_log(b, &from);
	int result = -1;
	pid_t pid;

	if (log_fd < 0) {
		(void)fprintf(stderr, "nim: cannot open a log: %s\n", strerror(errno));
		return -1;
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_proxy(b, config, log_fd);
	if (pid < 0) {
		(void)fprintf(stderr, "nim: cannot start a process: %s\n",
			      strerror(errno));
	} else {
		b->pid = pid;
		result = wait_until_it_answers(b, c);
		if (result < 0)
			show_log(b, log_fd, from);
	}
	(void)close(log_fd); /* the proxy has its own */
	return result;
}

static void end_it(struct background *b, int64_t drain_ms)
{
	int64_t until_ms = clock_ms() + drain_ms + 1000;

	(void)kill(b->pid, SIGTERM); /* our child, not yet reaped: it exists */
	while (!has_ended(b)) {
		if (clock_left(until_ms, 1) == 0) {
			(void)kill(b->pid, SIGKILL); /* its children see that */
			(void)waitpid(b->pid, NULL, 0);
			b->pid = 0;
			return;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
}

void background_stop(struct background *b, int64_t drain_ms)
{
	bool is_shared = b->lock_fd >= 0 && flock(b->lock_fd, LOCK_EX | LOCK_NB) < 0;

	if (b->pid > 0 && !is_shared)
		end_it(b, drain_ms);
	if (b->lock_fd >= 0)
		(void)close(b->lock_fd);
	b->lock_fd = -1;
}
