/* SPDX-License-Identifier: MIT */
/*
 * The queue in simulated time: clients in closed loops, minutes in milliseconds of ours.
 * What must hold in every scene: never more grants than the limit in any window; and each
 * scene's own figures, which it prints. Each waiter looks when its last look said, when
 * it is poked, and once a second, as workers do.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "shm/queue.h"
#include "tests/unit/unit.h"

enum {
	LIMIT = 40,
	WINDOW_MS = 61000,
	SPACING_MS = 25,
	AGENTS_MAX = 128,
	GRANTS_MAX = 20000,
	LOOK_MS = 1000,
	OVERHEAD_MS = 5, /* from the grant to the moment when the request is out */
};

/* So many clients of one person; think and answer times are means of exponentials. */
struct role {
	unsigned person, agents, background;
	int64_t think_ms, answer_ms;
};

struct agent {
	unsigned person;
	bool is_background, is_waiting;
	int64_t think_ms, answer_ms;
	int64_t next_ms; /* thinks until then, or looks again */
	int64_t asked_ms;
	struct shm_place place;
	uint32_t lane;
	int64_t out_ms; /* its place is settled then; 0: it is */
};

struct grant {
	int64_t at_ms, wait_ms;
	unsigned person;
	bool is_background;
};

static struct {
	struct shm_segment seg;
	struct agent agents[AGENTS_MAX];
	unsigned agent_count, lanes;
	struct grant grants[GRANTS_MAX];
	unsigned grant_count;
	uint64_t seed;
	int64_t end_ms;
} sim;

static double chance(void)
{
	sim.seed = sim.seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (double)(sim.seed >> 33) / (double)(UINT64_C(1) << 31);
}

static int64_t about(int64_t mean_ms)
{
	double x = chance();

	return (int64_t)(-__builtin_log(x < 1e-6 ? 1e-6 : x) * (double)mean_ms);
}

static void set_lane(uint32_t row)
{
	struct shm_lane *l = &sim.seg.lanes[row];

	atomic_store(&l->rpm, LIMIT);
	atomic_store(&l->window_ms, WINDOW_MS);
	atomic_store(&l->spacing_ms, SPACING_MS);
	atomic_store(&l->is_paced, 1);
}

static void init(unsigned lanes)
{
	struct shm_shape shape = { AGENTS_MAX, 4, 32, 8 };

	memset(&sim, 0, sizeof(sim));
	sim.seed = 4711;
	sim.lanes = lanes;
	ck_assert_int_eq(shm_segment_make(&sim.seg, &shape, 0, 0), 0);
	for (unsigned i = 0; i < lanes; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "lane%u", i);
		ck_assert_int_eq(shm_segment_lane(&sim.seg, name), (int)i);
		set_lane(i);
	}
	ck_assert_int_eq(shm_segment_pool(&sim.seg, "all"), 4);
	for (unsigned i = 0; i < lanes; i++)
		atomic_store(&sim.seg.groups[4].lanes[i], (uint16_t)i);
	atomic_store(&sim.seg.groups[4].count, lanes);
}

static void add(const struct role *role, int64_t start_ms)
{
	for (unsigned i = 0; i < role->agents; i++) {
		struct agent *a = &sim.agents[sim.agent_count++];

		*a = (struct agent){ .person = role->person,
				     .is_background = i < role->background,
				     .think_ms = role->think_ms,
				     .answer_ms = role->answer_ms,
				     .next_ms = start_ms + about(role->think_ms) };
	}
}

static struct shm_waiter waiter_of(const struct agent *a)
{
	uint32_t slot = (uint32_t)(a - sim.agents);

	return (struct shm_waiter){ .slot = slot,
				    .person = a->person,
				    .group = sim.lanes > 1 ? 4 : 0,
				    .home = slot,
				    .is_background = a->is_background,
				    .since_ms = a->asked_ms };
}

static void poke(uint32_t lane, int64_t now_ms)
{
	uint32_t first = shm_queue_first(&sim.seg, lane);

	if (first < sim.agent_count && sim.agents[first].next_ms > now_ms)
		sim.agents[first].next_ms = now_ms;
}

