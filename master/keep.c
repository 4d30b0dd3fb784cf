/* SPDX-License-Identifier: MIT */
/*
 * A disk may be slow for seconds, so a child of its own saves while the master goes on;
 * only the last time, when nobody is left to be served, the master does it itself.
 */
#include "config.h"

#include "master/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/notify.h"
#include "worker/clock.h"

enum { SAVE_MS = 60000, ADOPT_TRIES = 20, ADOPT_PAUSE_MS = 25 };
#define STORED_NAME "nim-segment"

/* ---- the state directory */

static void find_folder(struct keep *k, const struct conf *c)
{
	const char *given = getenv("STATE_DIRECTORY"); /* systemd.exec(5) */
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	size_t size = sizeof(k->folder);

	if (c->state_dir.len)
		(void)snprintf(k->folder, size, "%s", c->state_dir.ptr);
	else if (given && given[0] == '/')
		(void)snprintf(k->folder, size, "%.*s", (int)strcspn(given, ":"), given);
	else if (geteuid() == 0)
		(void)snprintf(k->folder, size, "/var/lib/nim");
	else if (xdg && xdg[0] == '/')
		(void)snprintf(k->folder, size, "%s/nim", xdg);
	else if (home && home[0] == '/')
		(void)snprintf(k->folder, size, "%s/.local/state/nim", home);
}

static void give_folder(const struct keep *k, struct str user)
{
	const struct passwd *who = user.len ? getpwnam(user.ptr) : NULL;

	if (geteuid() != 0 || !who || who->pw_uid == 0)
		return;
	if (fchown(k->lock_fd, who->pw_uid, who->pw_gid) < 0 ||
	    chown(k->folder, who->pw_uid, who->pw_gid) < 0)
		log_say(LOG_LEVEL_WARN, "state", "cannot give %s to %s: %s", k->folder,
			who->pw_name, strerror(errno));
}

void keep_take_folder(struct keep *k, const struct conf *c)
{
	char why[256] = "no directory is known for it: set state_dir in nim.conf";

	find_folder(k, c);
	k->lock_fd = k->folder[0] ? state_take(k->folder, why) : -1;
	if (k->lock_fd < 0) {
		log_say(LOG_LEVEL_WARN, "state",
			"nothing will be saved, a restart forgets the windows: %s", why);
		k->folder[0] = '\0';
		return;
	}
	give_folder(k, c->user);
}

/* ---- the segment */

/* The old master's children see its end at once; its lock goes with it. */
static int hold_as_master(const struct shm_segment *seg)
{
	struct timespec pause = { 0, ADOPT_PAUSE_MS * 1000000L };

	for (int i = 0; i < ADOPT_TRIES; i++) {
		if (shm_segment_hold(seg, SHM_SLOTS_MAX) == 0)
			return 0;
		(void)nanosleep(&pause, NULL); /* a shorter one does as well */
	}
	return -1;
}

static const char *adopt(struct keep *k, struct conf *c, int fd)
{
	const char *why;

	if (shm_segment_open(&k->segment, fd, true, &why) < 0)
		return why;
	why = "it has no room for the configuration";
	if (rows_fit(c, &k->segment.shape) && rows_configure(&k->segment, c, &why) == 0) {
		if (hold_as_master(&k->segment) == 0)
			return NULL;
		why = "another master works with it";
	}
	k->segment.fd = -1; /* the caller's still */
	shm_segment_close(&k->segment);
	return why;
}

static bool try_adopt(struct keep *k, struct conf *c)
{
	int fd = notify_stored(STORED_NAME);
	const char *why;

	if (fd < 0)
		return false;
	why = adopt(k, c, fd);
	if (why) {
		log_say(LOG_LEVEL_WARN, "segment",
			"the stored segment is not used: %s; a new one is made", why);
		(void)close(fd); /* only mapped */
		(void)notify_send("FDSTOREREMOVE=1\nFDNAME=" STORED_NAME, -1);
		return false;
	}
	shm_books_recover(&k->segment.books, k->segment.slots, k->segment.shape.slots);
	atomic_store(&k->segment.header->is_draining, 0);
	log_say(LOG_LEVEL_INFO, "segment", "taken over from the master before");
	return true;
}

