/* SPDX-License-Identifier: MIT */
/*
 * The shared segment: a sealed memfd that every process maps.  Written by workers, read
 * by all, trusted by nobody: a worker may die at any instruction, or lie.  No pointers,
 * no locks, fixed widths; time is an argument.
 *
 * It outlives a master: systemd's descriptor store keeps it, and the next master takes it
 * over with everything that stands in it.
 */
#ifndef NIM_SHM_SEGMENT_H
#define NIM_SHM_SEGMENT_H

#include <stddef.h>

#include "shm/books.h"
#include "shm/errors.h"
#include "shm/model.h"
#include "shm/person.h"
#include "shm/slot.h"

#define SHM_MAGIC "nimshm\r\n"
enum {
	SHM_VERSION = 4, /* of the layout; any change of a struct counts it up */
	SHM_LANES_MAX = 1024,
	SHM_GROUPS_MAX = 2048, /* lanes and pools */
};

/* How many rows each table has. */
struct shm_shape {
	uint32_t slots;	 /* 1..SHM_SLOTS_MAX: workers of all generations, and the gate */
	uint32_t lanes;	 /* 1..SHM_LANES_MAX */
	uint32_t people; /* 1..SHM_PERSONS_MAX */
	uint32_t groups; /* lanes..SHM_GROUPS_MAX */
};

struct shm_header {
	char magic[8];
	uint32_t version;
	uint32_t layout; /* the sizes of all structs, folded into a number */
	struct shm_shape shape;
	uint64_t size;	      /* of the whole segment in bytes */
	int64_t start_wall_s; /* Unix time of the making */
	int64_t start_ms;     /* monotonic, the same moment */
	_Atomic int64_t master_beat_ms;
	_Atomic int64_t saved_wall_s; /* the last snapshot that was written; 0: none */
	_Atomic uint64_t save_errors;
	_Atomic uint64_t reloads, reload_errors;
	_Atomic uint32_t is_draining; /* by the master: it is stopping */
	_Atomic uint32_t
		gate_waiting; /* by the gate: connections that wait for a worker */
} __attribute__((aligned(64)));

struct shm_segment {
	int fd; /* close-on-exec */
	size_t size;
	struct shm_shape shape; /* our own copy: the header's is never acted on */
	struct shm_header *header;
	struct shm_model *models; /* SHM_MODELS */
	struct shm_lane *lanes;
	struct shm_person *people;
	struct shm_group *groups;  /* the first shape.lanes are the lanes themselves */
	_Atomic uint64_t *waits;   /* by slot: who waits for what (queue.h); 0: nobody */
	_Atomic uint32_t *flights; /* by slot: model row + 1 that it asks now; 0: none */
	struct shm_errors *errors; /* the last ones */
	struct shm_books books;
	struct shm_slot *slots;
};

/*
 * Makes a segment, allocated in full (a hole in a full tmpfs would be SIGBUS later) and
 * sealed against resizing. Returns 0, or -1 with errno.
 */
int shm_segment_make(struct shm_segment *seg, const struct shm_shape *shape,
		     int64_t wall_s, int64_t now_ms);
/*
 * Maps the segment behind fd, which somebody else has made; for reading only, or to go on
 * with it. Checks magic, version, sizes and that the file is as long as they say. Returns
 * 0, and owns fd then; or -1 with *why (constant text).
 */
int shm_segment_open(struct shm_segment *seg, int fd, bool want_write, const char **why);
void shm_segment_close(struct shm_segment *seg);

/*
 * The process that calls holds that slot until it ends, however it ends: the kernel knows
 * (a record lock on the memfd). -1 when it is held by another process, or errno.
 */
int shm_segment_hold(const struct shm_segment *seg, uint32_t slot);
/* The pid of who holds it, from the kernel; 0 when nobody does. */
int32_t shm_segment_holder(const struct shm_segment *seg, uint32_t slot);

/*
 * For the master, when nobody holds the slot any more: its requests are done, its places
 * in all lanes age from now on, it waits for nothing.
 */
void shm_segment_reap(struct shm_segment *seg, uint32_t slot, int64_t now_ms);

/* All counters: the account in all, and what has no entry. */
void shm_segment_totals(const struct shm_segment *seg, struct shm_delta *totals);

/* The row with that name, a free one claimed for it otherwise; -1: the table is full.
 * Only the master may claim. */
int32_t shm_segment_lane(struct shm_segment *seg, const char *name);
int32_t shm_segment_person(struct shm_segment *seg, const char *name);
int32_t shm_segment_pool(struct shm_segment *seg, const char *name);

/* The row of the lane that has one of these keys; -1: none has. */
int32_t shm_segment_lane_of(const struct shm_segment *seg, const uint64_t *keys,
			    size_t count);
/* Another name for a lane. A row that has that name loses it: it gets a ~ behind. */
void shm_segment_rename_lane(struct shm_segment *seg, uint32_t row, const char *name);

#endif
