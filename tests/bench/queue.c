/* SPDX-License-Identifier: MIT */
/*
 * What one look at the queue costs, by CPU time: with a full window and so many waiters
 * of twenty people, alone on a lane and in a pool of three.
 *
 *     tests/bench/queue          a line for each
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shm/queue.h"

enum { PEOPLE = 20, LOOKS = 20000, WARM = 1000, NOW_MS = 1000000, RPM = 40 };

static const struct shm_rules rules = { true, true };

static double cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
		abort();
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fill_lane(struct shm_segment *seg, const char *name)
{
	struct shm_lane *l = &seg->lanes[shm_segment_lane(seg, name)];

	atomic_store(&l->rpm, RPM);
	atomic_store(&l->window_ms, 61000);
	atomic_store(&l->spacing_ms, 25);
	atomic_store(&l->is_paced, 1);
	for (uint32_t i = 0; i < RPM; i++)
		shm_ring_put(&l->ring, i, NOW_MS - 60000 + i * 1000, i % PEOPLE, false);
	shm_ring_begin(&l->ring, NOW_MS - 20000);
}

static void make(struct shm_segment *seg, uint32_t waiters)
{
	const struct shm_shape shape = { waiters + 1, 3, PEOPLE, 4 };
	char name[16];
	int32_t pool;

	if (shm_segment_make(seg, &shape, 0, 0) < 0)
		abort();
	fill_lane(seg, "one");
	fill_lane(seg, "two");
	fill_lane(seg, "three");
	pool = shm_segment_pool(seg, "all");
	for (uint16_t i = 0; i < 3; i++)
		atomic_store(&seg->groups[pool].lanes[i], i);
	atomic_store(&seg->groups[pool].count, 3);
	for (int i = 0; i < PEOPLE; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		atomic_store(&seg->people[shm_segment_person(seg, name)].weight, 1);
	}
}

static void measure(uint32_t waiters, uint32_t group, const char *where)
{
	struct shm_segment seg;
	struct shm_look look;
	double began_us = 0;

	make(&seg, waiters);
	for (uint32_t i = 0; i < waiters; i++) {
		struct shm_waiter w = { .slot = i,
					.person = i % PEOPLE,
					.group = group,
					.since_ms = NOW_MS - i,
					.is_background = i % 3 == 0 };

		shm_queue_join(&seg, &w);
	}
	for (uint32_t i = 0; i < LOOKS + WARM; i++) {
		uint32_t slot = i % waiters;
		struct shm_waiter w = { .slot = slot,
					.person = slot % PEOPLE,
					.group = group,
					.since_ms = NOW_MS - slot };

		if (i == WARM)
			began_us = cpu_us();
		shm_queue_look(&seg, &w, &rules, NOW_MS, &look);
		if (look.try_ms <= NOW_MS)
			abort(); /* the windows are full */
	}
	(void)printf("one look, %4u waiters, %s %.2f us CPU\n", waiters, where,
		     (cpu_us() - began_us) / LOOKS);
	shm_segment_close(&seg);
}

int main(void)
{
	static const uint32_t waiters[] = { 10, 100, 1000 };

	for (size_t i = 0; i < sizeof(waiters) / sizeof(waiters[0]); i++) {
		measure(waiters[i], 0, "one lane     ");
		measure(waiters[i], 3, "pool of three");
	}
	return 0;
}
