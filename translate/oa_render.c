/* SPDX-License-Identifier: MIT */
/* Blocks as text: documents, search results, references and what else has words. */
#include "config.h"

#include "translate/oa_render.h"

#include "translate/jput.h"
#include "translate/oa_blocks.h"

/* Another type than a string is no text. */
static struct str member_text(struct json_object *object, const char *name)
{
	struct str text = { NULL, 0 };

	(void)jget_str(object, name, NULL, &text, NULL);
	return text;
}

static struct json_object *member_object(struct json_object *object, const char *name)
{
	struct json_object *member = jget_member(object, name);

	return json_object_is_type(member, json_type_object) ? member : NULL;
}

/* Ends the line that was begun at start, when something stands there. */
static void end_line(struct buf *b, size_t start)
{
	if (b->len > start)
		buf_lit(b, "\\n");
}

static void put_line(struct buf *b, size_t start, struct str text)
{
	if (text.len == 0)
		return;
	end_line(b, start);
	jput_escaped(b, text);
}

void oa_render_content(struct oa_turn *t, struct buf *b, struct json_object *content)
{
	size_t start = b->len, count;

	if (json_object_is_type(content, json_type_string))
		jput_escaped(b, jget_text(content));
	if (!json_object_is_type(content, json_type_array))
		return;
	count = json_object_array_length(content);
	for (size_t i = 0; i < count; i++) {
		size_t before = b->len, begun;

		end_line(b, start);
		begun = b->len;
		oa_blocks_render(t, b, json_object_array_get_idx(content, i));
		if (b->len == begun)
			buf_cut(b, before);
	}
}

void oa_render_text(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	(void)t;
	jput_escaped(b, member_text(block, "text"));
}

void oa_render_image(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	oa_turn_show(t, b, block);
}

/* Of bytes (PDF) and of what lies elsewhere the model learns that they were there. */
static void put_absent(struct buf *b, struct json_object *block,
		       struct json_object *source)
{
	struct str title = member_text(block, "title");
	struct str url = source ? member_text(source, "url") : STR("");
	struct str type = source ? member_text(source, "media_type") : STR("");

	buf_lit(b, "[document: ");
	jput_escaped(b, title.len ? title : url.len ? url : STR("untitled"));
	if (type.len) {
		buf_lit(b, " (");
		jput_escaped(b, type);
		buf_lit(b, ")");
	}
	buf_lit(b, "; this model cannot read it]");
}

/* Content behind a heading that began at start; false when there was none. */
static bool put_body(struct oa_turn *t, struct buf *b, size_t start,
		     struct json_object *content)
{
	size_t before = b->len, begun;

	end_line(b, start);
	begun = b->len;
	oa_render_content(t, b, content);
	if (b->len > begun)
		return true;
	buf_cut(b, before);
	return false;
}

/* The title stands once: in the heading, or in the note that tells of it. */
void oa_render_document(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	struct json_object *source = member_object(block, "source"), *content = NULL;
	size_t start = b->len;

	if (source && jget_is(source, "type", STR("text")))
		content = jget_member(source, "data");
	else if (source && jget_is(source, "type", STR("content")))
		content = jget_member(source, "content");
	put_line(b, start, member_text(block, "title"));
	put_line(b, start, member_text(block, "context"));
	if (put_body(t, b, start, content))
		return;
	buf_cut(b, start);
	put_absent(b, block, source);
}

void oa_render_search(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	size_t start = b->len;

	put_line(b, start, member_text(block, "title"));
	put_line(b, start, member_text(block, "source"));
	(void)put_body(t, b, start, jget_member(block, "content")); /* may be empty */
}

void oa_render_reference(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	(void)t;
	buf_lit(b, "Tool ");
	jput_escaped(b, member_text(block, "tool_name"));
	buf_lit(b, " is now available.");
}

void oa_render_compaction(struct oa_turn *t, struct buf *b, struct json_object *block)
{
	oa_render_content(t, b, jget_member(block, "content"));
}
