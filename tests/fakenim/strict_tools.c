/* SPDX-License-Identifier: MIT */
/* tools and tool_choice. */
#include "config.h"

#include "tests/fakenim/strict.h"

enum { TOOLS_MAX = 1536, NAME_MAX_LEN = 64 };

static const char *name_of(struct json_object *tool)
{
	struct json_object *function = strict_get(tool, "function", json_type_object);
	struct json_object *name = strict_get(function, "name", json_type_string);

	return name ? json_object_get_string(name) : NULL;
}

static bool is_legal(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '-')
			return false;
	}
	return len >= 1 && len <= NAME_MAX_LEN;
}

static void check_tool(struct strict *s, struct json_object *tool, size_t i)
{
	static const char *const outer[] = { "type", "function", NULL };
	/* strict, defer_loading, cache_control … reach the model's prompt on vLLM. */
	static const char *const inner[] = { "name", "description", "parameters", NULL };
	struct json_object *type = strict_get(tool, "type", json_type_string);
	struct json_object *function = strict_get(tool, "function", json_type_object);
	struct json_object *value = NULL;
	const char *name = name_of(tool);

	if (!type || strcmp(json_object_get_string(type), "function") != 0 || !function) {
		strict_fail(s, "tools[%zu]: missing field `type` or `function`", i);
		return;
	}
	strict_members(s, tool, "a tool", outer);
	strict_members(s, function, "a tool's function", inner);
	if (!name || !is_legal(name))
		strict_fail(s,
			    "Validation: Function at index %zu has an invalid name: "
			    "\"%.80s\". Only a-z, A-Z, 0-9, underscores, and dashes are "
			    "allowed.",
			    i, name ? name : "");
	if (json_object_object_get_ex(function, "description", &value) &&
	    !json_object_is_type(value, json_type_string))
		strict_fail(s, "tools[%zu]: description is no string", i);
	if (json_object_object_get_ex(function, "parameters", &value) &&
	    !json_object_is_type(value, json_type_object))
		strict_fail(s,
			    "Validation: Function parameters at index %zu for \"%.64s\" "
			    "must be a JSON Schema object",
			    i, name ? name : "");
}

static bool has_name(struct json_object *tools, const char *name, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const char *other = name_of(json_object_array_get_idx(tools, i));

		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

void strict_tools(struct strict *s, struct json_object *tools)
{
	size_t count;

	if (!json_object_is_type(tools, json_type_array)) {
		strict_fail(s, "invalid type: tools, expected an array");
		return;
	}
	count = json_object_array_length(tools);
	if (count == 0)
		strict_fail(s, "Validation: tools array cannot be empty; omit the field "
			       "entirely to disable tool use");
	if (count > TOOLS_MAX)
		strict_fail(s, "Validation: Maximum of %d tools are supported, got %zu",
			    TOOLS_MAX, count);
	for (size_t i = 0; i < count && !s->problem.len; i++) {
		struct json_object *tool = json_object_array_get_idx(tools, i);

		check_tool(s, tool, i);
		if (!s->problem.len && has_name(tools, name_of(tool), i))
			strict_fail(s, "tools[%zu]: the name occurs twice", i);
	}
}

void strict_tool_choice(struct strict *s, struct json_object *choice)
{
	struct json_object *tools = strict_get(s->body, "tools", json_type_array);
	const char *name = name_of(choice);

	if (!tools) {
		strict_fail(s, "When using `tool_choice`, `tools` must be set. "
			       "(parameter=tool_choice)");
	} else if (json_object_is_type(choice, json_type_string)) {
		const char *word = json_object_get_string(choice);

		if (strcmp(word, "auto") != 0 && strcmp(word, "none") != 0 &&
		    strcmp(word, "required") != 0)
			strict_fail(s, "data did not match any variant of untagged enum "
				       "ChatCompletionToolChoiceOption");
	} else if (!name || !strict_get(choice, "type", json_type_string)) {
		strict_fail(s, "data did not match any variant of untagged enum "
			       "ChatCompletionToolChoiceOption");
	} else if (!has_name(tools, name, json_object_array_length(tools))) {
		strict_fail(s,
			    "Validation: tool named \"%.64s\" in tool_choice is not "
			    "present in tools",
			    name);
	}
}