static void granted(struct agent *a, const struct shm_look *look, int64_t now_ms)
{
	ck_assert_uint_lt(sim.grant_count, GRANTS_MAX);
	sim.grants[sim.grant_count++] =
		(struct grant){ now_ms + OVERHEAD_MS, now_ms - a->asked_ms, a->person,
				a->is_background };
	shm_queue_leave(&sim.seg, (uint32_t)(a - sim.agents));
	a->is_waiting = false;
	a->lane = look->lane;
	a->out_ms = now_ms + OVERHEAD_MS;
	a->next_ms = now_ms + OVERHEAD_MS + about(a->answer_ms) + about(a->think_ms);
	poke(look->lane, now_ms + 1);
}

static void step(struct agent *a, int64_t now_ms)
{
	static const struct shm_rules rules = { true, true };
	struct shm_waiter w;
	struct shm_look look;

	if (!a->is_waiting) {
		a->asked_ms = now_ms;
		a->is_waiting = true;
		w = waiter_of(a);
		shm_queue_join(&sim.seg, &w);
	}
	w = waiter_of(a);
	shm_queue_look(&sim.seg, &w, &rules, now_ms, &look);
	if (look.try_ms <= now_ms && shm_queue_take(&sim.seg, &w, &look, &a->place)) {
		granted(a, &look, now_ms);
		return;
	}
	a->next_ms = look.try_ms > now_ms ? look.try_ms : now_ms + 1;
	if (a->next_ms > now_ms + LOOK_MS)
		a->next_ms = now_ms + LOOK_MS;
}

static void run(int64_t until_ms)
{
	int64_t now_ms = sim.end_ms;

	while (now_ms < until_ms) {
		int64_t next_ms = until_ms;

		for (unsigned i = 0; i < sim.agent_count; i++) {
			struct agent *a = &sim.agents[i];

			if (a->out_ms && a->out_ms <= now_ms) {
				shm_ring_settle(&sim.seg.lanes[a->lane].ring, &a->place,
						now_ms);
				a->out_ms = 0;
			}
			if (a->next_ms <= now_ms)
				step(a, now_ms);
			if (a->next_ms < next_ms)
				next_ms = a->next_ms;
			if (a->out_ms && a->out_ms < next_ms)
				next_ms = a->out_ms;
		}
		now_ms = next_ms > now_ms ? next_ms : now_ms + 1;
	}
	sim.end_ms = until_ms;
}

/* ---- figures */

static bool is_of(const struct grant *g, int person, int background)
{
	return (person < 0 || g->person == (unsigned)person) &&
	       (background < 0 || g->is_background == (bool)background);
}

static unsigned count_of(int person, int background, int64_t from_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sim.grant_count; i++)
		n += sim.grants[i].at_ms >= from_ms &&
		     is_of(&sim.grants[i], person, background);
	return n;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The wait below which `percent` of the grants are. */
static int64_t wait_of(int person, int background, unsigned percent)
{
	static int64_t waits[GRANTS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < sim.grant_count; i++)
		if (is_of(&sim.grants[i], person, background))
			waits[n++] = sim.grants[i].wait_ms;
	ck_assert_uint_gt(n, 0);
	qsort(waits, n, sizeof(waits[0]), compare);
	return waits[percent >= 100 ? n - 1 : n * percent / 100];
}

/* The most grants in any 60 s, as the upstream counts. */
static unsigned most(void)
{
	unsigned result = 0, from = 0;

	for (unsigned i = 0; i < sim.grant_count; i++) {
		while (sim.grants[i].at_ms - sim.grants[from].at_ms >= 60000)
			from++;
		if (i - from + 1 > result)
			result = i - from + 1;
	}
	return result;
}

static double use(int64_t from_ms)
{
	return (double)count_of(-1, -1, from_ms) /
	       ((double)(sim.end_ms - from_ms) / 60000 * LIMIT * sim.lanes);
}

static double jain(unsigned persons)
{
	double sum = 0, squares = 0;

	for (unsigned p = 0; p < persons; p++) {
		double n = count_of((int)p, -1, 0);

		sum += n;
		squares += n * n;
	}
	return sum * sum / (persons * squares);
}

