/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a client's body: refused with a sentence, or turned into a chat body that
 * a strict server has no reason to refuse.  The first byte chooses the model.
 */
#include "config.h"

#include <assert.h>
#include <unistr.h>

#include "translate/jcheck.h"
#include "translate/oa_repair.h"
#include "translate/oa_request.h"
#include "translate/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct model models[] = {
	{ .id = { "a/b", 3 } },
	{ .id = { "a/c", 3 },
	  .has_vision = true,
	  .max_output = 100,
	  .system_on = { "/think", 6 } },
	{ .id = { "a/d", 3 },
	  .has_single_calls = true,
	  .has_short_ids = true,
	  .has_plain_schemas = true,
	  .takes_top_k = true,
	  .stops = 2 },
	{ .id = { "a/e", 3 },
	  .has_vision = true,
	  .echoes_reasoning = true,
	  .has_plain_schemas = true,
	  .efforts = { { "low", 3 }, { "high", 4 } },
	  .effort_count = 2 },
};

/* Where the check stands: the last message's role, and calls that want results. */
struct talk {
	const char *role;
	struct json_object *calls;
	size_t answered;
};

/* What is deeper than a body may be: arguments hold a tree of their own. */
static struct json_object *parse(struct str text)
{
	struct json_tokener *tokener = json_tokener_new_ex(JCHECK_DEPTH * 2);
	struct json_object *root = json_tokener_parse_ex(
		tokener, text.ptr, (int)text.len); /* bodies are small here */

	json_tokener_free(tokener);
	return root;
}

/* No member but these, so no cache_control and nothing else of Anthropic's. */
static void check_members(struct json_object *object, const char *const *known)
{
	assert(json_object_is_type(object, json_type_object));
	json_object_object_foreach(object, name, value)
	{
		size_t i = 0;

		(void)value;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		assert(known[i]);
	}
}

static void check_name(struct json_object *function)
{
	struct str name = jget_text(jget_member(function, "name"));

	assert(name.len > 0 && name.len <= OA_TOOL_NAME_MAX);
	for (size_t i = 0; i < name.len; i++)
		assert(name.ptr[i] == '_' || name.ptr[i] == '-' ||
		       (name.ptr[i] >= '0' && name.ptr[i] <= '9') ||
		       ((name.ptr[i] | 32) >= 'a' && (name.ptr[i] | 32) <= 'z'));
}

static void check_call(struct json_object *call)
{
	static const char *const known[] = { "id", "type", "function", NULL };
	static const char *const inner[] = { "name", "arguments", NULL };
	struct json_object *function = jget_member(call, "function"), *object;

	check_members(call, known);
	check_members(function, inner);
	check_name(function);
	object = parse(jget_text(jget_member(function, "arguments")));
	assert(json_object_is_type(object, json_type_object));
	json_object_put(object);
}

static void check_calls(struct json_object *message, struct talk *talk)
{
	talk->calls = jget_member(message, "tool_calls");
	talk->answered = 0;
	if (!talk->calls)
		return;
	assert(json_object_array_length(talk->calls) > 0);
	for (size_t i = 0; i < json_object_array_length(talk->calls); i++)
		check_call(json_object_array_get_idx(talk->calls, i));
}

/* A tool message answers the next call of the assistant message it follows. */
static void check_result(struct json_object *message, struct talk *talk)
{
	struct json_object *call;

	assert(talk->calls && talk->answered < json_object_array_length(talk->calls));
	call = json_object_array_get_idx(talk->calls, talk->answered++);
	assert(str_eq(jget_text(jget_member(call, "id")),
		      jget_text(jget_member(message, "tool_call_id"))));
	assert(json_object_is_type(jget_member(message, "content"), json_type_string));
}

/* A string, or parts with an image among them. */
static void check_content(struct json_object *content, bool wants_text)
{
	static const char *const known[] = { "type", "text", "image_url", NULL };
	bool has_image = false;

	if (json_object_is_type(content, json_type_string)) {
		assert(!wants_text || json_object_get_string_len(content) > 0);
		return;
	}
	assert(json_object_is_type(content, json_type_array));
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *part = json_object_array_get_idx(content, i);

		check_members(part, known);
		has_image |= jget_member(part, "image_url") != NULL;
	}
	assert(has_image);
}

