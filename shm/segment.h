/* SPDX-License-Identifier: MIT */
/*
 * The shared segment: a sealed memfd that every process maps.  Written by workers, read
 * by all, trusted by nobody: a worker may die at any instruction, or lie.  No pointers,
 * no locks, fixed widths; time is an argument.
 */
#ifndef NIM_SHM_SEGMENT_H
#define NIM_SHM_SEGMENT_H

#include <stddef.h>

#include "shm/model.h"
#include "shm/slot.h"

#define SHM_MAGIC "nimshm\r\n"
enum {
	SHM_VERSION = 2,      /* of the layout; any change of a struct counts it up */
	SHM_SLOTS_MAX = 4096, /* workers and the gate */
};

struct shm_header {
	char magic[8];
	uint32_t version;
	uint32_t header_size; /* sizeof(struct shm_header) */
	uint32_t slot_size;   /* sizeof(struct shm_slot) */
	uint32_t slot_count;
	uint32_t model_size;  /* sizeof(struct shm_model) */
	uint32_t model_count; /* SHM_MODELS */
	uint64_t size;	      /* of the whole segment in bytes */
	int64_t start_wall_s; /* Unix time of the making */
	int64_t start_ms;     /* monotonic, the same moment */
	_Atomic int64_t master_beat_ms;
} __attribute__((aligned(64)));

struct shm_segment {
	int fd; /* close-on-exec */
	size_t size;
	uint32_t slot_count; /* our own copy: the header's is never acted on */
	struct shm_header *header;
	struct shm_model *models; /* SHM_MODELS rows, behind the header */
	struct shm_slot *slots;	  /* behind them */
};

/*
 * Makes a segment with so many slots (1..SHM_SLOTS_MAX), allocated in full (a hole in a
 * full tmpfs would be SIGBUS later) and sealed against resizing. Returns 0, or -1 with
 * errno.
 */
int shm_segment_make(struct shm_segment *seg, uint32_t slot_count, int64_t wall_s,
		     int64_t now_ms);
/*
 * Maps the segment behind fd, read-only, for a reader that did not make it. Checks magic,
 * version, sizes and that the file is as long as they say. Returns 0, or -1 with *why
 * (constant text).
 */
int shm_segment_open(struct shm_segment *seg, int fd, const char **why);
void shm_segment_close(struct shm_segment *seg);

/* The sum of all slots' counters. */
void shm_segment_totals(const struct shm_segment *seg, struct shm_delta *totals);

#endif
