/* SPDX-License-Identifier: MIT */
/* Arithmetic of early deaths; no clock and no process, so that a test can ask it
 * anything. */
#include "config.h"

#include "master/throttle.h"

static void reset(struct throttle *t)
{
	*t = (struct throttle){ 0 };
}

static void begin_pause(struct throttle *t, int64_t now_ms)
{
	t->pause_ms = t->pause_ms > 0 ? t->pause_ms * 2 : THROTTLE_PAUSE_MS;
	if (t->pause_ms > THROTTLE_PAUSE_MAX_MS)
		t->pause_ms = THROTTLE_PAUSE_MAX_MS;
	t->until_ms = now_ms + t->pause_ms;
}

bool throttle_died(struct throttle *t, bool was_bad, int64_t born_ms, int64_t now_ms)
{
	bool was_tried = t->is_trying && born_ms >= t->until_ms;
	bool was_throttled = t->pause_ms > 0;

	if (was_tried)
		t->is_trying = false;
	if (now_ms - born_ms >= THROTTLE_LIFE_MS) {
		if (was_tried || !was_throttled)
			reset(t);
		return false;
	}
	if (!was_bad)
		return false;
	t->deaths++;
	t->died_ms = now_ms;
	if (t->deaths < THROTTLE_DEATHS || (was_throttled && !was_tried))
		return false; /* the pause is for those that are born from now on */
	begin_pause(t, now_ms);
	return true;
}

bool throttle_may_spawn(struct throttle *t, int64_t now_ms)
{
	if (t->pause_ms == 0)
		return true;
	if (t->is_trying || now_ms < t->until_ms)
		return false;
	t->is_trying = true;
	return true;
}

void throttle_failed(struct throttle *t)
{
	t->is_trying = false;
}

bool throttle_lives(struct throttle *t, int64_t born_ms, int64_t now_ms)
{
	bool was_throttled = t->pause_ms > 0;

	if (t->deaths == 0 || now_ms - born_ms < THROTTLE_LIFE_MS)
		return false;
	if (was_throttled ? born_ms < t->until_ms : born_ms < t->died_ms)
		return false;
	reset(t);
	return was_throttled;
}
