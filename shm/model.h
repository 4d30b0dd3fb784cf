/* SPDX-License-Identifier: MIT */
/*
 * What all workers have learnt of an upstream model: which fields its server refused,
 * the largest max_tokens it took, and how far the estimate of tokens was off.  A row is
 * claimed once and stays; every field is an atomic word of its own, and the last writer
 * wins: a wrong word costs one refused request or a few per cent of an estimate.
 */
#ifndef NIM_SHM_MODEL_H
#define NIM_SHM_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SHM_MODELS = 256, /* rows; a model beyond them is not remembered */
	SHM_MODEL_NAME = 128,
	SHM_RATIO_ONE = 1024,		 /* the estimate was right */
	SHM_FORGET_MS = 6 * 3600 * 1000, /* servers are updated; then it is tried again */
};

struct shm_model {
	_Atomic uint64_t hash;		/* of the id; 0: the row is free */
	_Atomic uint32_t refused;	/* bits of enum oa_field */
	_Atomic uint32_t token_ratio;	/* real / estimated * SHM_RATIO_ONE; 0: unknown */
	_Atomic uint64_t token_samples; /* requests that have gone into token_ratio */
	_Atomic int64_t max_output;	/* tokens; 0: no limit was met */
	_Atomic int64_t learnt_ms;	/* monotonic: of refused and max_output */
	_Atomic uint64_t brake;		/* brake.h; 0: never pressed */
	_Atomic uint64_t presses;	/* how often it was */
	char name[SHM_MODEL_NAME];	/* for readers; NUL-padded, cut, may be torn */
} __attribute__((aligned(64)));

/* The row of that id, claimed when it had none; NULL when the table is full. */
struct shm_model *shm_model_find(struct shm_model *table, const char *id, unsigned len);

/* What was learnt less than SHM_FORGET_MS ago; zero otherwise. m may be NULL. */
uint32_t shm_model_refused(struct shm_model *m, int64_t now_ms);
int64_t shm_model_max_output(struct shm_model *m, int64_t now_ms);
/* Adds to what is known; max_output 0 changes nothing. m may be NULL. */
void shm_model_learn(struct shm_model *m, uint32_t refused, int64_t max_output,
		     int64_t now_ms);

/*
 * One more comparison of an estimate with what the upstream counted (both > 0): the
 * first eight are averaged, later ones count an eighth each. Ratios beyond a quarter and
 * four are not believed. m may be NULL.
 */
void shm_model_compare(struct shm_model *m, int64_t estimated, int64_t counted);
/* The estimate corrected by what has been learnt; at least 1 when tokens is. */
int64_t shm_model_correct(const struct shm_model *m, int64_t tokens);

#endif
