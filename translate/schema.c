/* SPDX-License-Identifier: MIT */
/* A schema is walked once and written as it goes; references are followed in place. */
#include "config.h"

#include "translate/schema.h"

#include "translate/jput.h"

enum {
	FOLLOW_MAX = 4,	  /* references within references, also of a schema to itself */
	FOLLOW_ALL = 256, /* in all: each may hold several more */
};

struct walk {
	struct buf *out;
	struct json_object *root;
	int depth; /* references being followed */
	int count; /* that have been followed */
};

static void put_schema(struct walk *w, struct json_object *node);

/* Members whose value is no schema and holds none: written as they are. */
static const char *const plain_members[] = { "enum", "const", "required" };
/* Members whose value is an object of schemas by name. */
static const char *const maps[] = { "properties", "patternProperties",
				    "dependentSchemas" };
static const char *const dropped[] = { "$schema", "$id",	 "$anchor", "$comment",
				       "$defs",	  "definitions", "format" };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* "#/$defs/name", to its object; NULL for anything else. */
static struct json_object *find_target(struct walk *w, struct json_object *schema)
{
	struct json_object *target = w->root;
	struct str ref = { NULL, 0 };
	char name[128];

	(void)jget_str(schema, "$ref", NULL, &ref, NULL); /* else it points nowhere */
	if (!str_has_prefix(ref, STR("#")))
		return NULL;
	ref = (struct str){ ref.ptr + 1, ref.len - 1 };
	while (ref.len > 0) {
		const char *end = memchr(ref.ptr + 1, '/', ref.len - 1);
		size_t len = end ? (size_t)(end - ref.ptr) : ref.len;

		if (*ref.ptr != '/' || len > sizeof(name) ||
		    !json_object_is_type(target, json_type_object))
			return NULL;
		memcpy(name, ref.ptr + 1, len - 1);
		name[len - 1] = '\0';
		target = jget_member(target, name);
		ref = (struct str){ ref.ptr + len, ref.len - len };
	}
	return json_object_is_type(target, json_type_object) ? target : NULL;
}

static bool is_null_type(struct json_object *schema)
{
	return json_object_is_type(schema, json_type_object) &&
	       jget_is(schema, "type", STR("null"));
}

/* Of several schemas the only one that is not null; NULL when there are more. */
static struct json_object *only_choice(struct json_object *list)
{
	struct json_object *only = NULL;
	size_t count = json_object_is_type(list, json_type_array)
			       ? json_object_array_length(list)
			       : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (is_null_type(item))
			continue;
		if (only || !json_object_is_type(item, json_type_object))
			return NULL;
		only = item;
	}
	return only;
}

/* The first type of a list that is not null. */
static void put_type(struct walk *w, struct json_object *type)
{
	size_t count = json_object_is_type(type, json_type_array)
			       ? json_object_array_length(type)
			       : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(type, i);

		if (json_object_is_type(item, json_type_string) &&
		    !str_eq(jget_text(item), STR("null"))) {
			jput_tree(w->out, item);
			return;
		}
	}
	jput_tree(w->out, type);
}

static void put_map(struct walk *w, struct json_object *map)
{
	bool is_first = true;

	buf_addc(w->out, '{');
	json_object_object_foreach(map, name, value)
	{
		if (!is_first)
			buf_addc(w->out, ',');
		is_first = false;
		jput_str(w->out, str_of(name));
		buf_addc(w->out, ':');
		put_schema(w, value);
	}
	buf_addc(w->out, '}');
}

static void put_list(struct walk *w, struct json_object *list)
{
	size_t count = json_object_array_length(list);

	buf_addc(w->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		put_schema(w, json_object_array_get_idx(list, i));
	}
	buf_addc(w->out, ']');
}

static void put_value(struct walk *w, const char *name, struct json_object *value)
{
	if (strcmp(name, "type") == 0)
		put_type(w, value);
	else if (is_one_of(name, plain_members, COUNT(plain_members)))
		jput_tree(w->out, value);
	else if (is_one_of(name, maps, COUNT(maps)) &&
		 json_object_is_type(value, json_type_object))
		put_map(w, value);
	else if (json_object_is_type(value, json_type_array))
		put_list(w, value);
	else if (json_object_is_type(value, json_type_object))
		put_schema(w, value);
	else
		jput_tree(w->out, value);
}

static bool may_follow(const struct walk *w)
{
	return w->depth < FOLLOW_MAX && w->count < FOLLOW_ALL;
}

/* What a choice comes down to, when it is one thing; NULL when it is not. */
static struct json_object *settle_choice(struct walk *w, const char *name,
					 struct json_object *value)
{
	struct json_object *only = NULL;

	if (strcmp(name, "anyOf") == 0 || strcmp(name, "oneOf") == 0)
		only = only_choice(value);
	if (only && json_object_object_get_ex(only, "$ref", NULL))
		only = may_follow(w) ? find_target(w, only) : NULL;
	return only;
}

/*
 * The members of a schema, a comma before each but the first; those that outer has as
 * well stay outer's.
 */
static void put_members(struct walk *w, struct json_object *schema,
			struct json_object *outer, bool *is_first)
{
	json_object_object_foreach(schema, name, value)
	{
		struct json_object *only = settle_choice(w, name, value);

		if (is_one_of(name, dropped, COUNT(dropped)) ||
		    (outer && json_object_object_get_ex(outer, name, NULL)))
			continue;
		if (only) {
			w->depth++;
			w->count++;
			put_members(w, only, schema, is_first);
			w->depth--;
			continue;
		}
		if (!*is_first)
			buf_addc(w->out, ',');
		*is_first = false;
		jput_str(w->out, str_of(name));
		buf_addc(w->out, ':');
		put_value(w, name, value);
	}
}

static void put_reference(struct walk *w, struct json_object *target)
{
	if (!target || !may_follow(w)) {
		buf_lit(w->out, "{}");
		return;
	}
	w->depth++;
	w->count++;
	put_schema(w, target);
	w->depth--;
}

static void put_schema(struct walk *w, struct json_object *node)
{
	bool is_first = true;

	if (json_object_is_type(node, json_type_boolean)) {
		buf_adds(w->out,
			 json_object_get_boolean(node) ? STR("{}") : STR("{\"not\":{}}"));
		return;
	}
	if (!json_object_is_type(node, json_type_object)) {
		jput_tree(w->out, node);
		return;
	}
	if (json_object_object_get_ex(node, "$ref", NULL)) {
		put_reference(w, find_target(w, node));
		return;
	}
	buf_addc(w->out, '{');
	put_members(w, node, NULL, &is_first);
	buf_addc(w->out, '}');
}

void schema_put(struct buf *b, struct json_object *schema, bool is_plain)
{
	struct walk w = { .out = b, .root = schema };

	if (is_plain)
		put_schema(&w, schema);
	else
		jput_tree(b, schema);
}
