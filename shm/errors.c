/* SPDX-License-Identifier: MIT */
/* A cell's number is 2 n + 1 while the n-th error is written to it, 2 n + 2 afterwards.
 */
#include "config.h"

#include "shm/errors.h"

#include "shm/step.h"

void shm_errors_add(struct shm_errors *e, const struct shm_error *error)
{
	uint64_t n = atomic_fetch_add(&e->count, 1);
	struct shm_error_cell *cell = &e->cells[n % SHM_ERRORS];

	SHM_STEP();
	atomic_store(&cell->number, 2 * n + 1);
	atomic_thread_fence(memory_order_seq_cst);
	cell->error = *error;
	SHM_STEP();
	atomic_store(&cell->number, 2 * n + 2);
}

uint32_t shm_errors_read(struct shm_errors *e, struct shm_error to[SHM_ERRORS])
{
	uint64_t count = atomic_load(&e->count);
	uint32_t found = 0;

	for (uint64_t n = count; n > 0 && n + SHM_ERRORS > count; n--) {
		struct shm_error_cell *cell = &e->cells[(n - 1) % SHM_ERRORS];
		uint64_t number = atomic_load(&cell->number);

		to[found] = cell->error;
		atomic_thread_fence(memory_order_seq_cst);
		if (number == 2 * n && atomic_load(&cell->number) == number) {
			to[found].id[SHM_ERROR_ID - 1] = '\0';
			found++;
		}
	}
	return found;
}
