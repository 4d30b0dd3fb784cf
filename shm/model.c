/* SPDX-License-Identifier: MIT */
/* Rows are found by the hash of the model's id, each claimed by one compare-and-swap. */
#include "config.h"

#include "shm/model.h"

#include <string.h>

enum {
	SAMPLES_EQUAL = 8,
	RATIO_LEAST = SHM_RATIO_ONE / 4,
	RATIO_MOST = SHM_RATIO_ONE * 4
};

static uint64_t hash_of(const char *id, unsigned len)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (unsigned i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)id[i]) * UINT64_C(1099511628211);
	return hash ? hash : 1;
}

struct shm_model *shm_model_find(struct shm_model *table, const char *id, unsigned len)
{
	uint64_t hash = hash_of(id, len);

	for (unsigned i = 0; i < SHM_MODELS; i++) {
		struct shm_model *m = &table[(hash + i) % SHM_MODELS];
		uint64_t held = 0;

		if (atomic_compare_exchange_strong(&m->hash, &held, hash)) {
			memcpy(m->name, id,
			       len < SHM_MODEL_NAME - 1 ? len : SHM_MODEL_NAME - 1);
			return m;
		}
		if (held == hash)
			return m;
	}
	return NULL;
}

static bool is_fresh(const struct shm_model *m, int64_t now_ms)
{
	return m && now_ms - atomic_load(&m->learnt_ms) < SHM_FORGET_MS;
}

uint32_t shm_model_refused(struct shm_model *m, int64_t now_ms)
{
	return is_fresh(m, now_ms) ? atomic_load(&m->refused) : 0;
}

int64_t shm_model_max_output(struct shm_model *m, int64_t now_ms)
{
	return is_fresh(m, now_ms) ? atomic_load(&m->max_output) : 0;
}

void shm_model_learn(struct shm_model *m, uint32_t refused, int64_t max_output,
		     int64_t now_ms)
{
	if (!m)
		return;
	if (!is_fresh(m, now_ms)) {
		atomic_store(&m->refused, 0);
		atomic_store(&m->max_output, 0);
	}
	atomic_fetch_or(&m->refused, refused);
	if (max_output > 0)
		atomic_store(&m->max_output, max_output);
	atomic_store(&m->learnt_ms, now_ms);
}

void shm_model_compare(struct shm_model *m, int64_t estimated, int64_t counted)
{
	uint64_t samples;
	int64_t ratio, mean;

	if (!m || estimated <= 0 || counted <= 0)
		return;
	if (counted / RATIO_MOST > estimated || counted > INT64_MAX / SHM_RATIO_ONE)
		return;
	ratio = counted * SHM_RATIO_ONE / estimated;
	if (ratio < RATIO_LEAST || ratio > RATIO_MOST)
		return;
	samples = atomic_fetch_add(&m->token_samples, 1);
	mean = samples ? atomic_load(&m->token_ratio) : 0;
	if (samples >= SAMPLES_EQUAL)
		samples = SAMPLES_EQUAL - 1;
	mean += (ratio - mean) / (int64_t)(samples + 1);
	atomic_store(&m->token_ratio, (uint32_t)mean);
}

int64_t shm_model_correct(const struct shm_model *m, int64_t tokens)
{
	uint32_t ratio = m ? atomic_load(&m->token_ratio) : 0;

	if (ratio < RATIO_LEAST || ratio > RATIO_MOST || tokens <= 0 ||
	    tokens > INT64_MAX / RATIO_MOST)
		return tokens;
	tokens = tokens * ratio / SHM_RATIO_ONE;
	return tokens > 0 ? tokens : 1;
}
