/* SPDX-License-Identifier: MIT */
/* What an error of the last ones was, in a word, and what to do about it. */
#ifndef NIM_STATUS_ADVICE_H
#define NIM_STATUS_ADVICE_H

#include "shm/errors.h"

/* "overloaded_error"; constant text, whatever stands in the record. */
const char *advice_type(const struct shm_error *e);
/* A sentence or two for the admin. */
const char *advice_of(const struct shm_error *e);

#endif
