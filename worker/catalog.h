/* SPDX-License-Identifier: MIT */
/*
 * GET /v1/models and /v1/models/{id}: the configured models in Anthropic's form (API
 * reference, "List models"), plus the small routes that only say that somebody is here.
 */
#ifndef NIM_WORKER_CATALOG_H
#define NIM_WORKER_CATALOG_H

#include "worker/req.h"

void catalog_list(struct req *r);   /* ?limit=1..1000 (20), after_id, before_id */
void catalog_get(struct req *r);    /* r->rest is the id; %2F is a slash */
void catalog_health(struct req *r); /* {"status":"ok"} */
void catalog_hello(
	struct req *r); /* HEAD / and HEAD /api/hello: 200 with nothing of interest */

#endif
