/* SPDX-License-Identifier: MIT */
/*
 * The window under real processes: they are killed and stopped in the middle of what they
 * do, and never does anybody see more arrivals in a window than the limit.
 */
#include "config.h"

#include "shm/ring.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum {
	HOLDERS = 6,
	LIMIT = 20,
	WINDOW_MS = 150,
	ARRIVALS = 1 << 20,
	KILLS = 60,
	SEED = 20261
};

/* What all processes share: the window, and a record of what has arrived upstream. */
static struct {
	struct shm_ring ring;
	_Atomic uint32_t arrived;
	int64_t at_us[ARRIVALS];
} * shared;

static const struct shm_pace pace = { LIMIT, WINDOW_MS, 0 };

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void nap(long us)
{
	struct timespec t = { 0, us * 1000 };

	nanosleep(&t, NULL);
}

/* A grant, the way to the upstream, the arrival there, and the word about it. */
static void hold(uint32_t slot)
{
	struct shm_taker who = { slot, slot, false };
	struct shm_place place;
	struct shm_view view;
	uint32_t number;

	shm_ring_view(&shared->ring, &pace, now_us() / 1000, &view);
	if (shm_view_open_ms(&view) > view.now_ms ||
	    !shm_ring_take(&shared->ring, &view, &who, &place)) {
		nap(500);
		return;
	}
	nap(random() % 2000);
	if (random() % 8 == 0) {
		shm_ring_return(&shared->ring, &place);
		return;
	}
	number = atomic_fetch_add(&shared->arrived, 1);
	if (number < ARRIVALS)
		shared->at_us[number] = now_us();
	nap(random() % 1000);
	shm_ring_settle(&shared->ring, &place, now_us() / 1000);
}

static pid_t begin(uint32_t slot)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	srandom(SEED + (unsigned)getpid());
	for (;;)
		hold(slot);
}

static void end(pid_t pid, uint32_t slot)
{
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	shm_ring_reap(&shared->ring, slot, now_us() / 1000);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The window is one of whole milliseconds: what lies a millisecond apart may be equal. */
static uint32_t most_in_a_window(uint32_t count)
{
	uint32_t most = 0, first = 0;

	qsort(shared->at_us, count, sizeof(shared->at_us[0]), by_time);
	for (uint32_t i = 0; i < count; i++) {
		while (shared->at_us[i] - shared->at_us[first] >= (WINDOW_MS - 1) * 1000)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	return most;
}

START_TEST(no_window_holds_one_too_many_whoever_dies_or_stands_still)
{
	pid_t holders[HOLDERS];
	uint32_t count;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	srandom(SEED);
	for (uint32_t i = 0; i < HOLDERS; i++)
		holders[i] = begin(i);
	for (int n = 0; n < KILLS; n++) {
		uint32_t victim = (uint32_t)random() % HOLDERS;
		uint32_t frozen = (victim + 1) % HOLDERS;

		(void)kill(holders[frozen], SIGSTOP);
		nap(20000 + random() % 40000);
		end(holders[victim], victim);
		holders[victim] = begin(victim);
		(void)kill(holders[frozen], SIGCONT);
	}
	for (uint32_t i = 0; i < HOLDERS; i++)
		end(holders[i], i);
	count = atomic_load(&shared->arrived);
	ck_assert_uint_lt(count, ARRIVALS);
	ck_assert_uint_gt(count, (uint32_t)3 * LIMIT);
	ck_assert_uint_le(most_in_a_window(count), (uint32_t)LIMIT);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("shm_ring");
	TCase *t = tcase_create("processes");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, no_window_holds_one_too_many_whoever_dies_or_stands_still);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
