/* SPDX-License-Identifier: MIT */
/*
 * A status process: answers its own listener from a copy of the segment, whatever the
 * workers do.  It waits as the gate does, so idle and slow pollers cost it a descriptor;
 * an answer fits the socket's buffer and never waits.
 *
 *     /status, /           the page; ?json, ?auto: the same for programs; ?full: with a
 *                          row for each process; ?me: one's own account
 *     /metrics             Prometheus or, by Accept, OpenMetrics
 *     /livez               it answers; /readyz: a client would be served (?verbose);
 *                          /healthz: the same
 */
#ifndef NIM_STATUS_STATUS_H
#define NIM_STATUS_STATUS_H

#include "worker/env.h"

enum { STATUS_PROCESSES = 2 };

/* Returns the exit code (worker/worker.h). */
int status_run(const struct worker_env *env, struct shm_slot *slot);

#endif
