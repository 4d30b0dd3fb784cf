/* SPDX-License-Identifier: MIT */
/* The words of worker/worker.h, read on the other side. */
#include "config.h"

#include "master/death.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "worker/worker.h"

static const struct {
	int code;
	const char *word;
	bool is_bad;
	bool is_quiet;
} words[] = {
	{ WORKER_RETIRED, "retired", false, true },
	{ WORKER_ORPHANED, "orphaned", true, false }, /* while its master lives: a lie */
	{ WORKER_SICK, "sick", true, false },
	{ WORKER_NO_MEMORY, "out of memory", true, false },
	{ WORKER_BUG, "bug", true, false },
};

static const struct {
	int number;
	bool is_bad;
	bool is_quiet;
} signals[] = {
	{ SIGKILL, false, false },
	{ SIGTERM, false, true }, /* before it could catch it */
};

static void read_signal(struct death *d, int number)
{
	d->is_bad = true;
	(void)snprintf(d->how, sizeof(d->how), "signal %d (%s)", number,
		       strsignal(number));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].number == number) {
			d->is_bad = signals[i].is_bad;
			d->is_quiet = signals[i].is_quiet;
		}
}

void death_read(struct death *d, int status)
{
	memset(d, 0, sizeof(*d));
	if (WIFSIGNALED(status)) {
		read_signal(d, WTERMSIG(status));
		return;
	}
	d->is_bad = true;
	(void)snprintf(d->how, sizeof(d->how), "exit code %d", WEXITSTATUS(status));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].code == WEXITSTATUS(status)) {
			(void)snprintf(d->how, sizeof(d->how), "%s", words[i].word);
			d->is_bad = words[i].is_bad;
			d->is_quiet = words[i].is_quiet;
		}
}
