/* SPDX-License-Identifier: MIT */
/*
 * The tray: the one struct that goes down the request path.  Each group of fields names
 * the station that fills it; what stands in an earlier group is only read later on.
 */
#ifndef NIM_WORKER_REQ_H
#define NIM_WORKER_REQ_H

#include "translate/an_request.h"
#include "translate/oa_error.h"
#include "translate/stream.h"
#include "worker/conn.h"
#include "worker/env.h"
#include "worker/turn.h"
#include "worker/upstream.h"

struct req {
	/* worker: the surroundings */
	const struct worker_env *env;
	struct shm_slot *slot;
	struct shm_entry *entry; /* of the books; NULL: it is not counted */
	uint32_t slot_number;
	struct upstream *upstream;
	struct conn *conn;
	struct pool *pool; /* everything of this request */

	/* worker: the head */
	struct str id;	   /* request-id, req_… */
	const char *route; /* path pattern, for the log */
	struct str rest;   /* of the path behind the route's prefix */
	int64_t began_ms;
	int64_t read_ms; /* the body was complete */

	/* keys: the person */
	const struct person *person;

	/* messages, read: the message */
	struct buf *body_in;
	struct an_request asked;
	struct str model_asked; /* in the pool: outlives the json tree */

	/* messages, model */
	const struct model *model;
	struct shm_model *learnt; /* what all workers know of it; NULL: nothing */

	/* admit, turn: its place in the queue, then in a lane */
	struct turn turn;

	/* messages, build */
	struct buf *body_out;
	struct oa_names names;
	int64_t input_counted;	/* tokens of the prompt by our own count */
	int64_t input_estimate; /* the same, corrected by what was learnt */
	int64_t max_tokens;	/* as sent upstream */
	struct str *stops;	/* sequences, in the pool */
	size_t stop_count;

	/* relay: the answer */
	struct stream stream;
	int64_t first_ms; /* first content from the upstream; 0 = none came */
	unsigned retries, grants;
	struct str upstream_id; /* the upstream's own request id, for the log */

	/* the outcome, wherever it was decided */
	int status; /* HTTP status that went out; 0 = none */
	enum shm_counter outcome;
	struct an_error error; /* what the client was told, when it was an error */
	bool has_error;
	bool is_quoting; /* the message may hold the upstream's words: not for the log */
	int upstream_status; /* of its refusal; 0 = it did not refuse */
};

#endif
