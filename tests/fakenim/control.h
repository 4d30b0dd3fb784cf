/* SPDX-License-Identifier: MIT */
/* What tests ask fakenim about itself: GET /control/..., which nothing counts. */
#ifndef NIM_FAKENIM_CONTROL_H
#define NIM_FAKENIM_CONTROL_H

#include "tests/fakenim/conn.h"

/* The word behind the last "mark:" in a body: a test finds its request again. A view. */
struct str control_mark(struct str body);

void control_stats(struct conn *c);
void control_keys(struct conn *c);
void control_posts(struct conn *c);
void control_reset(struct conn *c);

#endif
