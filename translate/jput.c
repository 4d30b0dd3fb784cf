/* SPDX-License-Identifier: MIT */
/*
 * JSON text straight into a buffer.  Long runs that need no escape are copied at once;
 * only quotes, backslashes, control characters and bytes that are not UTF-8 interrupt a
 * run.
 */
#include "config.h"

#include "translate/jput.h"

#include <assert.h>

#include "translate/jcheck.h"
#include "translate/jget.h"
#include "translate/utf8.h"
#include "translate/word.h"

/* What follows the backslash; 'u' means four digits; 0: the byte stands as it is. */
static const char escapes[256] = {
	[0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u',	 [0x04] = 'u',
	[0x05] = 'u', [0x06] = 'u', [0x07] = 'u', ['\b'] = 'b',	 ['\t'] = 't',
	['\n'] = 'n', [0x0b] = 'u', ['\f'] = 'f', ['\r'] = 'r',	 [0x0e] = 'u',
	[0x0f] = 'u', [0x10] = 'u', [0x11] = 'u', [0x12] = 'u',	 [0x13] = 'u',
	[0x14] = 'u', [0x15] = 'u', [0x16] = 'u', [0x17] = 'u',	 [0x18] = 'u',
	[0x19] = 'u', [0x1a] = 'u', [0x1b] = 'u', [0x1c] = 'u',	 [0x1d] = 'u',
	[0x1e] = 'u', [0x1f] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

/* Bytes at the start of text that are plain ASCII, looked at eight at a time. */
static size_t plain_run(const char *text, size_t len)
{
	size_t at = 0;
	for (; len - at >= 8; at += 8) {
		uint64_t word = word_at(text + at);
		uint64_t marks = word_marks(word) | (word & WORD_TOPS);
		if (marks)
			return at + word_first(marks);
	}
	while (at < len && (unsigned char)text[at] < 0x80 &&
	       !escapes[(unsigned char)text[at]])
		at++;
	return at;
}

static void put_escape(struct buf *b, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char *to = buf_reserve(b, 6);
	if (!to)
		return;
	to[0] = '\\';
	to[1] = escapes[byte];
	if (escapes[byte] != 'u') {
		b->len += 2;
		return;
	}
	to[2] = to[3] = '0';
	to[4] = digits[byte >> 4];
	to[5] = digits[byte & 15];
	b->len += 6;
}

void jput_escaped(struct buf *b, struct str text)
{
	size_t start = 0, at = 0; /* from start to at: a run not yet written */
	while (at < text.len) {
		at += plain_run(text.ptr + at, text.len - at);
		if (at == text.len)
			break;
		unsigned char byte = (unsigned char)text.ptr[at];
		size_t wrong = 1;
		if (byte >= 0x80) {
			size_t len = utf8_step(text.ptr + at, text.len - at, &wrong);
			at += len;
			if (len > 0)
				continue;
		}
		buf_add(b, text.ptr + start, at - start);
		if (byte >= 0x80)
			buf_lit(b, "\xef\xbf\xbd");
		else
			put_escape(b, byte);
		at += wrong;
		start = at;
	}
	if (at > start)
		buf_add(b, text.ptr + start, at - start);
}

void jput_str(struct buf *b, struct str text)
{
	buf_addc(b, '"');
	jput_escaped(b, text);
	buf_addc(b, '"');
}

void jput_int(struct buf *b, int64_t number)
{
	if (number < 0)
		buf_addc(b, '-');
	buf_addu(b, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void jput_bool(struct buf *b, bool value)
{
	buf_adds(b, value ? STR("true") : STR("false"));
}

void jput_name(struct buf *b, bool wants_comma, const char *name)
{
	if (wants_comma)
		buf_addc(b, ',');
	jput_str(b, str_of(name));
	buf_addc(b, ':');
}

/* json-c keeps the text of a fraction that it has read; infinities are not JSON. */
static void put_double(struct buf *b, struct json_object *node)
{
	struct str text =
		str_of(json_object_to_json_string_ext(node, JSON_C_TO_STRING_PLAIN));
	size_t first = text.len > 0 && text.ptr[0] == '-';
	if (first < text.len && text.ptr[first] >= '0' && text.ptr[first] <= '9')
		buf_adds(b, text);
	else
		buf_lit(b, "null");
}

static void put_integer(struct buf *b, struct json_object *node)
{
	int64_t number = json_object_get_int64(node);
	if (number > 0)
		buf_addu(b, json_object_get_uint64(node)); /* up to 2^64 - 1 */
	else
		jput_int(b, number);
}

static void put_node(struct buf *b, struct json_object *node, unsigned depth);

static void put_object(struct buf *b, struct json_object *node, unsigned depth)
{
	struct json_object_iterator at = json_object_iter_begin(node);
	struct json_object_iterator end = json_object_iter_end(node);
	buf_addc(b, '{');
	for (bool is_first = true; !json_object_iter_equal(&at, &end); is_first = false) {
		jput_name(b, !is_first, json_object_iter_peek_name(&at));
		put_node(b, json_object_iter_peek_value(&at), depth + 1);
		json_object_iter_next(&at);
	}
	buf_addc(b, '}');
}

static void put_array(struct buf *b, struct json_object *node, unsigned depth)
{
	size_t count = json_object_array_length(node);
	buf_addc(b, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_addc(b, ',');
		put_node(b, json_object_array_get_idx(node, i), depth + 1);
	}
	buf_addc(b, ']');
}

static void put_node(struct buf *b, struct json_object *node, unsigned depth)
{
	/* trees come from jget_parse(); a few levels may have been put around them */
	assert(depth < 2 * JCHECK_DEPTH);
	switch (json_object_get_type(node)) {
	case json_type_null:
		buf_lit(b, "null");
		break;
	case json_type_boolean:
		jput_bool(b, json_object_get_boolean(node));
		break;
	case json_type_double:
		put_double(b, node);
		break;
	case json_type_int:
		put_integer(b, node);
		break;
	case json_type_object:
		put_object(b, node, depth);
		break;
	case json_type_array:
		put_array(b, node, depth);
		break;
	case json_type_string:
		jput_str(b, jget_text(node));
		break;
	}
}

void jput_tree(struct buf *b, struct json_object *node)
{
	put_node(b, node, 0);
}
