/* SPDX-License-Identifier: MIT */
/* Tools: which are forwarded, under which names, and what is said about using them. */
#include "config.h"

#include "translate/oa_tools.h"

#include <stdio.h>
#include <stdlib.h>

#include "translate/jput.h"
#include "translate/schema.h"

enum { HASH_DIGITS = 8, KEEP = OA_TOOL_NAME_MAX - HASH_DIGITS - 1 };

static bool is_legal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_legal_name(struct str name)
{
	if (name.len == 0 || name.len > OA_TOOL_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_legal(name.ptr[i]))
			return false;
	return true;
}

/* FNV-1a: enough to tell names apart that were cut to the same beginning. */
static uint32_t hash(struct str text, uint32_t seed)
{
	uint32_t h = 2166136261u ^ seed;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.ptr[i]) * 16777619u;
	return h;
}

/* Illegal bytes as _, cut, and a hash at the end. */
static struct str make_name(struct pool *p, struct str client, uint32_t seed)
{
	size_t len = client.len < KEEP ? client.len : KEEP;
	char *name = pool_alloc(p, OA_TOOL_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++)
		name[i] = is_legal(client.ptr[i]) ? client.ptr[i] : '_';
	(void)snprintf(name + len, HASH_DIGITS + 2, "_%08x", hash(client, seed));
	return (struct str){ name, len + 1 + HASH_DIGITS };
}

static int by_client(const void *a, const void *b)
{
	return str_compare((*(struct oa_name *const *)a)->client,
			   (*(struct oa_name *const *)b)->client);
}

/* A name that can't be sent as it is; seed is the next one to try. */
struct mapping {
	struct oa_name *name;
	uint32_t seed;
};

static int by_upstream(const void *a, const void *b)
{
	const struct mapping *one = a, *other = b;
	int difference = str_compare(one->name->upstream, other->name->upstream);

	return difference ? difference : by_client(&one->name, &other->name);
}

static const struct oa_name *find_client(const struct oa_names *names, struct str client)
{
	struct oa_name name = { .client = client }, *key = &name, **found;

	if (names->count == 0)
		return NULL;
	found = bsearch(&key, names->by_client, names->count, sizeof(key), by_client);
	return found ? *found : NULL;
}

/* The next name for it that no declared tool has by right. */
static void map_name(const struct oa_names *names, struct pool *p, struct mapping *m)
{
	do {
		m->name->upstream = make_name(p, m->name->client, m->seed++);
	} while (find_client(names, m->name->upstream));
}

/* Maps again until no two mapped names meet; the first look is nearly always the last. */
static void part_names(const struct oa_names *names, struct pool *p,
		       struct mapping *mapped, size_t count)
{
	bool have_met = true;

	while (have_met) {
		have_met = false;
		qsort(mapped, count, sizeof(mapped[0]), by_upstream);
		for (size_t i = 1; i < count; i++) {
			if (!str_eq(mapped[i].name->upstream,
				    mapped[i - 1].name->upstream))
				continue;
			map_name(names, p, &mapped[i]);
			have_met = true;
		}
	}
}

static bool is_again(const struct oa_names *names, size_t i)
{
	return i > 0 && by_client(&names->by_client[i], &names->by_client[i - 1]) == 0;
}

/* Sorting finds what is there twice in n log n: a body may declare 66,000 tools. */
static void map_names(struct oa_names *names, struct pool *p)
{
	struct mapping *mapped = pool_array(p, names->count, sizeof(mapped[0]));
	size_t count = 0;

	names->by_client = pool_array(p, names->count, sizeof(names->by_client[0]));
	for (size_t i = 0; i < names->count; i++)
		names->by_client[i] = &names->list[i];
	qsort(names->by_client, names->count, sizeof(names->by_client[0]), by_client);
	for (size_t i = 0; i < names->count; i++) {
		struct oa_name *name = names->by_client[i];

		name->upstream = name->client;
		if (is_again(names, i) || is_legal_name(name->client))
			continue;
		mapped[count] = (struct mapping){ .name = name };
		map_name(names, p, &mapped[count++]);
	}
	part_names(names, p, mapped, count);
	for (size_t i = 1; i < names->count; i++)
		if (is_again(names, i)) /* declared twice, sent twice */
			names->by_client[i]->upstream = names->by_client[i - 1]->upstream;
}

/* A tool that the client runs itself; all other types are run by Anthropic. */
static bool is_client_tool(struct json_object *tool)
{
	return !jget_member(tool, "type") || jget_is(tool, "type", STR("custom"));
}

/* Claude Code's stand-in for tools it has not sent yet: nothing a model could call. */
static bool is_placeholder(struct json_object *tool)
{
	return jget_is(tool, "name", STR("DeferredToolPlaceholder"));
}

/* Remembers the first that is left out, by its name or else its type. */
static int drop_tool(struct oa_names *names, struct pool *p, struct json_object *tool,
		     struct str name, const struct jget_path *at,
		     struct jget_error *error)
{
	struct str type = { NULL, 0 };

	if (jget_str(tool, "type", at, &type, error) < 0)
		return -1;
	if (names->server_tool.len == 0)
		names->server_tool = pool_str(p, name.len ? name : type);
	return 0;
}

