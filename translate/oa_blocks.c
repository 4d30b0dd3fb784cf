/* SPDX-License-Identifier: MIT */
/* The table of block types and what becomes of each where. */
#include "config.h"

#include "translate/oa_blocks.h"

#include "translate/jput.h"
#include "translate/oa_render.h"

static int missing(const struct jget_path *at, const char *name, struct jget_error *error)
{
	const struct jget_path where = { at, name, 0 };

	return jget_fail(error, &where, "Field required");
}

/* A string that has to be there. */
static int require_str(struct json_object *block, const char *name,
		       const struct jget_path *at, struct str *out,
		       struct jget_error *error)
{
	int found = jget_str(block, name, at, out, error);

	if (found == 0)
		return missing(at, name, error);
	return found < 0 ? -1 : 0;
}

static int add_text(struct oa_turn *t, struct json_object *block,
		    const struct jget_path *at, struct jget_error *error)
{
	struct str text;

	if (require_str(block, "text", at, &text, error) < 0)
		return -1;
	oa_turn_text(t, text);
	return 0;
}

static int add_image(struct oa_turn *t, struct json_object *block,
		     const struct jget_path *at, struct jget_error *error)
{
	(void)at;
	(void)error;
	oa_turn_image(t, block);
	return 0;
}

static int add_result(struct oa_turn *t, struct json_object *block,
		      const struct jget_path *at, struct jget_error *error)
{
	struct oa_result *result;
	struct str id;

	if (require_str(block, "tool_use_id", at, &id, error) < 0)
		return -1;
	result = oa_turn_result(t);
	result->id = id;
	result->block = block;
	return 0;
}

static int add_call(struct oa_turn *t, struct json_object *block,
		    const struct jget_path *at, struct jget_error *error)
{
	struct oa_history_call *call;
	struct str id, name;

	if (require_str(block, "id", at, &id, error) < 0 ||
	    require_str(block, "name", at, &name, error) < 0)
		return -1;
	call = oa_turn_call(t);
	call->id = id;
	call->name = name;
	call->input = jget_member(block, "input");
	return 0;
}

/* Goes back to a model that wants it, whoever signed it: it is the same conversation. */
static int add_thinking(struct oa_turn *t, struct json_object *block,
			const struct jget_path *at, struct jget_error *error)
{
	struct str text = { NULL, 0 };

	if (!t->model->echoes_reasoning)
		return 0;
	if (jget_str(block, "thinking", at, &text, error) < 0)
		return -1;
	oa_turn_reasoning(t, text);
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

static void say_nothing(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	(void)t;
	(void)b;
	(void)block;
}

typedef int add_fn(struct oa_turn *t, struct json_object *block,
		   const struct jget_path *at, struct jget_error *error);

/* In whose message the block stands; NULL: what it says is added as a text. */
static const struct row {
	const char *type;
	oa_render_fn *says; /* inside a result or a document */
	add_fn *user;
	add_fn *assistant;
} rows[] = {
	{ "text", oa_render_text, add_text, add_text },
	{ "tool_use", say_nothing, skip, add_call },
	{ "tool_result", say_nothing, add_result, skip },
	{ "thinking", say_nothing, skip, add_thinking },
	{ "redacted_thinking", say_nothing, skip, skip },
	{ "image", oa_render_image, add_image, add_image },
	{ "document", oa_render_document, NULL, NULL },
	{ "search_result", oa_render_search, NULL, NULL },
	{ "tool_reference", oa_render_reference, NULL, NULL },
	{ "compaction", oa_render_compaction, NULL, NULL },
};
static const struct row unknown = { NULL, oa_render_text, NULL, NULL };

static const struct row *find_row(struct str type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(type, str_of(rows[i].type)))
			return &rows[i];
	return &unknown;
}

static int add_block(struct oa_turn *t, struct json_object *block, bool is_user,
		     const struct jget_path *at, struct jget_error *error)
{
	struct str type;
	const struct row *row;
	add_fn *add;
	size_t begun;

	if (!json_object_is_type(block, json_type_object))
		return jget_fail(error, at, "Input should be an object");
	if (require_str(block, "type", at, &type, error) < 0)
		return -1;
	row = find_row(type);
	add = is_user ? row->user : row->assistant;
	if (add)
		return add(t, block, at, error);
	begun = oa_turn_text_begin(t);
	row->says(t, t->text, block);
	oa_turn_text_end(t, begun);
	return 0;
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

void oa_blocks_render(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	struct str type = { NULL, 0 };

	if (!json_object_is_type(block, json_type_object))
		return;
	(void)jget_str(block, "type", NULL, &type, NULL); /* none is unknown */
	find_row(type)->says(t, b, block);
}

/* OpenAI's form has no place for the fact; Claude Code's own texts say it already. */
static bool says_error(struct json_object *content)
{
	struct str text = { NULL, 0 };

	if (json_object_is_type(content, json_type_array))
		content = json_object_array_get_idx(content, 0);
	if (json_object_is_type(content, json_type_object))
		(void)jget_str(content, "text", NULL, &text, NULL); /* or no text */
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

	(void)jget_bool(block, "is_error", NULL, &is_error, NULL); /* else it is none */
	if (is_error && !says_error(content))
		buf_lit(b, "Error: ");
	start = b->len;
	oa_render_content(t, b, content);
	if (b->len == start)
		buf_lit(b, "(no output)");
}
