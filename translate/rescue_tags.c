/* SPDX-License-Identifier: MIT */
/* Calls with tags around each parameter: Qwen, GLM, DeepSeek V4, MiniMax. */
#include "config.h"

#include "translate/jcheck.h"
#include "translate/jput.h"
#include "translate/rescue_read.h"

/* The arguments while parameters are added. */
struct writer {
	struct rescue_block *block;
	struct str name;
	struct buf *out;
};

static void begin_args(struct writer *w, struct rescue_block *b, struct str name)
{
	*w = (struct writer){ b, str_trim(name),
			      pool_buf(b->rescue->pool, RESCUE_BLOCK_MAX * 6) };
	buf_addc(w->out, '{');
}

static bool end_args(struct writer *w)
{
	buf_addc(w->out, '}');
	return rescue_add(w->block, STR(""), w->name, buf_str(w->out));
}

/* The line feeds next to the tags are layout. */
static struct str unpadded(struct str text)
{
	if (text.len > 0 && text.ptr[0] == '\n')
		text = (struct str){ text.ptr + 1, text.len - 1 };
	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	return text;
}

static bool is_json(struct str text)
{
	struct jcheck_error error;

	return text.len > 0 && jcheck(text, &error) == 0;
}

/* is_string as in rescue_ops: where the schema is silent, only brackets make JSON. */
static void put_parameter(struct writer *w, struct str key, struct str value,
			  int is_string)
{
	struct str bare = str_trim(value);
	bool has_brackets = bare.len > 0 && (*bare.ptr == '{' || *bare.ptr == '[');

	if (w->out->len > 1)
		buf_addc(w->out, ',');
	jput_str(w->out, str_trim(key));
	buf_addc(w->out, ':');
	if ((is_string == 0 || (is_string < 0 && has_brackets)) && is_json(bare))
		buf_adds(w->out, bare);
	else
		jput_str(w->out, unpadded(value));
}

static int schema_says(const struct writer *w, struct str key)
{
	const struct rescue *r = w->block->rescue;

	return r->ops->is_string(r->context, w->name, str_trim(key));
}

/* <function=NAME><parameter=KEY>VALUE</parameter>…, also <function=NAME{…} */
bool rescue_read_functions(struct rescue_block *b, struct str text)
{
	struct str before, name, body, key, value, args;
	struct writer w;

	if (!rescue_take_until(&text, "<function=", &before))
		return rescue_read_json(b, text);
	do {
		size_t end = 0;

		while (end < text.len && text.ptr[end] != '>' && text.ptr[end] != '{')
			end++;
		name = (struct str){ text.ptr, end };
		text = (struct str){ text.ptr + end, text.len - end };
		if (rescue_take_object(&text, &args)) {
			if (!rescue_add(b, STR(""), name, args))
				return false;
			continue;
		}
		if (!rescue_take(&text, ">"))
			return false;
		body = text;
		if (rescue_take_until(&text, "</function>", &body) == false)
			text.len = 0;
		begin_args(&w, b, name);
		while (rescue_take_until(&body, "<parameter=", &before)) {
			if (!rescue_take_until(&body, ">", &key) ||
			    !rescue_take_until(&body, "</parameter>", &value))
				return false;
			put_parameter(&w, key, value, schema_says(&w, key));
		}
		if (!end_args(&w))
			return false;
	} while (rescue_take_until(&text, "<function=", &before));
	return true;
}

/* NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>… */
bool rescue_read_glm(struct rescue_block *b, struct str text)
{
	struct str before, name = text, key, value;
	struct writer w;

	if (str_has_prefix(str_trim(text), STR("{")))
		return rescue_read_json(b, text);
	if (!rescue_take_until(&text, "<arg_key>", &name))
		text.len = 0;
	begin_args(&w, b, name);
	while (text.len > 0) {
		if (!rescue_take_until(&text, "</arg_key>", &key) ||
		    !rescue_take_until(&text, "<arg_value>", &before) ||
		    !rescue_take_until(&text, "</arg_value>", &value))
			return false;
		put_parameter(&w, key, value, schema_says(&w, key));
		if (!rescue_take_until(&text, "<arg_key>", &before))
			text.len = 0;
	}
	return end_args(&w);
}

/* The value of an attribute of a tag: name="…". */
static bool attribute(struct str tag, const char *name, struct str *value)
{
	struct str before;

	return rescue_take_until(&tag, name, &before) && rescue_take(&tag, "=\"") &&
	       rescue_take_until(&tag, "\"", value);
}

/* KEY="…" [string="…"]>VALUE</…parameter> */
static bool read_parameter(struct writer *w, struct str *body)
{
	struct str tag, key, value, before, says;
	int is_string;

	if (!rescue_take_until(body, ">", &tag) || !attribute(tag, "name", &key) ||
	    !rescue_take_until(body, "</", &value))
		return false;
	while (!str_has_prefix(*body, STR("parameter>")) &&
	       !str_has_prefix(*body, STR("｜DSML｜parameter>"))) {
		if (!rescue_take_until(body, "</", &before)) /* a tag inside the value */
			return false;
		value.len = (size_t)(before.ptr + before.len - value.ptr);
	}
	is_string = schema_says(w, key);
	if (attribute(tag, "string", &says))
		is_string = str_eq(says, STR("true"));
	put_parameter(w, key, value, is_string);
	return true;
}

/* <invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>, with a prefix */
bool rescue_read_invokes(struct rescue_block *b, struct str text)
{
	struct str before, tag, name, body;
	struct writer w;

	while (rescue_take_until(&text, "invoke name=", &before)) {
		if (!rescue_take(&text, "\"") || !rescue_take_until(&text, "\"", &name) ||
		    !rescue_take_until(&text, ">", &tag))
			return false;
		body = text;
		if (!rescue_take_until(&text, "invoke>", &body))
			text.len = 0;
		begin_args(&w, b, name);
		while (rescue_take_until(&body, "parameter ", &before))
			if (!read_parameter(&w, &body))
				return false;
		if (!end_args(&w))
			return false;
	}
	return b->count > 0;
}

/* M3 puts a mark before each tag. */
bool rescue_read_minimax(struct rescue_block *b, struct str text)
{
	struct buf *plain = pool_buf(b->rescue->pool, RESCUE_BLOCK_MAX);
	struct str before;

	while (rescue_take_until(&text, "]<]minimax[>[", &before))
		buf_adds(plain, before);
	buf_adds(plain, text);
	return rescue_read_invokes(b, buf_str(plain));
}
