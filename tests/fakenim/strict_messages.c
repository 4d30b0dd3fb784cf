/* SPDX-License-Identifier: MIT */
/*
 * messages[]: roles, contents, and the order that chat templates insist on: one system
 * message, first; behind an assistant's calls exactly their results, then anything else.
 */
#include "config.h"

#include "tests/fakenim/strict.h"

/* Where in the conversation the check stands. */
struct talk {
	struct strict *s;
	size_t at;		   /* index of the message */
	struct json_object *calls; /* of the last assistant message, or NULL */
	size_t answered;	   /* of these */
};

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value = strict_get(object, name, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

static void need_string(struct talk *t, struct json_object *message)
{
	if (!text_of(message, "content"))
		strict_fail(t->s,
			    "messages[%zu]: content must be a string (data did not match "
			    "any variant of untagged enum)",
			    t->at);
}

static void check_image(struct talk *t, struct json_object *part)
{
	static const char *const known[] = { "url", "detail", NULL };
	struct json_object *image = strict_get(part, "image_url", json_type_object);
	const char *url = text_of(image, "url");

	if (!url ||
	    (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0 &&
	     strncmp(url, "data:image/", 11) != 0))
		strict_fail(t->s, "messages[%zu]: image_url without a usable url", t->at);
	else
		strict_members(t->s, image, "image_url", known);
}

/* Returns true for a part that is not text. */
static bool check_part(struct talk *t, struct json_object *part)
{
	static const char *const text[] = { "type", "text", NULL };
	static const char *const image[] = { "type", "image_url", NULL };
	const char *type = text_of(part, "type");

	if (type && strcmp(type, "text") == 0 && text_of(part, "text")) {
		strict_members(t->s, part, "a text part", text);
		return false;
	}
	if (type && strcmp(type, "image_url") == 0) {
		strict_members(t->s, part, "an image part", image);
		check_image(t, part);
		return true;
	}
	strict_fail(t->s,
		    "messages[%zu]: data did not match any variant of untagged enum "
		    "ChatCompletionRequestUserMessageContentPart",
		    t->at);
	return false;
}

static void check_user(struct talk *t, struct json_object *message)
{
	struct json_object *parts = strict_get(message, "content", json_type_array);
	bool has_other = false;

	if (!parts) {
		need_string(t, message);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(parts); i++)
		has_other |= check_part(t, json_object_array_get_idx(parts, i));
	if (!has_other)
		strict_fail(t->s,
			    "messages[%zu]: text alone must be a string, not an array",
			    t->at);
}

static void check_system(struct talk *t, struct json_object *message)
{
	need_string(t, message);
	if (t->at != 0)
		strict_fail(t->s,
			    "messages[%zu]: System message must be at the beginning.",
			    t->at);
}

static bool is_call_id(struct json_object *calls, const char *id, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const char *other = text_of(json_object_array_get_idx(calls, i), "id");

		if (other && strcmp(other, id) == 0)
			return true;
	}
	return false;
}

static void check_call(struct talk *t, struct json_object *calls, size_t i)
{
	static const char *const outer[] = { "id", "type", "function", NULL };
	static const char *const inner[] = { "name", "arguments", NULL };
	struct json_object *call = json_object_array_get_idx(calls, i);
	struct json_object *function = strict_get(call, "function", json_type_object);
	const char *id = text_of(call, "id");
	const char *type = text_of(call, "type");
	const char *name = text_of(function, "name");
	const char *arguments = text_of(function, "arguments");

	if (!id || !*id || !type || strcmp(type, "function") != 0 || !name || !*name) {
		strict_fail(t->s,
			    "messages[%zu].tool_calls[%zu]: id, type or name missing",
			    t->at, i);
		return;
	}
	strict_members(t->s, call, "a tool call", outer);
	strict_members(t->s, function, "a tool call's function", inner);
	if (is_call_id(calls, id, i))
		strict_fail(t->s, "messages[%zu].tool_calls[%zu]: id %.64s twice", t->at,
			    i, id);
	if (!arguments || !strict_is_object_text(str_of(arguments)))
		strict_fail(t->s,
			    "Validation: `messages[%zu].tool_calls[%zu].function."
			    "arguments` must be a valid JSON object string: %.80s",
			    t->at, i, arguments ? arguments : "(no string)");
}

static void check_assistant(struct talk *t, struct json_object *message)
{
	struct json_object *calls = NULL;
	struct json_object *content = NULL;

	if (json_object_object_get_ex(message, "tool_calls", &calls)) {
		if (!json_object_is_type(calls, json_type_array) ||
		    json_object_array_length(calls) == 0) {
			strict_fail(t->s,
				    "messages[%zu]: tool_calls must be a filled array",
				    t->at);
			return;
		}
		for (size_t i = 0; i < json_object_array_length(calls); i++)
			check_call(t, calls, i);
	}
	if (json_object_object_get_ex(message, "content", &content) && content)
		need_string(t, message);
	else if (!calls)
		strict_fail(t->s, "messages[%zu]: assistant without content or calls",
			    t->at);
	t->calls = calls;
	t->answered = 0;
}

static void check_tool(struct talk *t, struct json_object *message)
{
	const char *id = text_of(message, "tool_call_id");
	size_t count = t->calls ? json_object_array_length(t->calls) : 0;

	need_string(t, message);
	if (!id)
		strict_fail(t->s, "messages[%zu]: missing field `tool_call_id`", t->at);
	else if (!t->calls)
		strict_fail(t->s,
			    "messages[%zu]: a tool message must follow the assistant's "
			    "tool_calls",
			    t->at);
	else if (!is_call_id(t->calls, id, count))
		strict_fail(t->s, "messages[%zu]: tool_call_id %.64s is not called for",
			    t->at, id);
	t->answered++;
}

/* Every call has its result before the talk goes on. */
static void check_answered(struct talk *t)
{
	if (t->calls && t->answered != json_object_array_length(t->calls))
		strict_fail(
			t->s,
			"messages[%zu]: an assistant message with 'tool_calls' must be "
			"followed by one tool message for each call",
			t->at);
	t->calls = NULL;
}

static const struct {
	const char *role;
	void (*check)(struct talk *t, struct json_object *message);
} roles[] = {
	{ "system", check_system },
	{ "user", check_user },
	{ "assistant", check_assistant },
	{ "tool", check_tool },
};

static void check_message(struct talk *t, struct json_object *message)
{
	static const char *const known[] = {
		"role",		"content",	     "name", "tool_calls",
		"tool_call_id", "reasoning_content", NULL
	};
	const char *role = text_of(message, "role");
	size_t i = 0;

	while (role && i < 4 && strcmp(roles[i].role, role) != 0)
		i++;
	if (!role || i == 4) {
		strict_fail(t->s,
			    "messages[%zu]: unknown variant `%.32s`, expected one of "
			    "`system`, `user`, `assistant`, `tool`",
			    t->at, role ? role : "(none)");
		return;
	}
	strict_members(t->s, message, "a message", known);
	if (strcmp(role, "tool") != 0)
		check_answered(t);
	roles[i].check(t, message);
}

void strict_messages(struct strict *s, struct json_object *messages)
{
	struct talk t = { .s = s };
	size_t count;

	if (!json_object_is_type(messages, json_type_array)) {
		strict_fail(s, "invalid type: messages, expected an array");
		return;
	}
	count = json_object_array_length(messages);
	if (count == 0)
		strict_fail(s, "Validation: messages array cannot be empty");
	for (t.at = 0; t.at < count && !s->problem.len; t.at++)
		check_message(&t, json_object_array_get_idx(messages, t.at));
	check_answered(&t);
}
