/* SPDX-License-Identifier: MIT */
/*
 * Who may see what.  On loopback numbers are open; names, and what runs now, are for a
 * person with admin = true, or for everybody when status_open says so, or when the proxy
 * itself is open to everybody on this machine.  On another address nothing is shown
 * without a token.  A web page of somebody else's is refused (Host, Origin,
 * Sec-Fetch-Site), so that it can read nothing through a browser.
 */
#ifndef NIM_STATUS_ACCESS_H
#define NIM_STATUS_ACCESS_H

#include "worker/env.h"
#include "worker/http.h"

enum access {
	ACCESS_NUMBERS,
	ACCESS_NAMES,
	ACCESS_NONE,	/* 401: a token is wanted, or it was wrong */
	ACCESS_FOREIGN, /* 403: a web page, or a Host that is not ours */
};

/*
 * fd: the connection. *person: whose token it is, NULL when none came; where no token is
 * asked for, the one person that there is.  Tokens come as Authorization: Bearer, as
 * x-api-key, or as the password of Authorization: Basic (what browsers ask for).
 */
enum access access_of(const struct worker_env *env, const struct http *http, int fd,
		      const struct person **person);

#endif
