/* SPDX-License-Identifier: MIT */
/* What a process says of itself. */
#include "config.h"

#include "shm/slot.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct shm_slot) % 64 == 0,
	      "a slot begins on a cache line of its own");

static void put_text(char to[SHM_TEXT_MAX], const char *text, size_t len)
{
	if (len >= SHM_TEXT_MAX)
		len = SHM_TEXT_MAX - 1;
	memcpy(to, text, len);
	memset(to + len, 0, SHM_TEXT_MAX - len);
}

void shm_slot_take(struct shm_slot *s, enum shm_kind kind, int32_t pid, int64_t now_ms)
{
	atomic_store(&s->kind, kind);
	atomic_store(&s->pid, pid);
	atomic_fetch_add(&s->generation, 1);
	atomic_store(&s->handled, 0);
	put_text(s->last_words, "", 0);
	shm_slot_state(s, SHM_STARTING, now_ms);
}

void shm_slot_state(struct shm_slot *s, enum shm_state state, int64_t now_ms)
{
	if (atomic_load_explicit(&s->state, memory_order_relaxed) != (uint32_t)state)
		atomic_store_explicit(&s->since_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&s->state, state, memory_order_release);
	shm_slot_beat(s, now_ms);
}

void shm_slot_beat(struct shm_slot *s, int64_t now_ms)
{
	atomic_store_explicit(&s->heartbeat_ms, now_ms, memory_order_relaxed);
}

static void forget_request(struct shm_slot *s)
{
	atomic_store(&s->began_ms, 0);
	atomic_store(&s->person, SHM_NOBODY);
	atomic_store(&s->is_message, 0);
	put_text(s->request_id, "", 0);
	put_text(s->model, "", 0);
}

struct shm_entry *shm_slot_begin(struct shm_slot *s, const char *request_id,
				 int64_t now_ms)
{
	struct shm_entry *e = shm_entry_begin(s->entries);

	if (!e)
		return NULL;
	forget_request(s);
	put_text(s->request_id, request_id, strlen(request_id));
	atomic_store(&s->began_ms, now_ms);
	atomic_store_explicit(&s->since_ms, now_ms, memory_order_relaxed);
	return e;
}

void shm_slot_model(struct shm_slot *s, const char *model, unsigned len)
{
	put_text(s->model, model, len);
}

void shm_slot_end(struct shm_slot *s, struct shm_entry *e, enum shm_counter outcome)
{
	shm_entry_end(e, outcome);
	forget_request(s);
}

unsigned shm_slot_unbooked(const struct shm_slot *s)
{
	unsigned count = 0;

	for (size_t i = 0; i < SHM_ENTRIES; i++)
		count += atomic_load(&s->entries[i].stage) == SHM_DONE;
	return count;
}

void shm_slot_reap(struct shm_slot *s, int64_t now_ms)
{
	shm_entry_reap(s->entries);
	forget_request(s);
	atomic_store(&s->pid, 0);
	shm_slot_state(s, SHM_FREE, now_ms);
}

void shm_slot_last_words(struct shm_slot *s, const char *words)
{
	put_text(s->last_words, words, strlen(words));
}
