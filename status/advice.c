/* SPDX-License-Identifier: MIT */
/* The first row that fits an error says what to do. */
#include "config.h"

#include "status/advice.h"

#include <stddef.h>

#include "translate/an_error.h"

enum { ANY = -1 };

static const struct {
	int kind;	     /* enum an_error_kind, or ANY */
	int upstream_status; /* or ANY; 0: the upstream had not spoken */
	const char *advice;
} rows[] = {
	{ ANY, 401,
	  "The upstream has refused the lane's key: give it a new one, then reload." },
	{ ANY, 403,
	  "The upstream does not let this key use the model: accept the model's terms on "
	  "build.nvidia.com, or use another model." },
	{ ANY, 404,
	  "The upstream does not know the model: compare its id with models.conf and the "
	  "upstream's list." },
	{ ANY, 402, "The account of the lane's key has no credit left." },
	{ ANY, 429,
	  "The upstream has refused one request too many: does something else use this "
	  "key?" },
	{ ANY, 400,
	  "The upstream has refused the request's form; the log has its words. A rule in "
	  "models.conf may help." },
	{ ANY, 413, "The request is too long for the upstream." },
	{ AN_RATE_LIMIT, 0,
	  "The person, or all, asked more than there is room for within max_wait: the "
	  "client "
	  "comes back by itself." },
	{ AN_SPENT, ANY, "The person's cap of the day is used up; people.conf has it." },
	{ AN_OVERLOADED, ANY,
	  "The model's servers have too much to do: the client comes back by itself; if "
	  "it "
	  "stays so, use another model." },
	{ AN_TIMEOUT, ANY,
	  "The upstream was silent for too long; see first_byte_timeout and "
	  "gap_timeout." },
	{ AN_BAD_UPSTREAM, ANY,
	  "The upstream could not be reached, or spoke no sense; the log says which." },
	{ AN_AUTHENTICATION, ANY,
	  "A client without a good token: nim user list shows who has one." },
	{ AN_INVALID_REQUEST, ANY,
	  "The client's request was wrong; it has been told where." },
	{ AN_TOO_LARGE, ANY, "The client's request was larger than body_max." },
	{ ANY, ANY, "The log has a line with this request's id." },
};

const char *advice_type(const struct shm_error *e)
{
	return e->kind < AN_ERROR_KINDS ? an_errors[e->kind].type : "unknown";
}

const char *advice_of(const struct shm_error *e)
{
	size_t i = 0;

	while ((rows[i].kind != ANY && rows[i].kind != (int)e->kind) ||
	       (rows[i].upstream_status != ANY &&
		rows[i].upstream_status != (int)e->upstream_status))
		i++;
	return rows[i].advice;
}
