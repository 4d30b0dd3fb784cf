/* SPDX-License-Identifier: MIT */
/*
 * What a client asked for: the body of POST /v1/messages (and …/count_tokens) read and
 * checked (API reference, "Messages", request).  Only the frame is read into fields;
 * messages and tools stay json trees that oa_messages and oa_tools walk.  Unknown members
 * are ignored at any depth: they change with every client release.
 */
#ifndef NIM_TRANSLATE_AN_REQUEST_H
#define NIM_TRANSLATE_AN_REQUEST_H

#include "translate/jget.h"
#include "translate/pool.h"

enum an_thinking {
	AN_THINKING_UNSAID,
	AN_THINKING_DISABLED,
	AN_THINKING_ENABLED, /* enabled, adaptive, between_tools, or a newer word */
};

struct an_request {
	struct json_object *root; /* hangs on the pool */
	struct str model;
	int64_t max_tokens; /* > 0; 0 in a count_tokens request that has none */
	bool is_stream;
	struct json_object *messages;	    /* array, not empty */
	struct json_object *system;	    /* string or array, or NULL */
	struct json_object *tools;	    /* array or NULL */
	struct json_object *tool_choice;    /* object or NULL */
	struct json_object *stop_sequences; /* array of strings or NULL */
	enum an_thinking thinking;
	struct str effort;	    /* output_config.effort, or empty */
	struct json_object *schema; /* output_config.format.schema (in older betas
				       output_format.schema), or NULL */
	bool has_temperature, has_top_p, has_top_k;
	double temperature, top_p;
	int64_t top_k;
	bool has_thread; /* why it was refused: AN_REQUEST_NO_THREADS is its details */
};

/*
 * "thread" (beta message-threads-2026-08-12) lets a client send only what is new and
 * leave the rest to the server's memory; nobody but Anthropic has that. Told with these
 * details the SDKs send the whole conversation (anthropic 2.12.0 for Python,
 * tool_runner).
 */
#define AN_REQUEST_NO_THREADS                                                            \
	"{\"error_code\":\"thread_unsupported_request\",\"unsupported\":[\"thread\"]}"

/*
 * Reads body (JSON text, not yet checked) into *request, all of it hanging on the pool.
 * want_max_tokens is false for count_tokens. Returns 0, or -1 with error->text such as
 * "messages: Field required" or "The request body is not valid JSON: … at byte 17".
 */
int an_request_read(struct an_request *request, struct pool *p, struct str body,
		    bool want_max_tokens, struct jget_error *error);

#endif
