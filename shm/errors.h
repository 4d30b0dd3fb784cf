/* SPDX-License-Identifier: MIT */
/*
 * The last requests that did not end well, for who looks: what was answered and why, in
 * numbers; words are the reader's.  A ring that all workers write; a record is whole when
 * its number is the same before and after it is read.
 */
#ifndef NIM_SHM_ERRORS_H
#define NIM_SHM_ERRORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SHM_ERRORS = 32, SHM_ERROR_ID = 32 };

/* What stands in a record. */
struct shm_error {
	int64_t wall_s;
	uint32_t kind;		      /* enum an_error_kind */
	uint32_t status;	      /* of our answer; 200: an error event in a stream */
	uint32_t upstream_status;     /* 0: the upstream had not spoken */
	uint32_t person, lane, model; /* rows, or SHM_NOBODY */
	char id[SHM_ERROR_ID];	      /* of the request; NUL-padded */
};

struct shm_error_cell {
	_Atomic uint64_t number; /* 0: empty; odd: being written */
	struct shm_error error;
} __attribute__((aligned(64)));

struct shm_errors {
	_Atomic uint64_t count; /* ever */
	struct shm_error_cell cells[SHM_ERRORS];
} __attribute__((aligned(64)));

void shm_errors_add(struct shm_errors *e, const struct shm_error *error);
/* Copies the last ones, newest first; returns how many. Skips what is being written. */
uint32_t shm_errors_read(struct shm_errors *e, struct shm_error to[SHM_ERRORS]);

#endif
