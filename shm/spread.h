/* SPDX-License-Identifier: MIT */
/* The even spacing that a window can keep from now on (see queue.h). */
#ifndef NIM_SHM_SPREAD_H
#define NIM_SHM_SPREAD_H

#include "shm/ring.h"

/*
 * From when on somebody who has had his share may take a place. With the places in the
 * order in which they become free, s(p) the stamp of the p-th and W the window, the p-th
 * grant from now on can be had at s(p) + W; so grants that are G apart and begin at the
 * last one need G >= (s(p) + W - t) / p for all p at the time t of the next grant. Or,
 * from when on taking a place leaves all later ones at most 1.5 W / limit apart.
 */
int64_t shm_spread_ms(const struct shm_view *view);

#endif
