/* SPDX-License-Identifier: MIT */
/* The only clocks.  Deadlines are monotonic milliseconds; the wall is for people and
 * dates. */
#ifndef NIM_WORKER_CLOCK_H
#define NIM_WORKER_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);	    /* CLOCK_MONOTONIC, milliseconds; never goes back */
int64_t clock_wall_s(void); /* Unix time */
/* Milliseconds until a deadline for poll(2): 0 when it has passed, at most max_ms. */
int clock_left(int64_t deadline_ms, int max_ms);

#endif
