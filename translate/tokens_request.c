/* SPDX-License-Identifier: MIT */
/*
 * Tokens of a whole request: its texts, its JSON, and what chat templates put around
 * them. Nothing here refuses a request; what has an unknown form is counted by its
 * strings.
 */
#include "config.h"

#include "translate/tokens.h"

#include "translate/jget.h"
#include "translate/jput.h"

/* What templates of Qwen, Llama and Kimi add, rounded. */
enum {
	REQUEST = 3,	     /* the start of the answer */
	MESSAGE = 4,	     /* role and the marks around a message */
	TOOLS = 120,	     /* how to call tools, once */
	TOOL = 10,	     /* the frame around one tool */
	CALL = 10,	     /* the frame around a call or its result */
	JSON_MAX = 64 << 20, /* twice the largest body: escapes make JSON longer */
	DEPTH_MAX = 8,	     /* message, content, result, content: deeper is no text */
	ROUGH_ABOVE = 512,   /* bytes: shorter texts are counted in full all the same */
	ROUGH_PART = 4,	     /* of a longer one, the quarter in its middle is */
};

/* The quarter starts and ends somewhere in a word; of a hundred tokens that is one. */
static int64_t count_text(struct str text, bool is_rough)
{
	if (!is_rough || text.len <= ROUGH_ABOVE)
		return tokens_text(text);
	size_t len = text.len / ROUGH_PART;
	return ROUGH_PART *
	       tokens_text((struct str){ text.ptr + (text.len - len) / 2, len });
}

/* The tree as it is written into a prompt. */
static int64_t count_json(struct json_object *node, bool is_rough)
{
	struct buf text;
	buf_init(&text, JSON_MAX);
	jput_tree(&text, node);
	int64_t tokens = count_text(buf_str(&text), is_rough);
	buf_release(&text);
	return tokens;
}

static int64_t count_content(struct json_object *content, int depth, bool is_rough);

/* Bytes in base64 are an image or pages; text and URLs are what they are. */
static int64_t count_source(struct json_object *source, bool is_rough)
{
	if (jget_is(source, "type", STR("text")))
		return count_content(jget_member(source, "data"), DEPTH_MAX, is_rough);
	if (jget_is(source, "type", STR("content")))
		return count_content(jget_member(source, "content"), DEPTH_MAX - 1,
				     is_rough);
	return TOKENS_IMAGE;
}

static int64_t count_block(struct json_object *block, int depth, bool is_rough)
{
	/* members that reach the prompt as text; text of one block is in one of them */
	static const char *const texts[] = { "text", "thinking", "name", "title",
					     "context" };
	int64_t tokens = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *text = jget_member(block, texts[i]);
		if (json_object_is_type(text, json_type_string))
			tokens += count_text(jget_text(text), is_rough);
	}
	struct json_object *source = jget_member(block, "source");
	struct json_object *input = jget_member(block, "input");
	struct json_object *content = jget_member(block, "content");
	if (json_object_is_type(source, json_type_object))
		tokens += count_source(source, is_rough);
	if (input)
		tokens += CALL + count_json(input, is_rough);
	if (jget_is(block, "type", STR("tool_result")))
		tokens += CALL;
	return tokens + count_content(content, depth + 1, is_rough);
}

/* A string, a block or a list of them. */
static int64_t count_content(struct json_object *content, int depth, bool is_rough)
{
	if (depth > DEPTH_MAX)
		return 0;
	if (json_object_is_type(content, json_type_string))
		return count_text(jget_text(content), is_rough);
	if (json_object_is_type(content, json_type_object))
		return count_block(content, depth, is_rough);
	if (!json_object_is_type(content, json_type_array))
		return 0;
	int64_t tokens = 0;
	size_t count = json_object_array_length(content);
	for (size_t i = 0; i < count; i++)
		tokens += count_content(json_object_array_get_idx(content, i), depth + 1,
					is_rough);
	return tokens;
}

static int64_t count_tool(struct json_object *tool, bool is_rough)
{
	static const char *const texts[] = { "name", "description" };
	int64_t tokens = TOOL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *text = jget_member(tool, texts[i]);
		if (json_object_is_type(text, json_type_string))
			tokens += count_text(jget_text(text), is_rough);
	}
	struct json_object *schema = jget_member(tool, "input_schema");
	return schema ? tokens + count_json(schema, is_rough) : tokens;
}

int64_t tokens_request(struct json_object *request, bool is_rough)
{
	struct json_object *system = jget_member(request, "system");
	struct json_object *messages = jget_member(request, "messages");
	struct json_object *tools = jget_member(request, "tools");
	int64_t tokens = REQUEST;
	if (system)
		tokens += MESSAGE + count_content(system, 0, is_rough);
	if (json_object_is_type(messages, json_type_array)) {
		size_t count = json_object_array_length(messages);
		for (size_t i = 0; i < count; i++) {
			struct json_object *message =
				json_object_array_get_idx(messages, i);
			tokens += MESSAGE + count_content(jget_member(message, "content"),
							  0, is_rough);
		}
	}
	if (json_object_is_type(tools, json_type_array)) {
		size_t count = json_object_array_length(tools);
		tokens += count > 0 ? TOOLS : 0;
		for (size_t i = 0; i < count; i++)
			tokens +=
				count_tool(json_object_array_get_idx(tools, i), is_rough);
	}
	return tokens;
}