static int read_tool(struct oa_names *names, struct pool *p, struct json_object *tool,
		     const struct jget_path *at, struct jget_error *error)
{
	const struct jget_path where = { at, "name", 0 };
	struct str name = { NULL, 0 };

	if (!json_object_is_type(tool, json_type_object))
		return jget_fail(error, at, "Input should be an object");
	if (jget_str(tool, "name", at, &name, error) < 0)
		return -1;
	if (is_placeholder(tool))
		return 0;
	if (!is_client_tool(tool))
		return drop_tool(names, p, tool, name, at, error);
	if (name.len == 0)
		return jget_fail(error, &where, "Field required");
	names->list[names->count++].client = name;
	return 0;
}

static int check_choice(const struct oa_names *names, const struct an_request *request,
			struct jget_error *error)
{
	const struct jget_path at = { NULL, "tool_choice", 0 };
	struct str name = { NULL, 0 };

	if (!request->tool_choice || !jget_is(request->tool_choice, "type", STR("tool")))
		return 0;
	if (jget_str(request->tool_choice, "name", &at, &name, error) < 0)
		return -1;
	if (find_client(names, name))
		return 0;
	(void)snprintf(error->text, sizeof(error->text),
		       "tool_choice.name: Tool '%.64s' not found in provided tools",
		       name.len ? name.ptr : "");
	return -1;
}

int oa_tools_names(struct oa_names *names, const struct an_request *request,
		   struct pool *p, struct jget_error *error)
{
	const struct jget_path at = { NULL, "tools", 0 };
	size_t count = request->tools ? json_object_array_length(request->tools) : 0;

	memset(names, 0, sizeof(*names));
	names->list = pool_array(p, count + 1, sizeof(struct oa_name));
	for (size_t i = 0; i < count; i++) {
		const struct jget_path item = { &at, NULL, i };

		if (read_tool(names, p, json_object_array_get_idx(request->tools, i),
			      &item, error) < 0)
			return -1;
	}
	if (names->count == 0 && names->server_tool.len) {
		(void)snprintf(error->text, sizeof(error->text),
			       "tools: '%.64s' is run by Anthropic's own servers and is "
			       "not available through this proxy",
			       names->server_tool.ptr);
		return -1;
	}
	map_names(names, p);
	return check_choice(names, request, error);
}

struct str oa_tools_upstream(const struct oa_names *names, struct pool *p,
			     struct str client)
{
	const struct oa_name *name = find_client(names, client);

	if (name)
		return name->upstream;
	return is_legal_name(client) ? client : make_name(p, client, 0);
}

struct str oa_tools_client(const struct oa_names *names, struct str upstream)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_eq(names->list[i].upstream, upstream))
			return names->list[i].client;
	return upstream;
}

static void put_tool(struct buf *b, struct json_object *tool, const struct model *model,
		     struct str name)
{
	struct json_object *schema = jget_member(tool, "input_schema");
	struct str description = { NULL, 0 };

	buf_lit(b, "{\"type\":\"function\",\"function\":{\"name\":");
	jput_str(b, name);
	if (jget_str(tool, "description", NULL, &description, NULL) > 0) {
		buf_lit(b, ",\"description\":");
		jput_str(b, description);
	}
	buf_lit(b, ",\"parameters\":");
	if (json_object_is_type(schema, json_type_object))
		schema_put(b, schema, model->has_plain_schemas);
	else
		buf_lit(b, "{\"type\":\"object\",\"properties\":{}}");
	buf_lit(b, "}}");
}

static void put_choice(struct buf *b, struct json_object *choice, struct pool *p,
		       const struct oa_names *names)
{
	struct str name = { NULL, 0 };

	if (jget_is(choice, "type", STR("any"))) {
		buf_lit(b, ",\"tool_choice\":\"required\"");
	} else if (jget_is(choice, "type", STR("none"))) {
		buf_lit(b, ",\"tool_choice\":\"none\"");
	} else if (jget_is(choice, "type", STR("tool")) &&
		   jget_str(choice, "name", NULL, &name, NULL) > 0) {
		buf_lit(b, ",\"tool_choice\":{\"type\":\"function\",\"function\":{"
			   "\"name\":");
		jput_str(b, oa_tools_upstream(names, p, name));
		buf_lit(b, "}}");
	} /* auto is what servers do unasked */
}

static bool wants_single(const struct an_request *request, const struct model *model)
{
	bool is_single = false;

	if (request->tool_choice) /* else another type: it says nothing */
		(void)jget_bool(request->tool_choice, "disable_parallel_tool_use", NULL,
				&is_single, NULL);
	return is_single || model->has_single_calls;
}

void oa_tools_put(struct buf *b, const struct an_request *request,
		  const struct model *model, struct pool *p, const struct oa_names *names)
{
	size_t at = 0;

	if (names->count == 0)
		return;
	buf_lit(b, ",\"tools\":[");
	for (size_t i = 0; at < names->count; i++) {
		struct json_object *tool = json_object_array_get_idx(request->tools, i);

		if (!is_client_tool(tool) || is_placeholder(tool))
			continue;
		if (at > 0)
			buf_addc(b, ',');
		put_tool(b, tool, model, names->list[at++].upstream);
	}
	buf_addc(b, ']');
	if (request->tool_choice)
		put_choice(b, request->tool_choice, p, names);
	if (wants_single(request, model))
		buf_lit(b, ",\"parallel_tool_calls\":false");
}
