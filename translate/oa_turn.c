/* SPDX-License-Identifier: MIT */
/* The turn being put together: text as one string for as long as there is no image. */
#include "config.h"

#include "translate/oa_turn.h"

#include "translate/jput.h"

enum { TURN_MAX = 96 << 20 }; /* as the whole body (OA_REQUEST_MAX) */

void oa_turn_init(struct oa_turn *t, struct pool *p, const struct model *model,
		  bool is_user)
{
	memset(t, 0, sizeof(*t));
	t->pool = p;
	t->model = model;
	t->has_eyes = model->has_vision && is_user;
	t->head = pool_buf(p, TURN_MAX);
	t->shown = pool_buf(p, TURN_MAX);
	t->parts = pool_buf(p, TURN_MAX);
	t->text = pool_buf(p, TURN_MAX);
	t->reasoning = pool_buf(p, TURN_MAX);
	oa_turn_clear(t);
}

void oa_turn_clear(struct oa_turn *t)
{
	buf_cut(t->head, 0);
	buf_cut(t->shown, 0);
	buf_cut(t->parts, 0);
	buf_cut(t->text, 0);
	buf_cut(t->reasoning, 0);
	t->shown_count = 0;
	t->results = NULL;
	t->last_result = &t->results;
	t->result_count = 0;
	t->calls = NULL;
	t->last_call = &t->calls;
	t->call_count = 0;
}

bool oa_turn_end(struct oa_turn *t)
{
	bool is_whole = !t->head->has_failed && !t->shown->has_failed &&
			!t->parts->has_failed && !t->text->has_failed &&
			!t->reasoning->has_failed;

	buf_release(t->head);
	buf_release(t->shown);
	buf_release(t->parts);
	buf_release(t->text);
	buf_release(t->reasoning);
	return is_whole;
}

bool oa_turn_has_content(const struct oa_turn *t)
{
	return t->head->len > 0 || t->shown->len > 0 || t->parts->len > 0 ||
	       t->text->len > 0;
}

bool oa_turn_is_empty(const struct oa_turn *t)
{
	return !oa_turn_has_content(t) && !t->results && !t->calls;
}

/* Between two texts stands an empty line, as the blocks were parts of their own. */
size_t oa_turn_text_begin(struct oa_turn *t)
{
	if (t->text->len == 0)
		return 0;
	buf_lit(t->text, "\\n\\n");
	return t->text->len;
}

void oa_turn_text_end(struct oa_turn *t, size_t begun)
{
	if (t->text->len == begun && begun > 0)
		buf_cut(t->text, begun - strlen("\\n\\n"));
}

void oa_turn_text(struct oa_turn *t, struct str text)
{
	if (text.len == 0)
		return;
	(void)oa_turn_text_begin(t);
	jput_escaped(t->text, text);
}

void oa_turn_reasoning(struct oa_turn *t, struct str text)
{
	if (t->reasoning->len > 0 && text.len > 0)
		buf_lit(t->reasoning, "\\n\\n");
	jput_escaped(t->reasoning, text);
}

void oa_turn_text3(struct oa_turn *t, struct str before, struct str text,
		   struct str after)
{
	(void)oa_turn_text_begin(t);
	jput_escaped(t->text, before);
	jput_escaped(t->text, text);
	jput_escaped(t->text, after);
}

static void put_comma(struct buf *b, size_t start)
{
	if (b->len > start)
		buf_addc(b, ',');
}

static void put_text_part(struct buf *b, struct str escaped)
{
	buf_lit(b, "{\"type\":\"text\",\"text\":\"");
	buf_adds(b, escaped);
	buf_lit(b, "\"}");
}

static struct str member_text(struct json_object *object, const char *name)
{
	struct str text = { NULL, 0 };

	(void)jget_str(object, name, NULL, &text, NULL); /* another type is no text */
	return text;
}

