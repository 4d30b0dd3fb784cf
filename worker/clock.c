/* SPDX-License-Identifier: MIT */
/* The one place that asks for the time. */
#include "config.h"

#include "worker/clock.h"

#include <time.h>

int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* fails for a bad clock only */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_s(void)
{
	return (int64_t)time(NULL);
}

int clock_left(int64_t deadline_ms, int max_ms)
{
	int64_t left = deadline_ms - clock_ms();

	if (left <= 0)
		return 0;
	return left < max_ms ? (int)left : max_ms;
}
