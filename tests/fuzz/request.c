/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a client's body: refused with a sentence, or turned into a chat body that
 * a strict server has no reason to refuse.  The first byte chooses the model.
 */
#include "config.h"

#include <assert.h>

#include "translate/jcheck.h"
#include "translate/oa_request.h"
#include "translate/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct model models[] = {
	{ .id = { "a/b", 3 } },
	{ .id = { "a/c", 3 },
	  .has_vision = true,
	  .max_output = 100,
	  .system_on = { "/think", 6 } },
};

/* Calls of the last assistant message that have no result yet. */
struct due {
	struct json_object *calls;
	size_t answered;
};

static void check_arguments(struct json_object *call)
{
	struct json_object *function = jget_member(call, "function");
	struct str text = jget_text(jget_member(function, "arguments"));
	struct jcheck_error error;
	struct json_object *object;

	assert(jcheck(text, &error) == 0 ||
	       error.offset > 0); /* depth may pass the limit here */
	object = jget_parse(text);
	assert(!object || json_object_is_type(object, json_type_object));
	json_object_put(object);
}

static void check_calls(struct json_object *message, struct due *due)
{
	due->calls = jget_member(message, "tool_calls");
	due->answered = 0;
	if (!due->calls)
		return;
	assert(json_object_array_length(due->calls) > 0);
	for (size_t i = 0; i < json_object_array_length(due->calls); i++)
		check_arguments(json_object_array_get_idx(due->calls, i));
}

/* A tool message answers the next call of the assistant message it follows. */
static void check_result(struct json_object *message, struct due *due)
{
	struct json_object *call;

	assert(due->calls && due->answered < json_object_array_length(due->calls));
	call = json_object_array_get_idx(due->calls, due->answered++);
	assert(str_eq(jget_text(jget_member(call, "id")),
		      jget_text(jget_member(message, "tool_call_id"))));
	assert(json_object_is_type(jget_member(message, "content"), json_type_string));
}

static void check_message(struct json_object *message, size_t index, struct due *due)
{
	bool is_tool = jget_is(message, "role", STR("tool"));

	if (!is_tool)
		assert(!due->calls ||
		       due->answered == json_object_array_length(due->calls));
	if (is_tool)
		check_result(message, due);
	else if (jget_is(message, "role", STR("assistant")))
		check_calls(message, due);
	else if (jget_is(message, "role", STR("system")))
		assert(index == 0);
	else
		assert(jget_is(message, "role", STR("user")));
}

static void check_body(struct str body)
{
	struct json_tokener *tokener = json_tokener_new_ex(JCHECK_DEPTH * 2);
	struct json_object *root = json_tokener_parse_ex(
		tokener, body.ptr, (int)body.len); /* bodies are small here */
	struct json_object *messages = jget_member(root, "messages");
	struct json_object *tools = jget_member(root, "tools");
	struct due due = { NULL, 0 };

	assert(root && json_object_is_type(messages, json_type_array));
	for (size_t i = 0; i < json_object_array_length(messages); i++)
		check_message(json_object_array_get_idx(messages, i), i, &due);
	assert(!due.calls || due.answered == json_object_array_length(due.calls));
	assert(!tools || json_object_array_length(tools) > 0);
	assert(tools || !jget_member(root, "tool_choice"));
	json_object_put(root);
	json_tokener_free(tokener);
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
	if (an_request_read(&request, &pool, body, data[0] & 2, &error) == 0) {
		struct buf *out = pool_buf(&pool, OA_REQUEST_MAX);

		assert(tokens_request(request.root, false) > 0);
		assert(tokens_request(request.root, true) > 0);
		if (oa_request_put(out, &request, &models[data[0] & 1], &names, &pool,
				   &error) == 0)
			check_body(buf_str(out));
		else
			assert(error.text[0]);
	} else {
		assert(error.text[0]);
	}
	pool_release(&pool);
	return 0;
}
