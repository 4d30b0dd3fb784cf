/* SPDX-License-Identifier: MIT */
/*
 * Errors as Anthropic's API answers them (API reference, "Errors"): an HTTP status, a
 * type and {"type":"error","error":{"type","message"},"request_id"}.
 */
#ifndef NIM_TRANSLATE_AN_ERROR_H
#define NIM_TRANSLATE_AN_ERROR_H

#include "translate/buf.h"

/* One row of the table each; the order is that of an_errors[]. */
enum an_error_kind {
	AN_INVALID_REQUEST,    /* 400 invalid_request_error */
	AN_AUTHENTICATION,     /* 401 authentication_error */
	AN_BILLING,	       /* 402 billing_error */
	AN_PERMISSION,	       /* 403 permission_error */
	AN_NOT_FOUND,	       /* 404 not_found_error */
	AN_METHOD_NOT_ALLOWED, /* 405 invalid_request_error */
	AN_REQUEST_TIMEOUT,    /* 408 invalid_request_error: the client was too slow */
	AN_LENGTH_REQUIRED,    /* 411 invalid_request_error */
	AN_TOO_LARGE,	       /* 413 request_too_large */
	AN_MEDIA_TYPE,	       /* 415 invalid_request_error */
	AN_EXPECTATION,	       /* 417 invalid_request_error */
	AN_HEAD_TOO_LARGE,     /* 431 invalid_request_error */
	AN_RATE_LIMIT,	       /* 429 rate_limit_error */
	AN_SPENT,	       /* 429 billing_error: a person's own cap, not for today */
	AN_API,		       /* 500 api_error */
	AN_NOT_SUPPORTED,      /* 501 not_supported */
	AN_BAD_UPSTREAM,       /* 502 api_error */
	AN_TIMEOUT,	       /* 504 timeout_error */
	AN_OVERLOADED,	       /* 529 overloaded_error */
	AN_ERROR_KINDS
};

struct an_error_info {
	int status;
	const char *reason;   /* of the status line */
	const char *type;     /* error.type */
	bool is_client_error; /* counted as client_errors, else upstream_errors */
};

extern const struct an_error_info an_errors[AN_ERROR_KINDS];

/* An error on its way to the client. */
struct an_error {
	enum an_error_kind kind;
	struct str message;  /* a sentence for a person; constant or in the pool */
	int retry_after;     /* whole seconds 1..60, or 0: no Retry-After header */
	bool want_no_retry;  /* send x-should-retry: false */
	const char *details; /* error.details, a JSON object; or NULL */
};

/* Appends the JSON body. request_id may be empty. */
void an_error_body(struct buf *b, const struct an_error *e, struct str request_id);

#endif
