/* SPDX-License-Identifier: MIT */
/* The request's own words, given back. */
#include "config.h"

#include "tests/fakenim/echo.h"

#include "tests/fakenim/play.h"
#include "tests/fakenim/strict.h"
#include "translate/jput.h"

enum { TEXT_MAX = 64 << 20, PIECE = 512 };

struct str echo_text(struct turn *t, struct json_object *message)
{
	struct json_object *content = NULL;
	struct buf *b = pool_buf(&t->c->pool, TEXT_MAX);

	(void)json_object_object_get_ex(message, "content", &content);
	if (json_object_is_type(content, json_type_string))
		return (struct str){ json_object_get_string(content),
				     (size_t)json_object_get_string_len(content) };
	if (!json_object_is_type(content, json_type_array))
		return (struct str){ "", 0 };
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *part = json_object_array_get_idx(content, i);
		struct json_object *text = strict_get(part, "text", json_type_string);

		if (text)
			buf_add(b, json_object_get_string(text),
				(size_t)json_object_get_string_len(text));
	}
	return buf_str(b);
}

void echo_say(struct turn *t, struct str text, size_t max)
{
	answer_delta(&t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	while (text.len && !t->c->is_gone) {
		size_t len = text.len < max ? text.len : max;

		while (len < text.len && len > 1 &&
		       ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len--;
		answer_text(&t->a, (struct str){ text.ptr, len });
		text = (struct str){ text.ptr + len, text.len - len };
	}
}

struct str echo_last(struct turn *t)
{
	struct json_object *messages = strict_get(t->body, "messages", json_type_array);
	size_t i = json_object_array_length(messages);

	while (i-- > 0) {
		struct json_object *message = json_object_array_get_idx(messages, i);
		struct json_object *role = strict_get(message, "role", json_type_string);

		if (strcmp(json_object_get_string(role), "user") == 0)
			return echo_text(t, message);
	}
	return STR("");
}

void echo_user(struct turn *t)
{
	echo_say(t, echo_last(t), PIECE);
	play(t, "end stop\nusage\ndone\n");
}

static void put_headers(struct turn *t, struct buf *b)
{
	for (size_t i = 0; i < t->c->field_count; i++) {
		struct str name = conn_field_name(t->c, i);
		bool is_key = str_eq_nocase(name, STR("authorization"));

		if (i)
			buf_addc(b, ',');
		jput_str(b, name);
		buf_addc(b, ':');
		jput_str(b, is_key ? STR("***") : conn_field_value(t->c, i));
	}
}

static void put_names(struct buf *b, struct json_object *array, const char *outer,
		      const char *inner)
{
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		struct json_object *one = json_object_array_get_idx(array, i);

		if (outer)
			one = strict_get(one, outer, json_type_object);
		if (i)
			buf_addc(b, ',');
		jput_str(b, str_of(json_object_get_string(
				    strict_get(one, inner, json_type_string))));
	}
}

void echo_request(struct turn *t)
{
	struct buf *b = pool_buf(&t->c->pool, TEXT_MAX);
	bool is_first = true;

	buf_lit(b, "{\"fields\":[");
	json_object_object_foreach(t->body, name, value)
	{
		(void)value;
		if (!is_first)
			buf_addc(b, ',');
		is_first = false;
		jput_str(b, str_of(name));
	}
	buf_lit(b, "],\"headers\":{");
	put_headers(t, b);
	buf_lit(b, "},\"roles\":[");
	put_names(b, strict_get(t->body, "messages", json_type_array), NULL, "role");
	buf_lit(b, "],\"tools\":[");
	put_names(b, strict_get(t->body, "tools", json_type_array), "function", "name");
	buf_lit(b, "],\"body\":");
	buf_adds(b, buf_str(&t->c->body));
	buf_lit(b, "}");
	echo_say(t, buf_str(b), PIECE);
	play(t, "end stop\nusage\ndone\n");
}
