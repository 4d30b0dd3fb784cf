/* SPDX-License-Identifier: MIT */
/*
 * Typed reads from a json-c tree.  Absent and null are the same ("nothing there") and
 * are not errors; a wrong type is one, told by the path of the member in the form the
 * Anthropic API uses ("messages.1.content.0.text: Input should be a valid string").
 *
 * The tree keeps owning what is returned: slices live as long as the root.
 */
#ifndef NIM_TRANSLATE_JGET_H
#define NIM_TRANSLATE_JGET_H

#include <json-c/json.h>

#include "translate/str.h"

enum { JGET_ERROR_MAX = 256 };

/* Where a reader puts what is wrong with a document; text is NUL-terminated. */
struct jget_error {
	char text[JGET_ERROR_MAX];
};

/* A place in the document, linked from the leaf to the root; lives on the stack. */
struct jget_path {
	const struct jget_path *up; /* NULL at the root */
	const char *name;	    /* member name, or NULL for an array index */
	size_t index;
};

/*
 * Parses a text that jcheck() has passed. The caller owns the root. NULL when memory
 * ends (it can't be a syntax error any more), and for the text null, which is json-c's
 * NULL. A lone surrogate escape is U+FFFD in the tree; an integer beyond 64 bits is cut
 * to them.
 */
struct json_object *jget_parse(struct str text);

/*
 * The readers. Each returns 1 and *out when the member is there with that type, 0 when it
 * is absent or null (*out untouched), -1 with *error when it has another type.
 * name is written NUL-terminated; object must be a JSON object. error may be NULL.
 */
int jget_str(struct json_object *object, const char *name, const struct jget_path *at,
	     struct str *out, struct jget_error *error);
int jget_bool(struct json_object *object, const char *name, const struct jget_path *at,
	      bool *out, struct jget_error *error);
/*
 * A JSON integer (1e3 and 2.0 are none) from min to max; outside that is an error too:
 * "max_tokens: Input should be greater than or equal to 1".
 */
int jget_int(struct json_object *object, const char *name, const struct jget_path *at,
	     int64_t min, int64_t max, int64_t *out, struct jget_error *error);
int jget_double(struct json_object *object, const char *name, const struct jget_path *at,
		double min, double max, double *out, struct jget_error *error);
int jget_array(struct json_object *object, const char *name, const struct jget_path *at,
	       struct json_object **out, struct jget_error *error);
int jget_object(struct json_object *object, const char *name, const struct jget_path *at,
		struct json_object **out, struct jget_error *error);

/* The slice of a json string node. */
struct str jget_text(struct json_object *string_node);
/* Member without any check of type; NULL when absent or null. */
struct json_object *jget_member(struct json_object *object, const char *name);
/* True when the member is a string equal to value. */
bool jget_is(struct json_object *object, const char *name, struct str value);

/*
 * Writes "<path>: <what>" to error, e.g. jget_fail(&e, at, "Field required"); at the root
 * (at is NULL) "<what>" alone. What is too long is cut between two characters. error may
 * be NULL. Returns -1, so that readers can return its value.
 */
int jget_fail(struct jget_error *error, const struct jget_path *at, const char *what);

#endif
