/* SPDX-License-Identifier: MIT */
/* Making, sealing, mapping and reading the segment. */
#include "config.h"

#include "shm/segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(struct shm_header) == 64,
	      "the header's layout has changed: count SHM_VERSION");

static size_t size_for(uint32_t slot_count)
{
	return sizeof(struct shm_header) + SHM_MODELS * sizeof(struct shm_model) +
	       (size_t)slot_count * sizeof(struct shm_slot);
}

static int map(struct shm_segment *seg, int protection)
{
	void *at = mmap(NULL, seg->size, protection, MAP_SHARED, seg->fd, 0);

	if (at == MAP_FAILED)
		return -1;
	seg->header = at;
	seg->models = (struct shm_model *)((char *)at + sizeof(struct shm_header));
	seg->slots = (struct shm_slot *)(seg->models + SHM_MODELS);
	return 0;
}

static void write_header(struct shm_segment *seg, int64_t wall_s, int64_t now_ms)
{
	struct shm_header *h = seg->header;

	memcpy(h->magic, SHM_MAGIC, sizeof(h->magic));
	h->version = SHM_VERSION;
	h->header_size = sizeof(*h);
	h->slot_size = sizeof(struct shm_slot);
	h->slot_count = seg->slot_count;
	h->model_size = sizeof(struct shm_model);
	h->model_count = SHM_MODELS;
	h->size = seg->size;
	h->start_wall_s = wall_s;
	h->start_ms = now_ms;
	atomic_store(&h->master_beat_ms, now_ms);
}

int shm_segment_make(struct shm_segment *seg, uint32_t slot_count, int64_t wall_s,
		     int64_t now_ms)
{
	memset(seg, 0, sizeof(*seg));
	if (slot_count < 1 || slot_count > SHM_SLOTS_MAX) {
		errno = EINVAL;
		return -1;
	}
	seg->slot_count = slot_count;
	seg->size = size_for(slot_count);
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
	if (memcmp(h->magic, SHM_MAGIC, sizeof(h->magic)) != 0)
		return "it is not a segment of nim";
	if (h->version != SHM_VERSION || h->header_size != sizeof(*h) ||
	    h->slot_size != sizeof(struct shm_slot) ||
	    h->model_size != sizeof(struct shm_model) || h->model_count != SHM_MODELS)
		return "its layout is of another version";
	if (h->slot_count < 1 || h->slot_count > SHM_SLOTS_MAX ||
	    h->size != size_for(h->slot_count) || file_size < h->size)
		return "its sizes do not fit together";
	return NULL;
}

int shm_segment_open(struct shm_segment *seg, int fd, const char **why)
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
	if (*why)
		return -1;
	seg->fd = fd;
	seg->size = copy.size;
	seg->slot_count = copy.slot_count;
	if (map(seg, PROT_READ) == 0)
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

void shm_segment_totals(const struct shm_segment *seg, struct shm_delta *totals)
{
	memset(totals, 0, sizeof(*totals));
	for (uint32_t i = 0; i < seg->slot_count; i++)
		for (size_t c = 0; c < SHM_COUNTER_COUNT; c++)
			totals->by[c] += atomic_load_explicit(&seg->slots[i].counters[c],
							      memory_order_relaxed);
}