static void end(void)
{
	ck_assert_uint_le(most(), LIMIT * sim.lanes);
	shm_segment_close(&sim.seg);
}

enum { MINUTE = 60000 };

/* The first minute fills the window at once; what counts is what follows. */
START_TEST(one_person_alone_uses_the_lane)
{
	init(1);
	add(&(struct role){ 0, 60, 0, 100, 3000 }, 0);
	run(20 * MINUTE);
	printf("# alone: use %.3f\n", use(2 * MINUTE));
	ck_assert_double_ge(use(2 * MINUTE), 0.98);
	end();
}
END_TEST

START_TEST(people_with_equal_demand_get_equal_shares)
{
	init(1);
	for (unsigned p = 0; p < 5; p++)
		add(&(struct role){ p, 4, 0, 500, 3000 }, 0);
	run(20 * MINUTE);
	printf("# equal: use %.3f, Jain %.4f\n", use(2 * MINUTE), jain(5));
	ck_assert_double_ge(use(2 * MINUTE), 0.93);
	ck_assert_double_ge(jain(5), 0.98);
	end();
}
END_TEST

START_TEST(mixed_people_use_the_lane)
{
	static const unsigned agents[] = { 1, 2, 6, 12 };

	init(1);
	for (unsigned p = 0; p < 4; p++)
		add(&(struct role){ p, agents[p], 0, 2000, 4000 }, 0);
	run(20 * MINUTE);
	printf("# mixed: use %.3f\n", use(2 * MINUTE));
	ck_assert_double_ge(use(2 * MINUTE), 0.95);
	end();
}
END_TEST

START_TEST(a_light_user_is_served_beside_a_greedy_one)
{
	init(1);
	add(&(struct role){ 0, 1, 0, 3000, 3000 }, 0);
	add(&(struct role){ 1, 20, 0, 500, 3000 }, 0);
	run(20 * MINUTE);
	printf("# greedy: light p95 %.1f s, longest %.1f s, use %.3f\n",
	       (double)wait_of(0, -1, 95) / 1000, (double)wait_of(0, -1, 100) / 1000,
	       use(2 * MINUTE));
	ck_assert_int_le(wait_of(0, -1, 95), 8000);
	ck_assert_int_le(wait_of(0, -1, 100), 12000);
	end();
}
END_TEST

START_TEST(shares_do_not_follow_the_number_of_agents)
{
	static const unsigned agents[] = { 1, 4, 20 };
	double all;

	init(1);
	for (unsigned p = 0; p < 3; p++)
		add(&(struct role){ p, agents[p], 0, 500, 2000 }, 0);
	run(20 * MINUTE);
	all = count_of(-1, -1, 0);
	printf("# shares: %.0f, %.0f, %.0f %%, use %.3f\n",
	       100 * count_of(0, -1, 0) / all, 100 * count_of(1, -1, 0) / all,
	       100 * count_of(2, -1, 0) / all, use(2 * MINUTE));
	ck_assert_double_ge(count_of(0, -1, 0) / all, 0.20);
	ck_assert_double_ge(count_of(1, -1, 0) / all, 0.25);
	end();
}
END_TEST

START_TEST(interactive_work_comes_before_background_that_goes_on)
{
	int64_t from_ms;

	init(1);
	add(&(struct role){ 0, 20, 20, 500, 3000 }, 0);
	add(&(struct role){ 0, 2, 0, 5000, 3000 }, 0);
	run(20 * MINUTE);
	from_ms = sim.end_ms - 129000;
	printf("# classes: interactive p95 %.1f s, background in the last 129 s %u\n",
	       (double)wait_of(0, 0, 95) / 1000, count_of(0, 1, from_ms));
	ck_assert_int_le(wait_of(0, 0, 95), 25000);
	ck_assert_uint_ge(count_of(0, 1, from_ms), 8);
	end();
}
END_TEST

