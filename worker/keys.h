/* SPDX-License-Identifier: MIT */
/*
 * Who asks: the person whose token stands in x-api-key or Authorization: Bearer (a client
 * may send both, and either may be the right one).  Compared as SHA-256 digests, with all
 * people's every time, in constant time.
 */
#ifndef NIM_WORKER_KEYS_H
#define NIM_WORKER_KEYS_H

#include "worker/env.h"
#include "worker/http.h"

/*
 * The person, or NULL: no token, or one that is nobody's or of somebody who is disabled.
 * Where no token is asked for it is the one person that there is.
 */
const struct person *keys_person(const struct worker_env *env, const struct http *http);

/* The person whose token that is, or NULL. */
const struct person *keys_find(const struct people *people, struct str token);
/* What stands behind the scheme ("bearer ", "basic ", small letters) of an Authorization
 * field; empty when the scheme is another one. */
struct str keys_behind(struct str authorization, struct str scheme);
/* Whether a Host field names this machine's loopback. */
bool keys_is_loopback_host(struct str host);
bool keys_is_loopback_socket(int fd);

/*
 * True when a browser page may be behind the request: an Origin field, a Sec-Fetch-Site
 * of another site, or, on a loopback address, a Host that is no loopback name (DNS
 * rebinding). Such requests are refused: a page must not be able to spend a local user's
 * quota.
 */
bool keys_is_browser(const struct http *http, int client_fd);

#endif
