/* SPDX-License-Identifier: MIT */
/*
 * Typed reads from json-c trees.  One lookup decides between absent, right and wrong
 * type, so the readers are a line each; the wording of errors is pydantic's, as the
 * Anthropic API answers them.
 */
#include "config.h"

#include "translate/jget.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "translate/jcheck.h"
#include "translate/utf8.h"

/* Appends s to the error text. When it has to be cut, nothing fits behind it any more. */
static void add(struct jget_error *error, size_t *len, struct str s)
{
	const size_t room = sizeof(error->text) - 1 - *len;
	const bool is_cut = s.len > room;
	if (is_cut) {
		s.len = room;
		while (s.len > 0 && utf8_is_tail((unsigned char)s.ptr[s.len]))
			s.len--;
	}
	if (s.len > 0)
		memcpy(error->text + *len, s.ptr, s.len);
	error->text[*len + s.len] = '\0';
	*len = is_cut ? sizeof(error->text) - 1 : *len + s.len;
}

static void add_path(struct jget_error *error, size_t *len, const struct jget_path *at)
{
	if (!at)
		return;
	add_path(error, len, at->up);
	if (at->up)
		add(error, len, STR("."));
	if (at->name) {
		add(error, len, str_of(at->name));
		return;
	}
	char index[24];
	int digits = snprintf(index, sizeof(index), "%zu", at->index);
	add(error, len, (struct str){ index, (size_t)digits });
}

int jget_fail(struct jget_error *error, const struct jget_path *at, const char *what)
{
	if (!error)
		return -1;
	size_t len = 0;
	error->text[0] = '\0';
	add_path(error, &len, at);
	if (at)
		add(error, &len, STR(": "));
	add(error, &len, str_of(what));
	return -1;
}

static int fail_at(struct jget_error *error, const struct jget_path *at, const char *name,
		   const char *what)
{
	struct jget_path leaf = { .up = at, .name = name };
	return jget_fail(error, &leaf, what);
}

struct json_object *jget_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;
	return json_object_object_get_ex(object, name, &member) ? member : NULL;
}

/* 1 and *out when the member has that type, 0 when there is nothing, -1 otherwise. */
static int find(struct json_object *object, const char *name, enum json_type type,
		struct json_object **out)
{
	struct json_object *member = jget_member(object, name);
	if (!member)
		return 0;
	*out = member;
	return json_object_get_type(member) == type ? 1 : -1;
}

int jget_str(struct json_object *object, const char *name, const struct jget_path *at,
	     struct str *out, struct jget_error *error)
{
	struct json_object *member;
	int found = find(object, name, json_type_string, &member);
	if (found < 0)
		return fail_at(error, at, name, "Input should be a valid string");
	if (found > 0)
		*out = jget_text(member);
	return found;
}

int jget_bool(struct json_object *object, const char *name, const struct jget_path *at,
	      bool *out, struct jget_error *error)
{
	struct json_object *member;
	int found = find(object, name, json_type_boolean, &member);
	if (found < 0)
		return fail_at(error, at, name, "Input should be a valid boolean");
	if (found > 0)
		*out = json_object_get_boolean(member);
	return found;
}

/* An integer above 64 bits, as jget_parse() spells it: digits and an exponent of nothing.
 */
static bool is_huge_integer(struct json_object *node)
{
	if (!json_object_is_type(node, json_type_double))
		return false;
	const char *text = json_object_get_string(node);
	size_t digits = strspn(text + (*text == '-'), "0123456789");
	return strcmp(text + (*text == '-') + digits, "e0") == 0 && digits > 18;
}

int jget_int(struct json_object *object, const char *name, const struct jget_path *at,
	     int64_t min, int64_t max, int64_t *out, struct jget_error *error)
{
	struct json_object *member;
	char what[64];
	int found = find(object, name, json_type_int, &member);
	if (found < 0 && !is_huge_integer(jget_member(object, name)))
		return fail_at(error, at, name, "Input should be a valid integer");
	if (found == 0)
		return 0;
	if (found < 0) /* a double of whole digits: 64 bits are the least it is beyond */
		member = jget_member(object, name);
	int64_t number = json_object_get_int64(member);
	/* above INT64_MAX json-c keeps an unsigned number and shows INT64_MAX */
	bool is_beyond = number > 0 && json_object_get_uint64(member) > INT64_MAX;
	if (number < min) {
		(void)snprintf(what, sizeof(what),
			       "Input should be greater than or equal to %" PRId64, min);
		return fail_at(error, at, name, what);
	}
	if (number > max || is_beyond) {
		(void)snprintf(what, sizeof(what),
			       "Input should be less than or equal to %" PRId64, max);
		return fail_at(error, at, name, what);
	}
	*out = number;
	return 1;
}

int jget_double(struct json_object *object, const char *name, const struct jget_path *at,
		double min, double max, double *out, struct jget_error *error)
{
	struct json_object *member;
	char what[64];
	int found = find(object, name, json_type_double, &member);
	if (found < 0 && json_object_get_type(member) != json_type_int)
		return fail_at(error, at, name, "Input should be a valid number");
	if (found == 0)
		return 0;
	double number = json_object_get_double(member);
	if (!(number >= min)) {
		(void)snprintf(what, sizeof(what),
			       "Input should be greater than or equal to %.15g", min);
		return fail_at(error, at, name, what);
	}
	if (!(number <= max)) {
		(void)snprintf(what, sizeof(what),
			       "Input should be less than or equal to %.15g", max);
		return fail_at(error, at, name, what);
	}
	*out = number;
	return 1;
}

int jget_array(struct json_object *object, const char *name, const struct jget_path *at,
	       struct json_object **out, struct jget_error *error)
{
	struct json_object *member;
	int found = find(object, name, json_type_array, &member);
	if (found < 0)
		return fail_at(error, at, name, "Input should be a valid list");
	if (found > 0)
		*out = member;
	return found;
}

int jget_object(struct json_object *object, const char *name, const struct jget_path *at,
		struct json_object **out, struct jget_error *error)
{
	struct json_object *member;
	int found = find(object, name, json_type_object, &member);
	if (found < 0)
		return fail_at(error, at, name, "Input should be an object");
	if (found > 0)
		*out = member;
	return found;
}

struct str jget_text(struct json_object *string_node)
{
	return (struct str){ json_object_get_string(string_node),
			     (size_t)json_object_get_string_len(string_node) };
}

bool jget_is(struct json_object *object, const char *name, struct str value)
{
	struct json_object *member = jget_member(object, name);
	return json_object_is_type(member, json_type_string) &&
	       str_eq(jget_text(member), value);
}