/* More interactive work than the lane holds: background still has its fifth. */
START_TEST(background_keeps_a_fifth)
{
	init(1);
	add(&(struct role){ 0, 10, 10, 100, 1000 }, 0);
	add(&(struct role){ 0, 60, 0, 100, 1000 }, 0);
	run(20 * MINUTE);
	printf("# fifth: background %.3f of all\n",
	       count_of(0, 1, 0) / (double)count_of(0, -1, 0));
	ck_assert_double_ge(count_of(0, 1, 0) / (double)count_of(0, -1, 0), 0.19);
	ck_assert_double_le(count_of(0, 1, 0) / (double)count_of(0, -1, 0), 0.25);
	end();
}
END_TEST

START_TEST(twenty_at_once_start_at_once)
{
	init(1);
	sim.end_ms = 100000;
	add(&(struct role){ 0, 20, 0, 1, 3000 }, 100000);
	run(100000 + 3000);
	printf("# burst: p95 %.2f s of 20\n", (double)wait_of(0, -1, 95) / 1000);
	ck_assert_uint_ge(count_of(0, -1, 0), 20);
	ck_assert_int_le(sim.grants[18].wait_ms, 1000);
	run(100000 + 10 * MINUTE);
	end();
}
END_TEST

START_TEST(a_fan_out_beside_two_quiet_people_starts_at_once)
{
	init(1);
	add(&(struct role){ 0, 1, 0, 20000, 3000 }, 0);
	add(&(struct role){ 1, 1, 0, 20000, 3000 }, 0);
	run(5 * MINUTE);
	add(&(struct role){ 2, 12, 0, 1, 600000 }, 5 * MINUTE);
	run(6 * MINUTE);
	printf("# fan-out: last of 12 after %.2f s\n",
	       (double)wait_of(2, -1, 100) / 1000);
	ck_assert_uint_eq(count_of(2, -1, 0), 12);
	ck_assert_int_le(wait_of(2, -1, 100), 2000);
	end();
}
END_TEST

START_TEST(a_pool_uses_all_its_lanes_and_shares_them)
{
	init(3);
	add(&(struct role){ 0, 1, 0, 3000, 3000 }, 0);
	add(&(struct role){ 1, 60, 0, 500, 3000 }, 0);
	add(&(struct role){ 2, 30, 0, 500, 3000 }, 0);
	run(20 * MINUTE);
	printf("# pool: use %.3f, light p95 %.1f s, %u beside %u\n", use(2 * MINUTE),
	       (double)wait_of(0, -1, 95) / 1000, count_of(1, -1, 0), count_of(2, -1, 0));
	ck_assert_double_ge(use(2 * MINUTE), 0.95);
	ck_assert_int_le(wait_of(0, -1, 95), 8000);
	end();
}
END_TEST

START_TEST(weights_are_kept)
{
	double ratio;

	init(1);
	atomic_store(&sim.seg.people[1].weight, 2);
	add(&(struct role){ 0, 20, 0, 100, 2000 }, 0);
	add(&(struct role){ 1, 20, 0, 100, 2000 }, 0);
	run(20 * MINUTE);
	ratio = count_of(1, -1, 0) / (double)count_of(0, -1, 0);
	printf("# weights: 1 beside 2 get 1 : %.2f\n", ratio);
	ck_assert_double_ge(ratio, 1.7);
	ck_assert_double_le(ratio, 2.3);
	end();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_fair");
	TCase *tcase = tcase_create("scenes");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, one_person_alone_uses_the_lane);
	tcase_add_test(tcase, people_with_equal_demand_get_equal_shares);
	tcase_add_test(tcase, mixed_people_use_the_lane);
	tcase_add_test(tcase, a_light_user_is_served_beside_a_greedy_one);
	tcase_add_test(tcase, shares_do_not_follow_the_number_of_agents);
	tcase_add_test(tcase, interactive_work_comes_before_background_that_goes_on);
	tcase_add_test(tcase, background_keeps_a_fifth);
	tcase_add_test(tcase, twenty_at_once_start_at_once);
	tcase_add_test(tcase, a_fan_out_beside_two_quiet_people_starts_at_once);
	tcase_add_test(tcase, a_pool_uses_all_its_lanes_and_shares_them);
	tcase_add_test(tcase, weights_are_kept);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
