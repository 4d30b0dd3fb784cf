/* SPDX-License-Identifier: MIT */
/* The rows of the segment that the configuration names, and what it says of them. */
#ifndef NIM_MASTER_ROWS_H
#define NIM_MASTER_ROWS_H

#include "master/conf.h"

/* A shape with room for that configuration, and for what reloads may add to it. */
struct shm_shape rows_shape(const struct conf *c);
/* Whether a segment of that shape has room for it. */
bool rows_fit(const struct conf *c, const struct shm_shape *shape);

/*
 * Claims the rows of all lanes, pools, people and models, and writes their settings;
 * those that are named no more keep their rows, for the history. Fills in row and group
 * of c->people. Returns 0, or -1 with *why when the segment is full: nothing that works
 * now was changed then.
 */
int rows_configure(struct shm_segment *seg, struct conf *c, const char **why);

#endif