/*
 * The url of an image: a data url for base64, its own for url. False for anything else,
 * also for what only looks like one of them: servers refuse the whole request for it.
 */
static bool put_image_url(struct buf *b, struct json_object *source)
{
	struct str url = member_text(source, "url");
	struct str data = member_text(source, "data");
	struct str type = member_text(source, "media_type");

	if (jget_is(source, "type", STR("url"))) {
		jput_str(b, url);
		return str_has_prefix(url, STR("https://")) ||
		       str_has_prefix(url, STR("http://"));
	}
	if (!jget_is(source, "type", STR("base64")) || data.len == 0 ||
	    !str_has_prefix(type, STR("image/")))
		return false;
	buf_lit(b, "\"data:");
	jput_escaped(b, type);
	buf_lit(b, ";base64,");
	jput_escaped(b, data);
	buf_addc(b, '"');
	return true;
}

/* Appends the part, or nothing. */
static bool put_image(struct buf *b, struct json_object *block)
{
	struct json_object *source = jget_member(block, "source");
	size_t before = b->len;

	if (!json_object_is_type(source, json_type_object))
		return false;
	put_comma(b, 0);
	buf_lit(b, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
	if (!put_image_url(b, source)) {
		buf_cut(b, before);
		return false;
	}
	buf_lit(b, "}}");
	return true;
}

static void put_note(const struct oa_turn *t, struct buf *b)
{
	buf_lit(b, "[image: ");
	if (t->model->has_vision) {
		buf_lit(b, "of a kind that cannot be passed on]");
		return;
	}
	jput_escaped(b, t->model->id);
	buf_lit(b, " cannot see images]");
}

void oa_turn_image(struct oa_turn *t, struct json_object *block)
{
	size_t parts = t->parts->len;

	if (t->has_eyes && t->text->len > 0) {
		put_comma(t->parts, 0);
		put_text_part(t->parts, buf_str(t->text));
	}
	if (t->has_eyes && put_image(t->parts, block)) {
		buf_cut(t->text, 0);
		return;
	}
	buf_cut(t->parts, parts);
	(void)oa_turn_text_begin(t);
	put_note(t, t->text);
}

void oa_turn_show(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	if (t->has_eyes && put_image(t->shown, block))
		buf_addf(b, "[image %zu: attached]", ++t->shown_count);
	else
		put_note(t, b);
}

struct oa_result *oa_turn_result(struct oa_turn *t)
{
	struct oa_result *result = pool_alloc(t->pool, sizeof(*result));

	*t->last_result = result;
	t->last_result = &result->next;
	t->result_count++;
	return result;
}

struct oa_history_call *oa_turn_call(struct oa_turn *t)
{
	struct oa_history_call *call = pool_alloc(t->pool, sizeof(*call));

	*t->last_call = call;
	t->last_call = &call->next;
	t->call_count++;
	return call;
}

static void put_parts(const struct oa_turn *t, struct buf *b)
{
	size_t start;

	buf_addc(b, '[');
	start = b->len;
	if (t->head->len > 0)
		put_text_part(b, buf_str(t->head));
	if (t->shown->len > 0) {
		put_comma(b, start);
		buf_adds(b, buf_str(t->shown));
	}
	if (t->parts->len > 0) {
		put_comma(b, start);
		buf_adds(b, buf_str(t->parts));
	}
	if (t->text->len > 0) {
		put_comma(b, start);
		put_text_part(b, buf_str(t->text));
	}
	buf_addc(b, ']');
}

void oa_turn_content(const struct oa_turn *t, struct buf *b)
{
	if (t->shown->len > 0 || t->parts->len > 0) {
		put_parts(t, b);
		return;
	}
	buf_addc(b, '"');
	buf_adds(b, buf_str(t->head));
	if (t->head->len > 0 && t->text->len > 0)
		buf_lit(b, "\\n\\n");
	buf_adds(b, buf_str(t->text));
	buf_addc(b, '"');
}
