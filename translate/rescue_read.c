/* SPDX-License-Identifier: MIT */
/* What all readers of calls need: finding marks, whole JSON objects, adding a call. */
#include "config.h"

#include "translate/rescue_read.h"

bool rescue_take_until(struct str *rest, const char *mark, struct str *before)
{
	size_t len = strlen(mark);

	for (size_t at = 0; at + len <= rest->len; at++) {
		if (memcmp(rest->ptr + at, mark, len) != 0)
			continue;
		*before = (struct str){ rest->ptr, at };
		*rest = (struct str){ rest->ptr + at + len, rest->len - at - len };
		return true;
	}
	return false;
}

bool rescue_take(struct str *rest, const char *mark)
{
	if (!str_has_prefix(*rest, str_of(mark)))
		return false;
	*rest = (struct str){ rest->ptr + strlen(mark), rest->len - strlen(mark) };
	return true;
}

/* The length of a JSON object or list; 0 when its last bracket is missing. */
static size_t json_len(struct str text)
{
	bool is_string = false;
	int depth = 0;

	for (size_t at = 0; at < text.len; at++) {
		char c = text.ptr[at];

		if (is_string && c == '\\')
			at++;
		else if (c == '"')
			is_string = !is_string;
		else if (!is_string && (c == '{' || c == '['))
			depth++;
		else if (!is_string && (c == '}' || c == ']') && --depth == 0)
			return at + 1;
	}
	return 0;
}

struct str rescue_take_json(struct str *rest)
{
	struct str text = *rest;
	size_t len = json_len(text);

	if (len == 0)
		len = text.len;
	*rest = (struct str){ text.ptr + len, text.len - len };
	return (struct str){ text.ptr, len };
}

bool rescue_is_inside(struct str text)
{
	while (text.len > 0) {
		const char *brace = memchr(text.ptr, '{', text.len);
		size_t len;

		if (!brace)
			return false;
		text = (struct str){ brace, text.len - (size_t)(brace - text.ptr) };
		len = json_len(text);
		if (len == 0)
			return true;
		text = (struct str){ text.ptr + len, text.len - len };
	}
	return false;
}

bool rescue_add(struct rescue_block *b, struct str id, struct str name, struct str args)
{
	name = str_trim(name);
	if (b->count == RESCUE_CALLS_MAX || name.len == 0)
		return false;
	b->calls[b->count++] = (struct rescue_call){ id, name, args };
	return true;
}

bool rescue_take_object(struct str *rest, struct str *args)
{
	*rest = str_trim(*rest);
	if (rescue_take(rest, "```json") || rescue_take(rest, "```"))
		*rest = str_trim(*rest);
	if (rest->len == 0 || *rest->ptr != '{')
		return false;
	*args = rescue_take_json(rest);
	return true;
}
