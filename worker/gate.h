/* SPDX-License-Identifier: MIT */
/*
 * The gate: accepts, looks with MSG_PEEK until the head of a request is whole (the bytes
 * stay in the kernel), and hands the descriptor to the idle worker that was used last, so
 * that its upstream connection is warm.  It parses nothing.  Slow and silent clients cost
 * a descriptor here, never a worker.
 *
 *   - a head must be whole within head_timeout_ms of the accept: else 408 (or a plain
 * close when not one byte came);
 *   - at most waiting_max connections wait, fewer when RLIMIT_NOFILE says so; the oldest
 * goes first;
 *   - nobody idle for a tenth of a second (a second while a new worker is on its way):
 * 529 overloaded_error with Retry-After, then a lingering close;
 *   - EMFILE/ENFILE pause accepting for half a second;
 *   - the master gone (alive_fd at EOF) or SIGTERM: it stops accepting and leaves.
 */
#ifndef NIM_WORKER_GATE_H
#define NIM_WORKER_GATE_H

#include "worker/env.h"

/* control_fd: the gate's end of the control pair (handover.h). Returns the exit code
 * (worker.h). */
int gate_run(const struct worker_env *env, struct shm_slot *slot, int control_fd);

#endif
