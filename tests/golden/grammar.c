/* SPDX-License-Identifier: MIT */
/* The strict reader of streaming events; see grammar.h. */
#include "config.h"

#include "tests/golden/grammar.h"

#include <stdio.h>

#include "translate/buf.h"
#include "translate/jcheck.h"

struct reader {
	struct json_object *message, *content, *block;
	char *why;
	struct buf text; /* of the open block, grown by deltas */
	bool has_signature, has_delta, has_stop;
	size_t tools, said; /* blocks of tool_use; of text or tool_use */
};

static bool fail(struct reader *r, const char *what)
{
	snprintf(r->why, GRAMMAR_WHY_MAX, "%s", what);
	return false;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;
	if (json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, name, &value); /* NULL if not */
	return value;
}

static const char *string(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);
	return json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

static bool is(struct json_object *object, const char *name, const char *text)
{
	return strcmp(string(object, name), text) == 0;
}

static bool check_usage(struct reader *r, struct json_object *usage)
{
	static const struct {
		const char *name;
		int64_t min;
	} rows[] = {
		{ "input_tokens", 1 },
		{ "output_tokens", 1 },
		{ "cache_creation_input_tokens", 0 },
		{ "cache_read_input_tokens", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_object *number = member(usage, rows[i].name);
		if (!json_object_is_type(number, json_type_int) ||
		    json_object_get_int64(number) < rows[i].min)
			return fail(r, rows[i].name);
	}
	return true;
}

static bool on_start(struct reader *r, struct json_object *data)
{
	struct json_object *message = member(data, "message");
	if (r->message)
		return fail(r, "a second message_start");
	r->content = member(message, "content");
	if (!json_object_is_type(r->content, json_type_array) ||
	    json_object_array_length(r->content) != 0)
		return fail(r, "message.content is not []");
	if (!is(message, "type", "message") || !is(message, "role", "assistant") ||
	    strncmp(string(message, "id"), "msg_", 4) != 0 || !*string(message, "model"))
		return fail(r, "message's type, role, id or model");
	if (!json_object_object_get_ex(message, "stop_reason", NULL) ||
	    member(message, "stop_reason") || member(message, "stop_sequence"))
		return fail(r, "message.stop_reason is not null");
	r->message = json_object_get(message);
	return check_usage(r, member(message, "usage"));
}

static bool check_index(struct reader *r, struct json_object *data, size_t index)
{
	struct json_object *number = member(data, "index");
	if (!json_object_is_type(number, json_type_int) ||
	    json_object_get_int64(number) != (int64_t)index)
		return fail(r, "index");
	return true;
}

static bool is_id(const char *id)
{
	return strncmp(id, "toolu_", 6) == 0 &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789_-") == strlen(id);
}

static bool check_tool(struct reader *r, struct json_object *block)
{
	const char *id = string(block, "id");
	if (!is_id(id) || !*string(block, "name"))
		return fail(r, "tool_use's id or name");
	for (size_t i = 0; i < json_object_array_length(r->content); i++)
		if (is(json_object_array_get_idx(r->content, i), "id", id))
			return fail(r, "a tool id twice");
	struct json_object *input = member(block, "input");
	if (!json_object_is_type(input, json_type_object) ||
	    json_object_object_length(input))
		return fail(r, "tool_use's input is not {}");
	return json_object_object_length(block) == 4 || fail(r, "members of tool_use");
}

static bool on_begin(struct reader *r, struct json_object *data)
{
	struct json_object *block = member(data, "content_block");
	if (r->block || r->has_delta)
		return fail(r, "a block begins while one is open or after message_delta");
	if (!check_index(r, data, json_object_array_length(r->content)))
		return false;
	const char *shape = json_object_to_json_string_ext(block, JSON_C_TO_STRING_PLAIN);
	if (is(block, "type", "tool_use")) {
		if (!check_tool(r, block))
			return false;
	} else if (strcmp(shape, "{\"type\":\"text\",\"text\":\"\"}") != 0 &&
		   strcmp(shape, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":"
				 "\"\"}") != 0) {
		return fail(r, "content_block's shape");
	}
	r->block = block;
	buf_clear(&r->text);
	r->has_signature = false;
	json_object_array_add(r->content, json_object_get(block));
	return true;
}

static bool on_signature(struct reader *r, struct json_object *delta)
{
	if (r->has_signature || !is(r->block, "type", "thinking") ||
	    !*string(delta, "signature"))
		return fail(r, "signature_delta");
	r->has_signature = true;
	json_object_object_add(r->block, "signature",
			       json_object_get(member(delta, "signature")));
	return true;
}

static bool on_delta(struct reader *r, struct json_object *data)
{
	static const char *const rows[][3] = {
		{ "text", "text_delta", "text" },
		{ "thinking", "thinking_delta", "thinking" },
		{ "tool_use", "input_json_delta", "partial_json" },
	};
	struct json_object *delta = member(data, "delta");
	if (!r->block)
		return fail(r, "a delta without a block");
	if (!check_index(r, data, json_object_array_length(r->content) - 1))
		return false;
	if (is(delta, "type", "signature_delta"))
		return on_signature(r, delta);
	for (size_t i = 0; i < 3; i++) {
		struct json_object *piece = member(delta, rows[i][2]);
		if (!is(r->block, "type", rows[i][0]) || !is(delta, "type", rows[i][1]))
			continue;
		if (!json_object_is_type(piece, json_type_string) || r->has_signature ||
		    json_object_get_string_len(piece) == 0)
			return fail(r, "an empty delta, or one behind the signature");
		buf_add(&r->text, json_object_get_string(piece),
			(size_t)json_object_get_string_len(piece));
		return true;
	}
	return fail(r, "a delta that doesn't fit its block");
}

static struct json_object *text_object(const struct reader *r)
{
	return json_object_new_string_len(r->text.len ? r->text.data : "",
					  (int)r->text.len);
}

static bool end_tool(struct reader *r)
{
	struct jcheck_error error;
	if (jcheck(buf_str(&r->text), &error) < 0)
		return fail(r, "partial_json is not JSON together");
	buf_addc(&r->text, '\0');
	struct json_object *input = json_tokener_parse(r->text.data);
	bool is_object = json_object_is_type(input, json_type_object);
	json_object_object_add(r->block, "input", input);
	return is_object || fail(r, "partial_json is not an object");
}

static bool on_end(struct reader *r, struct json_object *data)
{
	if (!r->block)
		return fail(r, "content_block_stop without a block");
	if (!check_index(r, data, json_object_array_length(r->content) - 1))
		return false;
	bool is_blank = str_trim(buf_str(&r->text)).len == 0;
	if (is(r->block, "type", "tool_use")) {
		if (!end_tool(r))
			return false;
		r->tools++;
	} else if (is_blank) {
		return fail(r, "a block without words");
	} else if (is(r->block, "type", "thinking")) {
		if (!r->has_signature)
			return fail(r, "no signature_delta");
		json_object_object_add(r->block, "thinking", text_object(r));
	} else {
		json_object_object_add(r->block, "text", text_object(r));
	}
	r->said += !is(r->block, "type", "thinking");
	r->block = NULL;
	return true;
}

static bool on_message_delta(struct reader *r, struct json_object *data)
{
	static const char *const reasons[] = {
		"end_turn", "max_tokens", "stop_sequence",
		"tool_use", "refusal",	  "model_context_window_exceeded"
	};
	struct json_object *delta = member(data, "delta");
	const char *reason = string(delta, "stop_reason");
	size_t i = 0;
	if (r->block || r->has_delta || r->said == 0)
		return fail(
			r,
			"message_delta while a block is open, twice, or after nothing");
	while (i < 6 && strcmp(reasons[i], reason) != 0)
		i++;
	if (i == 6)
		return fail(r, "stop_reason");
	if ((*string(delta, "stop_sequence") != '\0') != (i == 2) ||
	    !json_object_object_get_ex(delta, "stop_sequence", NULL))
		return fail(r, "stop_sequence");
	if ((i == 3 && r->tools == 0) || (r->tools > 0 && (i == 0 || i == 2)))
		return fail(r, "tool_use and stop_reason don't fit");
	r->has_delta = true;
	json_object_object_foreach(delta, name, value)
		json_object_object_add(r->message, name, json_object_get(value));
	json_object_object_add(r->message, "usage",
			       json_object_get(member(data, "usage")));
	return check_usage(r, member(data, "usage"));
}

static bool on_stop(struct reader *r, struct json_object *data)
{
	(void)data;
	if (!r->has_delta)
		return fail(r, "message_stop without message_delta");
	r->has_stop = true;
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct reader *r, struct json_object *data);
} events[] = {
	{ "message_start", on_start },	       { "content_block_start", on_begin },
	{ "content_block_delta", on_delta },   { "content_block_stop", on_end },
	{ "message_delta", on_message_delta }, { "message_stop", on_stop },
};