static void check_message(struct json_object *message, size_t index, struct talk *talk)
{
	static const char *const known[] = { "role",	     "content",
					     "tool_calls",   "reasoning_content",
					     "tool_call_id", NULL };
	const char *role = json_object_get_string(jget_member(message, "role"));
	bool is_tool = strcmp(role, "tool") == 0, is_user = strcmp(role, "user") == 0;
	bool is_assistant = strcmp(role, "assistant") == 0;

	check_members(message, known);
	assert(is_tool || strcmp(role, talk->role) != 0); /* roles alternate */
	if (is_tool) {
		check_result(message, talk);
		talk->role = role;
		return;
	}
	assert(!talk->calls || talk->answered == json_object_array_length(talk->calls));
	assert(is_user || is_assistant || (strcmp(role, "system") == 0 && index == 0));
	check_calls(message, talk);
	check_content(jget_member(message, "content"), !talk->calls);
	talk->role = role;
}

static void check_messages(struct json_object *messages)
{
	struct talk talk = { .role = "" };

	assert(json_object_is_type(messages, json_type_array));
	for (size_t i = 0; i < json_object_array_length(messages); i++)
		check_message(json_object_array_get_idx(messages, i), i, &talk);
	assert(!talk.calls || talk.answered == json_object_array_length(talk.calls));
	assert(talk.role[0] && strcmp(talk.role, "system") != 0);
}

static void check_tools(struct json_object *tools)
{
	static const char *const known[] = { "type", "function", NULL };
	static const char *const inner[] = { "name", "description", "parameters", NULL };

	assert(json_object_array_length(tools) > 0);
	for (size_t i = 0; i < json_object_array_length(tools); i++) {
		struct json_object *tool = json_object_array_get_idx(tools, i);
		struct json_object *function = jget_member(tool, "function");

		check_members(tool, known);
		check_members(function, inner);
		check_name(function);
		assert(json_object_is_type(jget_member(function, "parameters"),
					   json_type_object));
	}
}

/* Only control characters are written as \u: no half of a surrogate pair is left. */
static void check_escapes(struct str body)
{
	for (size_t i = 0; i + 3 < body.len; i++) {
		if (body.ptr[i] != '\\')
			continue;
		i++;
		assert(body.ptr[i] != 'u' ||
		       (body.ptr[i + 1] == '0' && body.ptr[i + 2] == '0'));
	}
	assert(!u8_check((const uint8_t *)body.ptr, body.len));
}

static void check_body(struct str body)
{
	static const char *const known[] = {
		"model",
		"messages",
		"tools",
		"tool_choice",
		"max_tokens",
		"stream",
		"stream_options",
		"parallel_tool_calls",
		"temperature",
		"top_p",
		"stop",
		"response_format",
		"top_k",
		"nvext",
		"reasoning_effort",
		NULL,
	};
	struct json_object *root = parse(body), *tools;

	check_escapes(body);
	check_members(root, known);
	check_messages(jget_member(root, "messages"));
	tools = jget_member(root, "tools");
	if (tools)
		check_tools(tools);
	assert(tools || !jget_member(root, "tool_choice"));
	assert(tools || !jget_member(root, "parallel_tool_calls"));
	assert(!tools || !jget_member(root, "stop"));
	json_object_put(root);
}

/* What a server refuses can be taken out of any body, and is gone then. */
static void check_repair(struct buf *body, uint32_t drop)
{
	struct oa_repair repair = { .drop = drop, .max_tokens = 7 };
	struct json_object *root, *tokens;

	oa_repair_apply(&repair, body);
	root = parse(buf_str(body));
	assert(root);
	check_messages(jget_member(root, "messages"));
	for (unsigned i = 0; i < OA_FIELD_COUNT; i++)
		assert(!(drop >> i & 1) || !jget_member(root, oa_field_names[i]));
	tokens = jget_member(root, "max_tokens");
	assert(!tokens || json_object_get_int64(tokens) <= 7);
	json_object_put(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data + 1, size - 1 };
	struct an_request request;
	struct oa_names names;
	struct jget_error error = { "" };
	struct pool pool;

	if (size < 2)
		return 0;
	pool_init(&pool, NULL);
	if (an_request_read(&request, &pool, body, data[0] & 4, &error) == 0) {
		struct buf *out = pool_buf(&pool, OA_REQUEST_MAX);

		assert(tokens_request(request.root, false) > 0);
		assert(tokens_request(request.root, true) > 0);
		if (oa_request_put(out, &request, &models[data[0] & 3], &names, &pool,
				   &error) == 0) {
			check_body(buf_str(out));
			check_repair(out, (uint32_t)data[0] << 2 | data[0] >> 4);
		} else {
			assert(error.text[0]);
		}
	} else {
		assert(error.text[0]);
	}
	pool_release(&pool);
	return 0;
}
