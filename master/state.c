/* SPDX-License-Identifier: MIT */
/* The file and its directory. */
#include "config.h"

#include "master/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/clock.h"

enum { FILE_MOST = 8 << 20, PATH_MOST = 4096 };

void state_clock_read(struct state_clock *clock)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	memset(clock, 0, sizeof(*clock));
	clock->wall_s = clock_wall_s();
	clock->now_ms = clock_ms();
	n = fd < 0 ? 0 : read(fd, clock->boot, 36);
	if (n < 36)
		(void)snprintf(clock->boot, sizeof(clock->boot), "unknown");
	if (fd >= 0)
		(void)close(fd); /* only read from */
}

static void say(char why[256], const char *what, const char *path)
{
	(void)snprintf(why, 256, "%s %.150s: %s", what, path, strerror(errno));
}

static void path_in(char path[PATH_MOST], const char *folder, const char *name)
{
	(void)snprintf(path, PATH_MOST, "%s/%s", folder, name);
}

static int make_folder(const char *folder)
{
	char path[PATH_MOST];

	(void)snprintf(path, sizeof(path), "%s", folder);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)mkdir(path, 0755); /* the last one tells */
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

int state_take(const char *folder, char why[256])
{
	/* It goes with this process, whatever its children still hold. */
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MOST];
	int fd;

	if (make_folder(folder) < 0) {
		say(why, "cannot make", folder);
		return -1;
	}
	path_in(path, folder, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		say(why, "cannot open", path);
		return -1;
	}
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	(void)snprintf(why, 256, "%.200s is in use by another nim", folder);
	(void)close(fd); /* not ours */
	return -1;
}

/* ---- reading */

static int read_file(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (n > 0) {
		char *room = buf_reserve(text, 64 << 10);

		n = room ? read(fd, room, 64 << 10) : -1;
		if (n > 0)
			text->len += (size_t)n;
	}
	(void)close(fd); /* only read from */
	if (n < 0 && errno == 0)
		errno = EFBIG;
	return n < 0 ? -1 : 0;
}

/* So that nobody loses what we cannot read. */
static void put_aside(const char *folder, const char *path, const char *problem,
		      char why[256])
{
	char aside[PATH_MOST];

	(void)snprintf(aside, sizeof(aside), "%s/state.refused-%lld", folder,
		       (long long)clock_wall_s());
	if (rename(path, aside) < 0)
		say(why, "cannot keep aside", path);
	else
		(void)snprintf(why, 256, "%s; it is kept as %.150s", problem, aside);
}

enum state_loaded state_load(struct shm_segment *seg, const char *folder,
			     const struct state_clock *clock, char why[256])
{
	enum state_loaded result = STATE_REFUSED;
	char path[PATH_MOST];
	const char *problem;
	struct buf text;

	path_in(path, folder, "state");
	buf_init(&text, FILE_MOST);
	errno = 0;
	if (read_file(path, &text) < 0) {
		result = errno == ENOENT ? STATE_NONE : STATE_REFUSED;
		problem = strerror(errno);
	} else {
		problem = state_check(buf_str(&text));
		if (!problem)
			result = state_read(seg, buf_str(&text), clock);
	}
	if (result == STATE_REFUSED) {
		put_aside(folder, path, problem, why);
		state_fill_windows(seg, clock->now_ms);
	}
	buf_release(&text);
	return result;
}

/* ---- writing */

static int write_all(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text.ptr += n;
		text.len -= (size_t)n;
	}
	return 0;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		(void)close(fd); /* only synced */
	return result;
}

static int replace(const char *folder, struct str text)
{
	char path[PATH_MOST], fresh[PATH_MOST];
	int fd, result, problem;

	path_in(path, folder, "state");
	path_in(fresh, folder, "state.new");
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	result = write_all(fd, text) == 0 ? fsync(fd) : -1;
	problem = errno;
	if (close(fd) < 0 && result == 0) {
		result = -1;
		problem = errno;
	}
	if (result == 0 && rename(fresh, path) == 0)
		return sync_folder(folder);
	if (result < 0)
		errno = problem;
	problem = errno;
	(void)unlink(fresh); /* half a file is nobody's */
	errno = problem;
	return -1;
}

int state_save(const struct shm_segment *seg, const char *folder,
	       const struct state_clock *clock, bool is_last, char why[256])
{
	struct buf text;
	int result;

	buf_init(&text, FILE_MOST);
	state_write(&text, seg, clock, is_last);
	result = replace(folder, buf_str(&text));
	if (result < 0)
		say(why, "cannot save to", folder);
	buf_release(&text);
	return result;
}