static bool take_event(struct reader *r, struct str name, struct str text)
{
	struct jcheck_error error;
	if (r->has_stop)
		return fail(r, "an event after message_stop");
	if (jcheck(text, &error) < 0)
		return fail(r, "data is not JSON");
	struct json_object *data = NULL;
	struct json_tokener *tokener = json_tokener_new_ex(JCHECK_DEPTH + 2);
	data = json_tokener_parse_ex(tokener, text.ptr, (int)text.len);
	json_tokener_free(tokener);
	bool is_right = fail(r, "an unknown event, or one with another type");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!str_eq(name, str_of(events[i].name)) ||
		    !is(data, "type", events[i].name))
			continue;
		is_right = (r->message || i == 0 || fail(r, "no message_start")) &&
			   events[i].take(r, data);
		break;
	}
	json_object_put(data);
	return is_right;
}

/* The part of *rest up to end, which is skipped; false when it isn't there. */
static bool take_until(struct str *rest, const char *end, struct str *part)
{
	const char *at =
		rest->len ? memmem(rest->ptr, rest->len, end, strlen(end)) : NULL;
	if (!at)
		return false;
	*part = (struct str){ rest->ptr, (size_t)(at - rest->ptr) };
	rest->len -= part->len + strlen(end);
	rest->ptr = at + strlen(end);
	return true;
}

static bool take_all(struct reader *r, struct str rest)
{
	struct str line, name, data;
	while (rest.len > 0) {
		if (!take_until(&rest, "\n", &line) ||
		    !str_has_prefix(line, STR("event: ")))
			return fail(r, "no event: line");
		name = (struct str){ line.ptr + 7, line.len - 7 };
		if (!take_until(&rest, "\n\n", &line) ||
		    !str_has_prefix(line, STR("data: ")))
			return fail(r, "no data: line and empty line");
		data = (struct str){ line.ptr + 6, line.len - 6 };
		if (!take_event(r, name, data))
			return false;
	}
	return true;
}

enum grammar grammar_read(struct str text, struct json_object **message,
			  char why[GRAMMAR_WHY_MAX])
{
	struct reader r = { .why = why };
	buf_init(&r.text, 64 << 20);
	bool is_legal = take_all(&r, text);
	buf_release(&r.text);
	*message = r.message;
	if (!is_legal)
		return GRAMMAR_ILLEGAL;
	return r.has_stop ? GRAMMAR_WHOLE : GRAMMAR_CUT;
}