static const char *const loaded_words[] = {
	[STATE_NONE] = "none was there: the first start",
	[STATE_CLEAN] = "accounts and windows go on",
	[STATE_REBOOTED] = "accounts go on; windows were full at the boot",
	[STATE_UNCLEAN] = "accounts go on; no last word, so windows count as full now",
};

static void load(struct keep *k)
{
	struct state_clock clock;
	enum state_loaded loaded;
	char why[256] = "";

	if (!k->folder[0])
		return;
	state_clock_read(&clock);
	loaded = state_load(&k->segment, k->folder, &clock, why);
	if (loaded == STATE_REFUSED)
		log_say(LOG_LEVEL_ERROR, "state", "%s/state cannot be used: %s",
			k->folder, why);
	else
		log_say(loaded == STATE_UNCLEAN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
			"state", "%s: %s", k->folder, loaded_words[loaded]);
}

static void make(struct keep *k, struct conf *c)
{
	struct shm_shape shape = rows_shape(c);
	const char *why;

	if (shm_segment_make(&k->segment, &shape, clock_wall_s(), clock_ms()) < 0)
		die("cannot make the shared segment: %s", strerror(errno));
	if (rows_configure(&k->segment, c, &why) < 0)
		die("%s", why);
	if (shm_segment_hold(&k->segment, SHM_SLOTS_MAX) < 0)
		die("cannot lock the shared segment: %s", strerror(errno));
	load(k);
	if (notify_send("FDSTORE=1\nFDNAME=" STORED_NAME, k->segment.fd) < 0)
		log_say(LOG_LEVEL_WARN, "segment",
			"systemd does not keep it: %s; a crash of the master costs the "
			"counts since the last save",
			strerror(errno));
}

void keep_open(struct keep *k, struct conf *c)
{
	k->is_adopted = try_adopt(k, c);
	if (!k->is_adopted)
		make(k, c);
	k->save_ms = clock_ms(); /* at once: so that an end without a word shows */
}

/* ---- booking and saving */

static int save(struct keep *k, bool is_last)
{
	struct state_clock clock;
	char why[256];

	state_clock_read(&clock);
	if (state_save(&k->segment, k->folder, &clock, is_last, why) == 0)
		return 0;
	if (!k->has_failed || is_last)
		log_say(LOG_LEVEL_ERROR, "state", "%s; it is tried again each minute",
			why);
	return -1;
}

static void start_saver(struct keep *k)
{
	pid_t master = getpid(), pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == master && save(k, false) == 0 ? 0 : 1);
	}
	k->saver = pid > 0 ? pid : 0; /* not started: tried again in a minute */
}

bool keep_bury(struct keep *k, pid_t pid, int status)
{
	bool is_saved = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (pid != k->saver)
		return false;
	k->saver = 0;
	if (is_saved)
		atomic_store(&k->segment.header->saved_wall_s, clock_wall_s());
	else
		atomic_fetch_add(&k->segment.header->save_errors, 1);
	if (is_saved && k->has_failed)
		log_say(LOG_LEVEL_INFO, "state", "saved again");
	k->has_failed = !is_saved;
	return true;
}

static void book(struct keep *k)
{
	for (uint32_t slot = 0; slot < k->segment.shape.slots; slot++)
		(void)shm_books_fold(&k->segment.books, k->segment.slots, slot,
				     clock_wall_s());
}

void keep_tick(struct keep *k, int64_t now_ms)
{
	book(k);
	if (!k->folder[0] || k->saver || now_ms < k->save_ms)
		return;
	k->save_ms = now_ms + SAVE_MS;
	start_saver(k);
}

void keep_close(struct keep *k)
{
	int status;

	book(k);
	if (k->saver && waitpid(k->saver, &status, 0) == k->saver)
		(void)keep_bury(k, k->saver, status);
	if (k->folder[0])
		(void)save(k, true); /* it has said so */
	shm_segment_close(&k->segment);
}
