/* SPDX-License-Identifier: MIT */
/* The table of block types and how each is rendered. */
#include "config.h"

#include "translate/oa_blocks.h"

#include "translate/jput.h"

enum { TURN_MAX = 96 << 20 };

void oa_turn_init(struct oa_turn *t, struct pool *p, const struct model *model)
{
	memset(t, 0, sizeof(*t));
	t->pool = p;
	t->model = model;
	t->text = pool_buf(p, TURN_MAX);
	t->parts = pool_buf(p, TURN_MAX);
	oa_turn_clear(t);
}

void oa_turn_clear(struct oa_turn *t)
{
	buf_cut(t->text, 0);
	buf_cut(t->parts, 0);
	t->results = NULL;
	t->last_result = &t->results;
	t->calls = NULL;
	t->last_call = &t->calls;
	t->call_count = 0;
}

bool oa_turn_is_empty(const struct oa_turn *t)
{
	return t->text->len == 0 && t->parts->len == 0;
}

/* Between two texts stands an empty line, as the blocks were parts of their own. */
static void separate(struct buf *b)
{
	if (b->len > 0)
		buf_lit(b, "\\n\\n");
}

void oa_turn_text(struct oa_turn *t, struct str text)
{
	if (text.len == 0)
		return;
	separate(t->text);
	jput_escaped(t->text, text);
}

void oa_turn_text3(struct oa_turn *t, struct str before, struct str text,
		   struct str after)
{
	separate(t->text);
	jput_escaped(t->text, before);
	jput_escaped(t->text, text);
	jput_escaped(t->text, after);
}

static void text_to_parts(struct oa_turn *t)
{
	if (t->text->len == 0)
		return;
	if (t->parts->len > 0)
		buf_addc(t->parts, ',');
	buf_lit(t->parts, "{\"type\":\"text\",\"text\":\"");
	buf_adds(t->parts, buf_str(t->text));
	buf_lit(t->parts, "\"}");
	buf_cut(t->text, 0);
}

static struct str member_text(struct json_object *object, const char *name)
{
	struct str text = { NULL, 0 };

	if (json_object_is_type(object, json_type_object))
		(void)jget_str(object, name, NULL, &text,
			       NULL); /* another type is no text */
	return text;
}

/* The url of an image: a data url for base64, its own for url; false for anything else.
 */
static bool put_image_url(struct buf *b, struct json_object *source)
{
	struct str url = member_text(source, "url");
	struct str data = member_text(source, "data");

	if (jget_is(source, "type", STR("url")) && url.len) {
		jput_str(b, url);
		return true;
	}
	if (!jget_is(source, "type", STR("base64")) || data.len == 0)
		return false;
	buf_lit(b, "\"data:");
	jput_escaped(b, member_text(source, "media_type"));
	buf_lit(b, ";base64,");
	jput_escaped(b, data);
	buf_addc(b, '"');
	return true;
}

static int put_image(struct oa_turn *t, struct json_object *block)
{
	struct json_object *source = jget_member(block, "source");
	size_t before = t->parts->len;

	if (!t->model->has_vision) {
		oa_turn_text3(t, STR("[image: "), t->model->id,
			      STR(" cannot see images]"));
		return 0;
	}
	if (!json_object_is_type(source, json_type_object)) {
		oa_turn_text(t, STR("[image without a source]"));
		return 0;
	}
	text_to_parts(t);
	before = t->parts->len;
	if (before > 0)
		buf_addc(t->parts, ',');
	buf_lit(t->parts, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
	if (put_image_url(t->parts, source)) {
		buf_lit(t->parts, "}}");
		return 0;
	}
	buf_cut(t->parts, before);
	oa_turn_text(t, STR("[image of a kind that cannot be passed on]"));
	return 0;
}

/* A text document has its text; of the others the model learns that they were there. */
static struct str document_text(struct json_object *block)
{
	struct json_object *source = jget_member(block, "source");
	struct str data;

	if (!json_object_is_type(source, json_type_object))
		return (struct str){ NULL, 0 };
	data = member_text(source, "data");
	if (jget_is(source, "type", STR("text")))
		return data;
	return jget_is(source, "type", STR("content")) ? member_text(source, "content")
						       : (struct str){ NULL, 0 };
}

static struct str document_name(struct json_object *block)
{
	struct str title = member_text(block, "title");
	struct json_object *source = jget_member(block, "source");

	return title.len ? title : member_text(source, "media_type");
}

static int add_text(struct oa_turn *t, struct json_object *block,
		    const struct jget_path *at, struct jget_error *error)
{
	struct str text = { NULL, 0 };
	const struct jget_path where = { at, "text", 0 };
	int result = jget_str(block, "text", at, &text, error);

	if (result == 0)
		return jget_fail(error, &where, "Field required");
	if (result > 0)
		oa_turn_text(t, text);
	return result < 0 ? -1 : 0;
}

static int add_image(struct oa_turn *t, struct json_object *block,
		     const struct jget_path *at, struct jget_error *error)
{
	(void)at;
	(void)error;
	return put_image(t, block);
}

static int add_document(struct oa_turn *t, struct json_object *block,
			const struct jget_path *at, struct jget_error *error)
{
	struct str text = document_text(block);

	(void)at;
	(void)error;
	if (text.len)
		oa_turn_text(t, text);
	else
		oa_turn_text3(t, STR("[document: "), document_name(block),
			      STR("; this model cannot read it]"));
	return 0;
}

static int add_result(struct oa_turn *t, struct json_object *block,
		      const struct jget_path *at, struct jget_error *error)
{
	const struct jget_path where = { at, "tool_use_id", 0 };
	struct oa_result *result = pool_alloc(t->pool, sizeof(*result));
	int found = jget_str(block, "tool_use_id", at, &result->id, error);

	if (found <= 0)
		return found < 0 ? -1 : jget_fail(error, &where, "Field required");
	result->block = block;
	*t->last_result = result;
	t->last_result = &result->next;
	return 0;
}

static int add_call(struct oa_turn *t, struct json_object *block,
		    const struct jget_path *at, struct jget_error *error)
{
	struct oa_history_call *call = pool_alloc(t->pool, sizeof(*call));
	const struct jget_path id = { at, "id", 0 }, name = { at, "name", 0 };
	int found = jget_str(block, "id", at, &call->id, error);

	if (found <= 0)
		return found < 0 ? -1 : jget_fail(error, &id, "Field required");
	found = jget_str(block, "name", at, &call->name, error);
	if (found <= 0)
		return found < 0 ? -1 : jget_fail(error, &name, "Field required");
	call->input = jget_member(block, "input");
	*t->last_call = call;
	t->last_call = &call->next;
	t->call_count++;
	return 0;
}

static int skip(struct oa_turn *t, struct json_object *block, const struct jget_path *at,
		struct jget_error *error)
{
	(void)t;
	(void)block;
	(void)at;
	(void)error;
	return 0;
}

/* Whatever it is: its text, when it has one. */
static int add_unknown(struct oa_turn *t, struct json_object *block)
{
	oa_turn_text(t, member_text(block, "text"));
	return 0;
}

typedef int block_fn(struct oa_turn *t, struct json_object *block,
		     const struct jget_path *at, struct jget_error *error);

static const struct {
	const char *type;
	block_fn *user;
	block_fn *assistant;
} rows[] = {
	{ "text", add_text, add_text },
	{ "tool_use", skip, add_call },
	{ "tool_result", add_result, skip },
	{ "image", add_image, add_image },
	{ "document", add_document, add_document },
	{ "thinking", skip,
	  skip }, /* replay as reasoning_content is a model's option to come */
	{ "redacted_thinking", skip, skip },
};

static int add_block(struct oa_turn *t, struct json_object *block, bool is_user,
		     const struct jget_path *at, struct jget_error *error)
{
	const struct jget_path where = { at, "type", 0 };
	struct str type = { NULL, 0 };
	int found;

	if (!json_object_is_type(block, json_type_object))
		return jget_fail(error, at, "Input should be an object");
	found = jget_str(block, "type", at, &type, error);
	if (found <= 0)
		return found < 0 ? -1 : jget_fail(error, &where, "Field required");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(type, str_of(rows[i].type)))
			return (is_user ? rows[i].user : rows[i].assistant)(t, block, at,
									    error);
	return add_unknown(t, block);
}

