/* SPDX-License-Identifier: MIT */
/* Calls written as JSON: in Hermes' form, Llama's and Mistral's, and behind a name. */
#include "config.h"

#include "translate/jcheck.h"
#include "translate/jget.h"
#include "translate/jput.h"
#include "translate/rescue_read.h"

/* ---- JSON that holds name and arguments: Hermes, Llama, Mistral */

static struct str copy_tree(struct pool *p, struct json_object *node)
{
	struct buf *b;

	if (json_object_is_type(node, json_type_string))
		return jget_text(node); /* encoded twice: args.h takes it apart */
	b = pool_buf(p, RESCUE_BLOCK_MAX * 6);
	if (node)
		jput_tree(b, node);
	return buf_str(b);
}

static bool add_object(struct rescue_block *b, struct json_object *object)
{
	static const char *const names[] = { "arguments", "parameters", "input" };
	struct json_object *args = NULL;
	struct str name = { NULL, 0 };

	if (!json_object_is_type(object, json_type_object) ||
	    jget_str(object, "name", NULL, &name, NULL) <= 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !args; i++)
		args = jget_member(object, names[i]);
	return rescue_add(b, (struct str){ NULL, 0 }, name,
			  copy_tree(b->rescue->pool, args));
}

static bool add_json(struct rescue_block *b, struct str text)
{
	struct jcheck_error error;
	struct json_object *root;
	size_t count;

	if (jcheck(text, &error) < 0)
		return false;
	root = jget_parse(text);
	pool_own_json(b->rescue->pool, root);
	if (!json_object_is_type(root, json_type_array))
		return add_object(b, root);
	count = json_object_array_length(root);
	for (size_t i = 0; i < count; i++)
		if (!add_object(b, json_object_array_get_idx(root, i)))
			return false;
	return count > 0;
}

/* One value after the other, with blanks, commas and semicolons between them. */
bool rescue_read_json(struct rescue_block *b, struct str text)
{
	for (text = str_trim(text); text.len > 0; text = str_trim(text)) {
		if (*text.ptr == ';' || *text.ptr == ',')
			text = (struct str){ text.ptr + 1, text.len - 1 };
		else if (*text.ptr != '{' && *text.ptr != '[')
			return false;
		else if (!add_json(b, rescue_take_json(&text)))
			return false;
	}
	return b->count > 0;
}

/* ---- a name with JSON behind it: Kimi, DeepSeek, Mistral, Harmony */

/* functions.NAME:0, or an id that holds no name */
static struct str kimi_name(struct str id)
{
	struct str name = str_trim(id);

	(void)rescue_take(&name, "functions."); /* or it stands there without */
	for (size_t at = name.len; at-- > 0;)
		if (name.ptr[at] == ':')
			return (struct str){ name.ptr, at };
	return name;
}

bool rescue_read_kimi(struct rescue_block *b, struct str text)
{
	struct str before, id, args;

	while (rescue_take_until(&text, "<|tool_call_begin|>", &before)) {
		if (!rescue_take_until(&text, "<|tool_call_argument_begin|>", &id) ||
		    !rescue_take_object(&text, &args) ||
		    !rescue_add(b, str_trim(id), kimi_name(id), args))
			return false;
	}
	return b->count > 0;
}

bool rescue_read_deepseek(struct rescue_block *b, struct str text)
{
	struct str before, name, args;

	while (rescue_take_until(&text, "<｜tool▁call▁begin｜>", &before)) {
		if (!rescue_take_until(&text, "<｜tool▁sep｜>", &name))
			return false;
		if (str_eq(str_trim(name), STR("function")) && /* V3 and R1 */
		    !rescue_take_until(&text, "\n", &name))
			return false;
		if (!rescue_take_object(&text, &args) ||
		    !rescue_add(b, STR(""), name, args))
			return false;
	}
	return b->count > 0;
}

/* [TOOL_CALLS][{…}], or NAME[ARGS]{…} once or more, with the mark before each or not */
bool rescue_read_mistral(struct rescue_block *b, struct str text)
{
	struct str name, args;

	if (str_has_prefix(str_trim(text), STR("[")))
		return rescue_read_json(b, text);
	while (rescue_take_until(&text, "[ARGS]", &name)) {
		name = str_trim(name);
		(void)rescue_take(&name,
				  "[TOOL_CALLS]"); /* stands before the first only */
		if (!rescue_take_object(&text, &args) ||
		    !rescue_add(b, STR(""), name, args))
			return false;
	}
	return b->count > 0 && str_trim(text).len == 0;
}

/* NAME <|constrain|>json<|message|>{…}, also NAME<|channel|>commentary json<|message|>{…}
 */
bool rescue_read_harmony(struct rescue_block *b, struct str text)
{
	struct str head, args;
	size_t len = 0;

	if (!rescue_take_until(&text, "<|message|>", &head))
		return false;
	while (len < head.len && head.ptr[len] != ' ' && head.ptr[len] != '<')
		len++;
	head.len = len;
	return rescue_take_object(&text, &args) && rescue_add(b, STR(""), head, args);
}
