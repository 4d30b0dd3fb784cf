/* SPDX-License-Identifier: MIT */
/* One poll loop for every wait, so that none forgets the heartbeat or the master. */
#include "config.h"

#include "worker/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "worker/clock.h"

static volatile sig_atomic_t has_term;

static void on_term(int number)
{
	(void)number;
	has_term = 1;
}

void wait_catch_term(void)
{
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_term;
	(void)sigaction(SIGTERM, &action, NULL); /* fails for a bad number only */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

bool wait_is_stopped(void)
{
	return has_term != 0;
}

void wait_orphan(struct waiter *w)
{
	w->is_orphaned = true;
	w->alive_fd = -1; /* it would be readable for ever */
}

enum wait_result wait_fd(struct waiter *w, int fd, short events, int64_t deadline_ms,
			 bool want_stop)
{
	sigset_t mask;

	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	if (want_stop)
		sigdelset(&mask, SIGTERM);
	for (;;) {
		int left = clock_left(deadline_ms, WAIT_SLICE_MS);
		struct timespec slice = { left / 1000, left % 1000 * 1000000L };
		struct pollfd fds[2] = { { .fd = fd, .events = events },
					 { .fd = w->alive_fd, .events = POLLIN } };
		int ready;

		if (want_stop && has_term)
			return WAIT_STOPPED;
		ready = ppoll(fds, 2, &slice, &mask);
		shm_slot_beat(w->slot, clock_ms());
		if (ready < 0 && errno != EINTR)
			return WAIT_ORPHANED; /* a descriptor is broken: nothing to wait
						 for */
		if (ready > 0 && fds[1].revents != 0) {
			wait_orphan(w);
			if (want_stop)
				return WAIT_ORPHANED;
		}
		if (ready > 0 && fds[0].revents != 0)
			return WAIT_READY;
		if (ready == 0 && clock_left(deadline_ms, 1) == 0)
			return WAIT_TIMEOUT;
	}
}
