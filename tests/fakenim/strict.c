/* SPDX-License-Identifier: MIT */
/* The top level: a row for each field, in the words of Dynamo where they are known. */
#include "config.h"

#include "tests/fakenim/strict.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/fakenim/strict_json.h"

void strict_fail(struct strict *s, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (s->problem.len)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	s->problem = pool_str(s->pool, str_of(text));
}

struct json_object *strict_get(struct json_object *object, const char *name,
			       enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

void strict_members(struct strict *s, struct json_object *object, const char *where,
		    const char *const *known)
{
	json_object_object_foreach(object, name, value)
	{
		size_t i = 0;

		(void)value;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		if (!known[i])
			strict_fail(s, "Validation: unknown field `%s` in %s", name,
				    where);
	}
}

bool strict_is_object_text(struct str text)
{
	size_t at;

	text = str_trim(text);
	return text.len && text.ptr[0] == '{' && !strict_json(text, &at);
}

static void check_model(struct strict *s, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		strict_fail(s, "invalid type: model, expected a string");
}

static void check_max_tokens(struct strict *s, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_int))
		strict_fail(s, "invalid type: max_tokens, expected u32");
	else if (json_object_get_int64(value) < 1 ||
		 json_object_get_int64(value) > UINT32_MAX)
		strict_fail(s, "Validation: Max tokens must be greater than 0, got %s",
			    json_object_get_string(value));
}

static void check_bool(struct strict *s, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_boolean))
		strict_fail(s, "invalid type: expected a boolean");
}

static void check_stream_options(struct strict *s, struct json_object *value)
{
	static const char *const known[] = { "include_usage", NULL };
	struct json_object *stream = strict_get(s->body, "stream", json_type_boolean);

	if (!json_object_is_type(value, json_type_object))
		strict_fail(s, "invalid type: stream_options, expected an object");
	else if (!stream || !json_object_get_boolean(stream))
		strict_fail(s, "Validation: The 'stream_options' field is only allowed "
			       "when 'stream' is set to true.");
	else
		strict_members(s, value, "stream_options", known);
}

static void check_range(struct strict *s, struct json_object *value, const char *name,
			double low, double high, bool is_low_allowed)
{
	double number = json_object_get_double(value);

	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		strict_fail(s, "invalid type: %s, expected f32", name);
	else if (number < low || number > high || (number <= low && !is_low_allowed))
		strict_fail(s, "Validation: %s must be between %g and %g, got %g", name,
			    low, high, number);
}

static void check_temperature(struct strict *s, struct json_object *value)
{
	check_range(s, value, "Temperature", 0, 2, true);
}

static void check_top_p(struct strict *s, struct json_object *value)
{
	check_range(s, value, "Top_p", 0, 1, false);
}

static void check_stop(struct strict *s, struct json_object *value)
{
	size_t count;

	if (json_object_is_type(value, json_type_string)) {
		if (json_object_get_string_len(value) == 0)
			strict_fail(s, "stop cannot contain an empty string.");
		return;
	}
	if (!json_object_is_type(value, json_type_array)) {
		strict_fail(s, "invalid type: stop, expected a string or an array");
		return;
	}
	count = json_object_array_length(value);
	if (count == 0)
		strict_fail(s, "Validation: Stop sequences array cannot be empty");
	if (count > 4)
		strict_fail(s,
			    "List should have at most 4 items after validation, not %zu",
			    count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(value, i);

		if (!json_object_is_type(one, json_type_string) ||
		    json_object_get_string_len(one) == 0)
			strict_fail(s,
				    "Validation: Stop sequence at index %zu cannot be "
				    "empty",
				    i);
	}
}

static void check_seed(struct strict *s, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_int))
		strict_fail(s, "invalid type: seed, expected i64");
}

static void check_parallel(struct strict *s, struct json_object *value)
{
	check_bool(s, value);
	if (!strict_get(s->body, "tools", json_type_array))
		strict_fail(s, "parallel_tool_calls is only allowed with tools");
}

static void check_format(struct strict *s, struct json_object *value)
{
	struct json_object *type = strict_get(value, "type", json_type_string);
	struct json_object *schema = strict_get(value, "json_schema", json_type_object);
	const char *text = type ? json_object_get_string(type) : "";

	if (strcmp(text, "json_schema") == 0) {
		if (!strict_get(schema, "name", json_type_string))
			strict_fail(s, "missing field `name`");
		if (!strict_get(schema, "schema", json_type_object))
			strict_fail(s, "missing field `schema`");
	} else if (strcmp(text, "text") != 0 && strcmp(text, "json_object") != 0) {
		strict_fail(s, "unknown variant of response_format");
	}
}

static void check_object(struct strict *s, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object))
		strict_fail(s, "invalid type: expected an object");
}

static void check_effort(struct strict *s, struct json_object *value)
{
	static const char *const known[] = { "none", "minimal", "low", "medium",
					     "high", "xhigh",	"max" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (json_object_is_type(value, json_type_string) &&
		    strcmp(json_object_get_string(value), known[i]) == 0)
			return;
	strict_fail(s, "unknown variant of reasoning_effort");
}

static const struct {
	const char *name;
	bool is_required;
	void (*check)(struct strict *s, struct json_object *value);
} fields[] = {
	{ "model", true, check_model },
	{ "messages", true, strict_messages },
	{ "max_tokens", true, check_max_tokens },
	{ "stream", false, check_bool },
	{ "stream_options", false, check_stream_options },
	{ "temperature", false, check_temperature },
	{ "top_p", false, check_top_p },
	{ "stop", false, check_stop },
	{ "seed", false, check_seed },
	{ "tools", false, strict_tools },
	{ "tool_choice", false, strict_tool_choice },
	{ "parallel_tool_calls", false, check_parallel },
	{ "response_format", false, check_format },
	{ "chat_template_kwargs", false, check_object },
	{ "reasoning_effort", false, check_effort },
	{ "nvext", false, check_object },
	{ "top_k", false, check_seed },
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void check_names(struct strict *s)
{
	char list[256] = "";
	size_t len = 0;

	json_object_object_foreach(s->body, name, value)
	{
		size_t i = 0;

		(void)value;
		while (i < FIELDS && strcmp(fields[i].name, name) != 0)
			i++;
		if (i == FIELDS && len < sizeof(list) - 80)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						"%s`%.64s`", len ? ", " : "", name);
	}
	if (len)
		strict_fail(s, "Validation: Unsupported parameter(s): %s", list);
}

struct str strict_body(struct pool *p, struct json_object *body)
{
	struct strict s = { .pool = p, .body = body };

	if (!json_object_is_type(body, json_type_object)) {
		strict_fail(&s, "invalid type: expected struct "
				"NvCreateChatCompletionRequest");
		return s.problem;
	}
	check_names(&s);
	for (size_t i = 0; i < FIELDS; i++) {
		struct json_object *value = NULL;

		if (json_object_object_get_ex(body, fields[i].name, &value))
			fields[i].check(&s, value);
		else if (fields[i].is_required)
			strict_fail(&s, "missing field `%s`", fields[i].name);
	}
	return s.problem;
}
