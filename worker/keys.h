/* SPDX-License-Identifier: MIT */
/*
 * Who may use the proxy: PROXY_API_KEY, from x-api-key or Authorization: Bearer (a client
 * may send both, and either may be the right one).  Compared as SHA-256 digests in
 * constant time.
 */
#ifndef NIM_WORKER_KEYS_H
#define NIM_WORKER_KEYS_H

#include "worker/env.h"
#include "worker/http.h"

/* True when no key is asked for, or the request carries it. */
bool keys_admit(const struct worker_env *env, const struct http *http);

/*
 * True when a browser page may be behind the request: an Origin field, a Sec-Fetch-Site
 * of another site, or, on a loopback address, a Host that is no loopback name (DNS
 * rebinding). Such requests are refused: a page must not be able to spend a local user's
 * quota.
 */
bool keys_is_browser(const struct http *http, int client_fd);

#endif
