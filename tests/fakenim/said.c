/* SPDX-License-Identifier: MIT */
/* The script in the conversation, and what is said without one. */
#include "config.h"

#include "tests/fakenim/said.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/fakenim/echo.h"
#include "tests/fakenim/play.h"
#include "tests/fakenim/strict.h"
#include "translate/jput.h"

enum { PIECE = 12, ARGUMENTS_PIECE = 7, RESULT_LINES = 5, LONG_PROMPT = 2000 };

static size_t find(struct str s, size_t from, struct str needle)
{
	for (size_t i = from; i + needle.len <= s.len; i++)
		if (memcmp(s.ptr + i, needle.ptr, needle.len) == 0)
			return i;
	return s.len;
}

/* Block number n of a text; false when there are fewer. */
static bool block_at(struct str text, size_t n, struct str *block)
{
	const struct str say = STR("<|say|>");
	bool is_inner = find(text, 0, say) == text.len;
	const struct str open = is_inner ? STR("<|sub|>") : say;
	const struct str close = is_inner ? STR("<|/sub|>") : STR("<|/say|>");
	size_t at = 0;

	for (;;) {
		size_t from = find(text, at, open) + open.len;
		size_t till = find(text, from, close);

		if (from > text.len || till == text.len)
			return false;
		if (n-- == 0) {
			*block = str_trim((struct str){ text.ptr + from, till - from });
			return true;
		}
		at = till + close.len;
	}
}

static bool is_role(struct json_object *message, const char *role)
{
	struct json_object *value = strict_get(message, "role", json_type_string);

	return value && strcmp(json_object_get_string(value), role) == 0;
}

/* The text of the message that holds the script, and how many turns followed it. */
static bool find_script(struct turn *t, struct str *text, size_t *turns)
{
	struct json_object *messages = strict_get(t->body, "messages", json_type_array);
	size_t i = json_object_array_length(messages);
	struct str block;

	*turns = 0;
	while (i-- > 0) {
		struct json_object *message = json_object_array_get_idx(messages, i);

		if (is_role(message, "assistant"))
			++*turns;
		if (!is_role(message, "user"))
			continue;
		*text = echo_text(t, message);
		if (block_at(*text, 0, &block))
			return true;
	}
	return false;
}

