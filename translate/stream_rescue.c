/* SPDX-License-Identifier: MIT */
/*
 * The filters between the upstream's words and the blocks: calls are taken out of text
 * and thinking, then text is watched for stop sequences.
 */
#include "config.h"

#include "translate/jget.h"
#include "translate/stream_call.h"

static struct stream_side *side_of(struct stream *s, enum stream_block kind)
{
	return &s->sides[kind == STREAM_THINKING];
}

static void say_text(void *context, struct str text)
{
	stream_say(context, STREAM_TEXT, text);
}

static void pass(struct stream *s, enum stream_block kind, struct str text)
{
	if (kind == STREAM_TEXT)
		stops_feed(&s->stops, text, say_text, s);
	else if (!s->stops.matched)
		stream_say(s, kind, text);
}

static void on_text(void *context, struct str text)
{
	struct stream_side *side = context;

	pass(side->stream, side->kind, text);
}

static void on_thought(void *context, struct str text)
{
	struct stream_side *side = context;

	pass(side->stream, STREAM_THINKING, text);
}

static void on_call(void *context, const struct rescue_call *call)
{
	struct stream_side *side = context;
	struct stream *s = side->stream;

	if (s->stops.matched)
		return;
	stops_end(&s->stops, say_text, s);
	stream_call_add(s, call);
	stream_calls_advance(s);
}

static bool is_declared(void *context, struct str name)
{
	const struct stream_side *side = context;
	const struct oa_names *names = side->stream->config.names;

	for (size_t i = 0; i < names->count; i++)
		if (str_eq(names->list[i].upstream, name))
			return true;
	return false;
}

static struct json_object *find_tool(const struct stream *s, struct str upstream)
{
	struct str name = oa_tools_client(s->config.names, upstream);
	size_t count = s->config.tools ? json_object_array_length(s->config.tools) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *tool = json_object_array_get_idx(s->config.tools, i);

		if (json_object_is_type(tool, json_type_object) &&
		    jget_is(tool, "name", name))
			return tool;
	}
	return NULL;
}

/* The value of "type" names string, alone or in a list. */
static bool allows_string(struct json_object *type)
{
	size_t count;

	if (json_object_is_type(type, json_type_string))
		return str_eq(jget_text(type), STR("string"));
	if (!json_object_is_type(type, json_type_array))
		return false;
	count = json_object_array_length(type);
	for (size_t i = 0; i < count; i++)
		if (allows_string(json_object_array_get_idx(type, i)))
			return true;
	return false;
}

static struct json_object *object_member(struct json_object *object, const char *name)
{
	struct json_object *member = object ? jget_member(object, name) : NULL;

	return json_object_is_type(member, json_type_object) ? member : NULL;
}

static int is_string(void *context, struct str name, struct str parameter)
{
	const struct stream_side *side = context;
	struct stream *s = side->stream;
	struct json_object *found = object_member(find_tool(s, name), "input_schema");

	found = object_member(found, "properties");
	found = object_member(found, pool_str(s->pool, parameter).ptr);
	found = found ? jget_member(found, "type") : NULL;
	return found ? allows_string(found) : -1;
}

static const struct rescue_ops ops = { on_text, on_thought, on_call, is_declared,
				       is_string };

void stream_rescue_init(struct stream *s)
{
	static const enum stream_block kinds[] = { STREAM_TEXT, STREAM_THINKING };
	const struct oa_names *names = s->config.names;
	bool has_tools = names && names->count > 0;

	for (size_t i = 0; i < 2; i++) {
		s->sides[i].stream = s;
		s->sides[i].kind = kinds[i];
		rescue_init(&s->sides[i].rescue,
			    has_tools ? s->config.dialect : MODEL_DIALECT_NONE, s->pool,
			    &ops, &s->sides[i]);
	}
}

void stream_rescue_feed(struct stream *s, enum stream_block kind, struct str text)
{
	struct stream_side *other = &s->sides[kind != STREAM_THINKING];

	rescue_flush(&other->rescue);
	if (kind == STREAM_THINKING)
		stops_end(&s->stops, say_text, s);
	rescue_feed(&side_of(s, kind)->rescue, text);
}

void stream_rescue_end(struct stream *s)
{
	for (size_t i = 0; i < 2; i++)
		rescue_end(&s->sides[i].rescue);
	stops_end(&s->stops, say_text, s);
}
