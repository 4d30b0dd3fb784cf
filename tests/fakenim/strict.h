/* SPDX-License-Identifier: MIT */
/*
 * Refuses what any of the real servers refuses (NIM's hosted gateway, NIM 1.x, Dynamo
 * 1.6.1, vLLM 0.32.0), and in addition what nim has set itself not to send (max_tokens
 * left out, text parts in place of a string, Anthropic's own fields). A request that
 * passes here is accepted by every one of them, as far as it is known.
 */
#ifndef NIM_FAKENIM_STRICT_H
#define NIM_FAKENIM_STRICT_H

#include <json-c/json.h>

#include "translate/pool.h"

/* What is collected while a body is checked. */
struct strict {
	struct pool *pool;
	struct json_object *body;
	struct str problem; /* empty while all is well; the first one stays */
};

/* The whole body. Returns the refusal's text in the pool, empty when there is none. */
struct str strict_body(struct pool *p, struct json_object *body);

/* The parts, in strict_*.c; each adds its first problem. */
void strict_messages(struct strict *s, struct json_object *messages);
void strict_tools(struct strict *s, struct json_object *tools);
void strict_tool_choice(struct strict *s, struct json_object *choice);

/* For the parts. */
void strict_fail(struct strict *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The member when it has that type, else NULL. */
struct json_object *strict_get(struct json_object *object, const char *name,
			       enum json_type type);
/* Fails when object has a member that is not in the NULL-terminated list. */
void strict_members(struct strict *s, struct json_object *object, const char *where,
		    const char *const *known);
/* The text is one JSON object without duplicate names. */
bool strict_is_object_text(struct str text);

#endif