static void say_pieces(struct turn *t, struct str text, bool is_reasoning)
{
	while (text.len && !t->c->is_gone) {
		size_t len = text.len < PIECE ? text.len : PIECE;

		while (len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len++;
		if (is_reasoning)
			answer_reason(&t->a, "reasoning_content",
				      (struct str){ text.ptr, len });
		else
			answer_text(&t->a, (struct str){ text.ptr, len });
		text = (struct str){ text.ptr + len, text.len - len };
	}
}

static void say_call(struct turn *t, struct str json, int index)
{
	struct str none = { NULL, 0 };
	struct str text = pool_str(&t->c->pool, json);
	struct json_object *call = json_tokener_parse(text.ptr);
	struct json_object *name = strict_get(call, "name", json_type_string);
	struct json_object *arguments = strict_get(call, "arguments", json_type_object);
	struct buf *b = pool_buf(&t->c->pool, 32 << 20);
	struct str rest, id;

	pool_own_json(&t->c->pool, call);
	if (!name) {
		answer_text(&t->a, STR("(fakenim: this tool_call is not JSON)"));
		return;
	}
	jput_tree(b, arguments);
	rest = arguments ? buf_str(b) : STR("{}");
	id = pool_strf(&t->c->pool, "functions.%s:%d", json_object_get_string(name),
		       index);
	answer_call(&t->a, index, id, str_of(json_object_get_string(name)), none);
	while (rest.len && !t->c->is_gone) {
		size_t len = rest.len < ARGUMENTS_PIECE ? rest.len : ARGUMENTS_PIECE;

		while (len < rest.len && ((unsigned char)rest.ptr[len] & 0xc0) == 0x80)
			len++;
		answer_call(&t->a, index, none, none, (struct str){ rest.ptr, len });
		rest = (struct str){ rest.ptr + len, rest.len - len };
	}
}

enum mark { MARK_THINK, MARK_CALL, MARK_WAIT, MARKS };

static const struct {
	struct str open, close;
} marks[MARKS] = {
	[MARK_THINK] = { { "<think>", 7 }, { "</think>", 8 } },
	[MARK_CALL] = { { "<tool_call>", 11 }, { "</tool_call>", 12 } },
	[MARK_WAIT] = { { "<|wait ", 7 }, { "|>", 2 } },
};

static void speak(struct turn *t, struct str block)
{
	int calls = 0;

	answer_delta(&t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	for (size_t at = 0; at < block.len && !t->c->is_gone;) {
		size_t first = block.len, from, till;
		enum mark mark = MARKS;
		struct str inner;

		for (int i = 0; i < MARKS; i++)
			if (find(block, at, marks[i].open) < first) {
				first = find(block, at, marks[i].open);
				mark = (enum mark)i;
			}
		if (mark != MARK_CALL ||
		    str_trim((struct str){ block.ptr + at, first - at }).len)
			say_pieces(t, (struct str){ block.ptr + at, first - at }, false);
		if (mark == MARKS)
			break;
		from = first + marks[mark].open.len;
		till = find(block, from, marks[mark].close);
		inner = (struct str){ block.ptr + from, till - from };
		if (mark == MARK_THINK)
			say_pieces(t, inner, true);
		else if (mark == MARK_CALL)
			say_call(t, inner, calls++);
		else
			conn_sleep(t->c, (int64_t)strtod(inner.ptr, NULL));
		at = till + marks[mark].close.len;
	}
	play(t, calls ? "end tool_calls\nusage\ndone\n" : "end stop\nusage\ndone\n");
}

static bool has_tool(struct turn *t, const char *wanted)
{
	struct json_object *tools = strict_get(t->body, "tools", json_type_array);

	for (size_t i = 0; tools && i < json_object_array_length(tools); i++) {
		struct str name = play_tool_name(t, i);

		if (str_eq(name, str_of(wanted)))
			return true;
	}
	return false;
}

/* What a schema asks for at least: a value for each of its properties. */
static struct str schema_answer(struct turn *t)
{
	struct json_object *format =
		strict_get(t->body, "response_format", json_type_object);
	struct json_object *schema =
		strict_get(strict_get(format, "json_schema", json_type_object), "schema",
			   json_type_object);
	struct json_object *properties =
		strict_get(schema, "properties", json_type_object);
	struct buf *b = pool_buf(&t->c->pool, 1 << 16);

	if (!properties)
		return (struct str){ NULL, 0 };
	buf_lit(b, "{");
	json_object_object_foreach(properties, name, property)
	{
		struct json_object *type = strict_get(property, "type", json_type_string);
		const char *word = type ? json_object_get_string(type) : "string";

		if (b->len > 1)
			buf_addc(b, ',');
		jput_str(b, str_of(name));
		buf_addc(b, ':');
		if (strcmp(word, "boolean") == 0)
			buf_lit(b, "true");
		else if (strcmp(word, "integer") == 0 || strcmp(word, "number") == 0)
			buf_lit(b, "1");
		else if (strcmp(word, "array") == 0)
			buf_lit(b, "[]");
		else if (strcmp(word, "object") == 0)
			buf_lit(b, "{}");
		else
			buf_lit(b, "\"A simulated conversation\"");
	}
	buf_lit(b, "}");
	return buf_str(b);
}

static struct str first_lines(struct str text)
{
	size_t lines = 0, len = 0;

	while (len < text.len && lines < RESULT_LINES)
		if (text.ptr[len++] == '\n')
			lines++;
	return (struct str){ text.ptr, len };
}

static struct str own_words(struct turn *t)
{
	struct json_object *messages = strict_get(t->body, "messages", json_type_array);
	struct json_object *last = json_object_array_get_idx(
		messages, json_object_array_length(messages) - 1);
	struct str text = echo_text(t, last);
	struct str json = schema_answer(t);

	if (json.len)
		return json;
	if (is_role(last, "tool")) {
		struct str lines = str_trim(first_lines(text));

		return pool_strf(
			&t->c->pool,
			"The tool says:\n\n%.*s\n\nI am the simulated NIM, so that is "
			"all I make of it.",
			STR_ARG(lines));
	}
	if (str_contains_nocase(text, STR("summary")) && text.len > LONG_PROMPT)
		return STR("<summary>The user talked with the simulated NIM.</summary>");
	if (has_tool(t, "Bash"))
		return STR(
			"I am the simulated NIM. Let me look around. "
			"<tool_call>{\"name\":\"Bash\",\"arguments\":{\"command\":\"ls\","
			"\"description\":\"List the files here\"}}</tool_call>");
	return STR(
		"Hello! I am the simulated NIM: nothing is wrong, but no model is behind "
		"me. Set NVIDIA_API_KEY to talk to a real one.");
}

void said_assistant(struct turn *t)
{
	struct str text, block;
	size_t turns;

	if (!find_script(t, &text, &turns))
		block = own_words(t);
	else if (!block_at(text, turns, &block))
		block = STR("Done.");
	else if (find(block, 0, marks[MARK_CALL].open) < block.len &&
		 !strict_get(t->body, "tools", json_type_array)) /* a title, a summary */
		block = schema_answer(t).len ? schema_answer(t)
					     : STR("A simulated conversation");
	speak(t, block);
}
