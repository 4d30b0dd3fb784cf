/* SPDX-License-Identifier: MIT */
/* What an answer of the upstream teaches about the lane and the model. */
#ifndef NIM_WORKER_RELAY_LANE_H
#define NIM_WORKER_RELAY_LANE_H

#include "worker/relay_state.h"

/*
 * After each try: a 429 benches the lane, 401s in a row disable it, and what says that
 * the model's servers have too much to do presses the model's brake. Sets rl->is_lanes
 * when the refusal was the lane's, so that the request may go back into the queue.
 */
void relay_lane(struct relay *rl, enum attempt verdict);

/* A debug line: which lane it is, and how late the request took its place there. */
void relay_granted(const struct req *r);

#endif
