/* SPDX-License-Identifier: MIT */
/* Making, sealing, mapping and holding the segment. */
#include "config.h"

#include "shm/segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(struct shm_header) % 64 == 0,
	      "what follows the header begins on a cache line");

/* The tables in their order in memory: bytes of a row, rows. */
struct table {
	size_t row, count;
};

enum {
	AT_MODELS,
	AT_LANES,
	AT_PEOPLE,
	AT_GROUPS,
	AT_WAITS,
	AT_FLIGHTS,
	AT_ERRORS,
	AT_BOOKS,
	AT_JOURNAL,
	AT_SLOTS,
	TABLES
};

static size_t round_up(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

static void list_tables(const struct shm_shape *s, struct table t[TABLES])
{
	t[AT_MODELS] = (struct table){ sizeof(struct shm_model), SHM_MODELS };
	t[AT_LANES] = (struct table){ sizeof(struct shm_lane), s->lanes };
	t[AT_PEOPLE] = (struct table){ sizeof(struct shm_person), s->people };
	t[AT_GROUPS] = (struct table){ sizeof(struct shm_group), s->groups };
	t[AT_WAITS] = (struct table){ sizeof(uint64_t), s->slots };
	t[AT_FLIGHTS] = (struct table){ sizeof(uint32_t), s->slots };
	t[AT_ERRORS] = (struct table){ sizeof(struct shm_errors), 1 };
	t[AT_BOOKS] =
		(struct table){ shm_books_size(s->people, s->lanes, SHM_MODELS), 1 };
	t[AT_JOURNAL] = (struct table){ sizeof(struct shm_journal), 1 };
	t[AT_SLOTS] = (struct table){ sizeof(struct shm_slot), s->slots };
}

/* The offset of each table; returns the size of all. */
static size_t lay_out(const struct shm_shape *shape, size_t at[TABLES])
{
	struct table tables[TABLES];
	size_t offset = sizeof(struct shm_header);

	list_tables(shape, tables);
	for (int i = 0; i < TABLES; i++) {
		at[i] = offset;
		offset += round_up(tables[i].row * tables[i].count);
	}
	return offset;
}

/* A change of any struct changes this number, even if nobody counted SHM_VERSION. */
static uint32_t layout_number(void)
{
	struct table tables[TABLES];
	struct shm_shape one = { 1, 1, 1, 1 };
	uint32_t number = sizeof(struct shm_header);

	list_tables(&one, tables);
	for (int i = 0; i < TABLES; i++)
		number = number * 31 + (uint32_t)tables[i].row;
	return number;
}

static bool is_shape(const struct shm_shape *s)
{
	return s->slots >= 1 && s->slots <= SHM_SLOTS_MAX && s->lanes >= 1 &&
	       s->lanes <= SHM_LANES_MAX && s->people >= 1 &&
	       s->people <= SHM_PERSONS_MAX && s->groups >= s->lanes &&
	       s->groups <= SHM_GROUPS_MAX;
}

static int map(struct shm_segment *seg, int protection)
{
	size_t at[TABLES];
	char *base = mmap(NULL, seg->size, protection, MAP_SHARED, seg->fd, 0);

	if (base == MAP_FAILED)
		return -1;
	(void)lay_out(&seg->shape, at);
	seg->header = (struct shm_header *)base;
	seg->models = (struct shm_model *)(base + at[AT_MODELS]);
	seg->lanes = (struct shm_lane *)(base + at[AT_LANES]);
	seg->people = (struct shm_person *)(base + at[AT_PEOPLE]);
	seg->groups = (struct shm_group *)(base + at[AT_GROUPS]);
	seg->waits = (_Atomic uint64_t *)(base + at[AT_WAITS]);
	seg->flights = (_Atomic uint32_t *)(base + at[AT_FLIGHTS]);
	seg->errors = (struct shm_errors *)(base + at[AT_ERRORS]);
	seg->slots = (struct shm_slot *)(base + at[AT_SLOTS]);
	shm_books_lay(&seg->books, base + at[AT_BOOKS],
		      (struct shm_journal *)(base + at[AT_JOURNAL]), seg->shape.people,
		      seg->shape.lanes, SHM_MODELS);
	return 0;
}

static void write_header(struct shm_segment *seg, int64_t wall_s, int64_t now_ms)
{
	struct shm_header *h = seg->header;

	memcpy(h->magic, SHM_MAGIC, sizeof(h->magic));
	h->version = SHM_VERSION;
	h->layout = layout_number();
	h->shape = seg->shape;
	h->size = seg->size;
	h->start_wall_s = wall_s;
	h->start_ms = now_ms;
	atomic_store(&h->master_beat_ms, now_ms);
	for (uint32_t i = 0; i < seg->shape.slots; i++)
		atomic_store(&seg->slots[i].person, SHM_NOBODY);
}

int shm_segment_make(struct shm_segment *seg, const struct shm_shape *shape,
		     int64_t wall_s, int64_t now_ms)
{
	size_t at[TABLES];

	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
	if (!is_shape(shape)) {
		errno = EINVAL;
		return -1;
	}
	seg->shape = *shape;
	seg->size = lay_out(shape, at);
	seg->fd = memfd_create("nim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (seg->fd < 0)
		return -1;
	errno = posix_fallocate(seg->fd, 0, (off_t)seg->size);
	if (errno == 0 &&
	    fcntl(seg->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0 &&
	    map(seg, PROT_READ | PROT_WRITE) == 0) {
		write_header(seg, wall_s, now_ms);
		return 0;
	}
	shm_segment_close(seg);
	return -1;
}

/* What is wrong with a header that somebody else has written, or NULL. */
static const char *check(const struct shm_header *h, size_t file_size)
{
	size_t at[TABLES];

	if (memcmp(h->magic, SHM_MAGIC, sizeof(h->magic)) != 0)
		return "it is not a segment of nim";
	if (h->version != SHM_VERSION || h->layout != layout_number())
		return "its layout is of another version";
	if (!is_shape(&h->shape) || h->size != lay_out(&h->shape, at) ||
	    file_size < h->size)
		return "its sizes do not fit together";
	return NULL;
}

int shm_segment_open(struct shm_segment *seg, int fd, bool want_write, const char **why)
{
	struct shm_header copy;
	struct stat st;

	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
	*why = "it cannot be read";
	if (fstat(fd, &st) < 0 ||
	    pread(fd, &copy, sizeof(copy), 0) != (ssize_t)sizeof(copy))
		return -1;
	*why = check(&copy, (size_t)st.st_size);
	/* A file that can shrink is a SIGBUS to come. */
	if (!*why && want_write && !(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK))
		*why = "it is not sealed";
	if (*why)
		return -1;
	seg->fd = fd;
	seg->size = copy.size;
	seg->shape = copy.shape;
	if (map(seg, want_write ? PROT_READ | PROT_WRITE : PROT_READ) == 0)
		return 0;
	*why = "it cannot be mapped";
	seg->fd = -1;
	return -1;
}

void shm_segment_close(struct shm_segment *seg)
{
	if (seg->header)
		(void)munmap(seg->header, seg->size); /* an own mapping: it can't fail */
	if (seg->fd >= 0)
		(void)close(seg->fd);
	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
}

/* Record locks may lie beyond the end of a file: byte n is slot n. */
int shm_segment_hold(const struct shm_segment *seg, uint32_t slot)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1
	};

	return fcntl(seg->fd, F_SETLK, &lock);
}

int32_t shm_segment_holder(const struct shm_segment *seg, uint32_t slot)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1
	};

	if (fcntl(seg->fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}

void shm_segment_reap(struct shm_segment *seg, uint32_t slot, int64_t now_ms)
{
	if (slot >= seg->shape.slots)
		return;
	atomic_store(&seg->waits[slot], 0);
	atomic_store(&seg->flights[slot], 0);
	for (uint32_t i = 0; i < seg->shape.lanes; i++)
		shm_ring_reap(&seg->lanes[i].ring, slot, now_ms);
	shm_slot_reap(&seg->slots[slot], now_ms);
}

void shm_segment_totals(const struct shm_segment *seg, struct shm_delta *totals)
{
	for (size_t c = 0; c < SHM_COUNTER_COUNT; c++)
		totals->by[c] = atomic_load_explicit(&seg->books.total->counters[c],
						     memory_order_relaxed);
	for (uint32_t i = 0; i < seg->shape.slots; i++)
		totals->by[SHM_overloaded] += atomic_load_explicit(
			&seg->slots[i].overloaded, memory_order_relaxed);
}

/* ---- rows by name */

static bool is_name(const char held[SHM_NAME_MAX], const char *name)
{
	return strncmp(held, name, SHM_NAME_MAX) == 0;
}

/* The first row of that name, else the first without one, gets it. */
static int32_t claim(char *first, size_t row, uint32_t from, uint32_t count,
		     const char *name)
{
	int32_t free_row = -1;

	if (!*name || strlen(name) >= SHM_NAME_MAX)
		return -1;
	for (uint32_t i = from; i < count; i++) {
		const char *held = first + i * row;

		if (is_name(held, name))
			return (int32_t)i;
		if (free_row < 0 && !*held)
			free_row = (int32_t)i;
	}
	if (free_row >= 0)
		memcpy(first + (size_t)free_row * row, name, strlen(name));
	return free_row;
}

int32_t shm_segment_lane(struct shm_segment *seg, const char *name)
{
	int32_t row = claim(seg->lanes[0].name, sizeof(struct shm_lane), 0,
			    seg->shape.lanes, name);

	if (row >= 0) {
		struct shm_group *g = &seg->groups[row];

		memcpy(g->name, seg->lanes[row].name, SHM_NAME_MAX);
		atomic_store(&g->lanes[0], (uint16_t)row);
		atomic_store(&g->count, 1);
	}
	return row;
}

int32_t shm_segment_person(struct shm_segment *seg, const char *name)
{
	return claim(seg->people[0].name, sizeof(struct shm_person), 0, seg->shape.people,
		     name);
}

int32_t shm_segment_pool(struct shm_segment *seg, const char *name)
{
	return claim(seg->groups[0].name, sizeof(struct shm_group), seg->shape.lanes,
		     seg->shape.groups, name);
}

int32_t shm_segment_lane_of(const struct shm_segment *seg, const uint64_t *keys,
			    size_t count)
{
	for (uint32_t row = 0; row < seg->shape.lanes; row++)
		for (size_t i = 0; i < count; i++)
			if (shm_lane_has_key(&seg->lanes[row], keys[i]))
				return (int32_t)row;
	return -1;
}

static void set_lane_name(struct shm_segment *seg, uint32_t row, const char *name)
{
	char text[SHM_NAME_MAX] = "";

	(void)snprintf(text, sizeof(text), "%s", name);
	memcpy(seg->lanes[row].name, text, sizeof(text));
	memcpy(seg->groups[row].name, text, sizeof(text));
}

void shm_segment_rename_lane(struct shm_segment *seg, uint32_t row, const char *name)
{
	for (uint32_t i = 0; i < seg->shape.lanes; i++) {
		char other[SHM_NAME_MAX + 1];

		if (i == row || !is_name(seg->lanes[i].name, name))
			continue;
		(void)snprintf(other, sizeof(other), "%.*s~", SHM_NAME_MAX - 2, name);
		set_lane_name(seg, i, other);
	}
	set_lane_name(seg, row, name);
}