int oa_blocks_user(struct oa_turn *t, struct json_object *block,
		   const struct jget_path *at, struct jget_error *error)
{
	return add_block(t, block, true, at, error);
}

int oa_blocks_assistant(struct oa_turn *t, struct json_object *block,
			const struct jget_path *at, struct jget_error *error)
{
	return add_block(t, block, false, at, error);
}

/* One block of a result. */
static void put_result_block(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	struct str text = member_text(block, "text");

	if (jget_is(block, "type", STR("tool_reference"))) {
		buf_lit(b, "Tool ");
		jput_escaped(b, member_text(block, "tool_name"));
		buf_lit(b, " is now available.");
	} else if (jget_is(block, "type", STR("image"))) {
		buf_adds(b, t->model->has_vision
				    ? STR("[image: it follows]")
				    : STR("[image: this model cannot see images]"));
		if (t->model->has_vision)
			(void)put_image(t, block); /* always succeeds */
	} else if (jget_is(block, "type", STR("document"))) {
		text = document_text(block);
		jput_escaped(b, text.len ? text
					 : STR("[document: this model cannot read it]"));
	} else {
		jput_escaped(b, text);
	}
}

/* A string as it is; blocks a line each. */
static void put_result_content(struct oa_turn *t, struct buf *b,
			       struct json_object *content)
{
	size_t start = b->len;

	if (json_object_is_type(content, json_type_string))
		jput_escaped(b, jget_text(content));
	if (!json_object_is_type(content, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *part = json_object_array_get_idx(content, i);

		if (!json_object_is_type(part, json_type_object))
			continue;
		if (b->len > start)
			buf_lit(b, "\\n");
		put_result_block(t, b, part);
	}
}

/* OpenAI's form has no place for the fact; Claude Code's own texts say it already. */
static bool says_error(struct json_object *content)
{
	struct str text = { NULL, 0 };

	if (json_object_is_type(content, json_type_array))
		text = member_text(json_object_array_get_idx(content, 0), "text");
	else if (json_object_is_type(content, json_type_string))
		text = jget_text(content);
	return str_has_prefix(text, STR("Error")) ||
	       str_has_prefix(text, STR("<tool_use_error>"));
}

void oa_blocks_result(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	struct json_object *content = jget_member(block, "content");
	bool is_error = false;
	size_t start;

	(void)jget_bool(block, "is_error", NULL, &is_error, NULL);
	if (is_error && !says_error(content))
		buf_lit(b, "Error: ");
	start = b->len;
	put_result_content(t, b, content);
	if (b->len == start)
		buf_lit(b, "(no output)");
}

void oa_turn_content(struct oa_turn *t, struct buf *b)
{
	if (t->parts->len == 0) {
		buf_addc(b, '"');
		buf_adds(b, buf_str(t->text));
		buf_addc(b, '"');
		return;
	}
	text_to_parts(t);
	buf_addc(b, '[');
	buf_adds(b, buf_str(t->parts));
	buf_addc(b, ']');
}
