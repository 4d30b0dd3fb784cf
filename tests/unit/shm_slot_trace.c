/* SPDX-License-Identifier: MIT */
/*
 * The booking protocol as the compiler has made it: a process is stopped after each of
 * its instructions, and what a reaper would make of its slot then is right each time.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/books.h"
#include "shm/slot.h"
#include "tests/unit/unit.h"

enum { TOKENS = 1000 };

/* In the child: stops for its tracer, serves two requests, ends. */
static void be_traced(struct shm_slot *s)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(1);
	(void)raise(SIGSTOP);
	for (int i = 0; i < 2; i++) {
		struct shm_entry *e = shm_slot_begin(s, "req_1", 5);

		shm_entry_set(e, SHM_output_tokens, TOKENS);
		shm_slot_end(s, e, SHM_ok);
	}
	_exit(0);
}

static uint64_t sum(const struct shm_slot *s, enum shm_counter counter)
{
	uint64_t all = 0;

	for (int i = 0; i < SHM_ENTRIES; i++)
		if (atomic_load(&s->entries[i].stage) == SHM_DONE)
			all += atomic_load(&s->entries[i].counters[counter]);
	return all;
}

/* What the reaper finds after n instructions. Returns how many requests it counts. */
static uint64_t check_copy(const struct shm_slot *s, int n)
{
	struct shm_slot copy = *s;
	uint64_t requests, ok, aborted, tokens;

	shm_slot_reap(&copy, 9);
	requests = sum(&copy, SHM_requests);
	ok = sum(&copy, SHM_ok);
	aborted = sum(&copy, SHM_aborted);
	tokens = sum(&copy, SHM_output_tokens);
	ck_assert_msg(requests <= 2 && ok + aborted == requests && aborted <= 1,
		      "instruction %d: %d requests, %d ok, %d aborted", n, (int)requests,
		      (int)ok, (int)aborted);
	ck_assert_msg(tokens == ok * TOKENS || tokens == requests * TOKENS,
		      "instruction %d: %d tokens", n, (int)tokens);
	return requests;
}

START_TEST(a_worker_that_dies_at_any_instruction_costs_no_count)
{
	struct shm_slot *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t seen = 0;
	int status, n = 0;
	pid_t pid;

	ck_assert_ptr_ne(s, MAP_FAILED);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_traced(s);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status)) {
		(void)printf("# no ptrace here: nothing was tried\n");
		return;
	}
	for (; ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0; n++) {
		uint64_t now;

		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			break;
		now = check_copy(s, n);
		ck_assert_uint_ge(now, seen); /* what has come in stays */
		seen = now;
	}
	ck_assert(WIFEXITED(status));
	ck_assert_int_gt(n, 6 * SHM_COUNTER_COUNT);
	ck_assert_uint_eq(check_copy(s, n), 2);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shm_slot_trace");
	TCase *tcase = tcase_create("books");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_worker_that_dies_at_any_instruction_costs_no_count);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
