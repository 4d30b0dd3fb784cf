/* SPDX-License-Identifier: MIT */
/* Every moment the relay waits for, in one place: all on the monotonic clock, in
 * milliseconds. */
#include "config.h"

#include "worker/relay_due.h"

#include "worker/clock.h"

enum {
	PEEK_MS = 1000, /* commit_after -1: a 200 may wait so long for its first event */
	HEARD_LOOK_MS = 20,
	FINISH_GRACE_MS = 3000, /* after the finish reason, for usage and [DONE] */
};

int64_t relay_commit_due(const struct relay *rl)
{
	int64_t after = rl->r->env->settings.commit_after_ms;

	if (after >= 0)
		return rl->r->read_ms + after;
	return rl->head_ms ? rl->head_ms + PEEK_MS : INT64_MAX;
}

int64_t relay_silence_due(const struct relay *rl)
{
	const struct worker_settings *settings = &rl->r->env->settings;

	if (rl->r->stream.finish != OA_FINISH_NONE)
		return rl->event_ms + FINISH_GRACE_MS;
	if (!rl->event_ms)
		return rl->sent_ms + settings->first_byte_timeout_ms;
	return rl->event_ms + settings->gap_timeout_ms;
}

int64_t relay_total_due(const struct relay *rl)
{
	const struct worker_settings *settings = &rl->r->env->settings;

	return rl->r->began_ms + (rl->r->asked.is_stream ? settings->total_timeout_ms
							 : settings->reply_timeout_ms);
}

int64_t relay_event_due(const struct relay *rl)
{
	return rl->is_committed ? rl->told_ms + rl->r->env->settings.event_interval_ms
				: INT64_MAX;
}

int64_t relay_ping_due(const struct relay *rl)
{
	return rl->is_committed ? rl->write_ms + rl->r->env->settings.ping_interval_ms
				: INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t relay_wait_due(const struct relay *rl)
{
	return earlier(relay_ping_due(rl), relay_event_due(rl));
}

int relay_sleep_ms(const struct relay *rl)
{
	int64_t due = earlier(relay_silence_due(rl), relay_total_due(rl));

	if (rl->r->turn.has_place) /* until the upstream has the request */
		due = earlier(due, rl->now_ms + HEARD_LOOK_MS);
	if (rl->r->asked.is_stream)
		due = earlier(due, rl->is_committed ? relay_wait_due(rl)
						    : relay_commit_due(rl));
	return clock_left(due, WAIT_SLICE_MS);
}
