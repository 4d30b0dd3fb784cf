/* SPDX-License-Identifier: MIT */
/*
 * What an upstream said when it refused: the one sentence inside its error body, in
 * whichever of the shapes it came, and that sentence made fit for a client's eyes.
 */
#ifndef NIM_TRANSLATE_OA_SAID_H
#define NIM_TRANSLATE_OA_SAID_H

#include "translate/pool.h"

enum {
	OA_SAID_MAX = 400,	/* bytes of a sentence from JSON that a client gets */
	OA_SAID_TEXT_MAX = 200, /* of a text or HTML body */
};

struct oa_said {
	int status;	  /* HTTP status inside the body, 0 = none */
	struct str whole; /* the sentence as it came, for matching */
	struct str clean; /* without ids, keys, HTML and line breaks, cut; may be empty */
};

/*
 * Looks for error.message, error (a string), message, detail (a string), detail[].msg,
 * title; then takes the body as text with tags stripped. Slices live in the pool or in
 * body.
 */
void oa_said_read(struct oa_said *said, struct pool *p, struct str body);

/* The HTTP status inside an error object, as number or digits; 0 = none. */
int oa_said_status(struct json_object *root);

/*
 * A copy fit for clients: function and account ids, keys and long tokens become [id] and
 * [key], blanks and control characters one blank; at most max bytes, cut between
 * characters.
 */
struct str oa_said_redact(struct pool *p, struct str text, size_t max);

#endif
