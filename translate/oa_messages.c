/* SPDX-License-Identifier: MIT */
/*
 * The order of things.  OpenAI's form wants one system message first, results right
 * behind the calls they answer, and no two turns of one role in a row; Anthropic's allows
 * more, and Claude Code uses it.
 */
#include "config.h"

#include "translate/oa_messages.h"

#include "translate/ids.h"
#include "translate/jput.h"
#include "translate/oa_blocks.h"

enum role { ROLE_NONE, ROLE_USER, ROLE_ASSISTANT };

struct walk {
	struct buf *out;
	const struct an_request *request;
	const struct model *model;
	const struct oa_names *names;
	struct pool *pool;
	struct jget_error *error;
	struct buf *system;  /* escaped text of the one system message */
	struct oa_turn user; /* being put together, while role is ROLE_USER */
	struct oa_turn assistant;
	enum role role;	  /* of the turn that is open */
	bool has_written; /* a message stands in out */
	struct oa_history_call
		*asked; /* calls of the last assistant turn: their results are due */
};

static void begin_message(struct walk *w, const char *role)
{
	if (w->has_written)
		buf_addc(w->out, ',');
	w->has_written = true;
	buf_lit(w->out, "{\"role\":\"");
	buf_adds(w->out, str_of(role));
	buf_lit(w->out, "\",");
}

static void add_system(struct walk *w, struct str text)
{
	if (text.len == 0 || str_has_prefix(text, STR("x-anthropic-billing-header:")))
		return;
	if (w->system->len > 0)
		buf_lit(w->system, "\\n\\n");
	jput_escaped(w->system, text);
}

static int take_content(struct walk *w, struct json_object *content,
			const struct jget_path *at,
			int (*take_text)(struct walk *w, struct str text),
			int (*take_block)(struct walk *w, struct json_object *block,
					  const struct jget_path *at))
{
	if (!content)
		return 0;
	if (json_object_is_type(content, json_type_string))
		return take_text(w, jget_text(content));
	if (!json_object_is_type(content, json_type_array))
		return jget_fail(w->error, at, "Input should be a valid string or list");
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		const struct jget_path item = { at, NULL, i };

		if (take_block(w, json_object_array_get_idx(content, i), &item) < 0)
			return -1;
	}
	return 0;
}

static int system_text(struct walk *w, struct str text)
{
	add_system(w, text);
	return 0;
}

/* Blocks of a system text: those with a text; tool_addition and the like say nothing to a
 * model. */
static int text_of_block(struct walk *w, struct json_object *block,
			 const struct jget_path *at,
			 int (*take_text)(struct walk *w, struct str text))
{
	struct str text = { NULL, 0 };

	if (!json_object_is_type(block, json_type_object))
		return jget_fail(w->error, at, "Input should be an object");
	if (jget_str(block, "text", at, &text, w->error) < 0)
		return -1;
	return take_text(w, text);
}

static int system_block(struct walk *w, struct json_object *block,
			const struct jget_path *at)
{
	return text_of_block(w, block, at, system_text);
}

static int late_system_text(struct walk *w, struct str text)
{
	if (text.len)
		oa_turn_text3(&w->user, STR("<system-reminder>\n"), text,
			      STR("\n</system-reminder>"));
	return 0;
}

static int late_system_block(struct walk *w, struct json_object *block,
			     const struct jget_path *at)
{
	return text_of_block(w, block, at, late_system_text);
}

static int user_text(struct walk *w, struct str text)
{
	oa_turn_text(&w->user, text);
	return 0;
}

static int user_block(struct walk *w, struct json_object *block,
		      const struct jget_path *at)
{
	return oa_blocks_user(&w->user, block, at, w->error);
}

static int assistant_text(struct walk *w, struct str text)
{
	oa_turn_text(&w->assistant, text);
	return 0;
}

static int assistant_block(struct walk *w, struct json_object *block,
			   const struct jget_path *at)
{
	return oa_blocks_assistant(&w->assistant, block, at, w->error);
}

static void put_result(struct walk *w, struct str id, struct json_object *block)
{
	begin_message(w, "tool");
	buf_lit(w->out, "\"tool_call_id\":");
	jput_str(w->out, ids_tool_upstream(w->pool, id));
	buf_lit(w->out, ",\"content\":\"");
	if (block)
		oa_blocks_result(&w->user, w->out, block);
	else
		buf_lit(w->out, "[no result: the call was interrupted]");
	buf_lit(w->out, "\"}");
}

static struct oa_result *find_result(struct walk *w, struct str id)
{
	for (struct oa_result *r = w->user.results; r; r = r->next)
		if (!r->is_placed && str_eq(r->id, id))
			return r;
	return NULL;
}

/* Results in the order of their calls; a call without one gets a note in its place. */
static void put_results(struct walk *w)
{
	for (struct oa_history_call *call = w->asked; call; call = call->next) {
		struct oa_result *result = find_result(w, call->id);

		if (result)
			result->is_placed = true;
		put_result(w, call->id, result ? result->block : NULL);
	}
	w->asked = NULL;
}

/* A result nobody asked for is told as text: a tool message without its call is refused.
 */
static void put_orphans(struct walk *w)
{
	for (struct oa_result *r = w->user.results; r; r = r->next) {
		struct buf *text;

		if (r->is_placed)
			continue;
		text = pool_buf(w->pool, w->out->max);
		oa_blocks_result(&w->user, text, r->block);
		if (w->user.text->len > 0)
			buf_lit(w->user.text, "\\n\\n");
		buf_lit(w->user.text, "Result of an earlier tool call:\\n");
		buf_adds(w->user.text, buf_str(text));
		buf_release(text);
	}
}

static void end_user(struct walk *w)
{
	put_results(w);
	put_orphans(w);
	if (!oa_turn_is_empty(&w->user)) {
		begin_message(w, "user");
		buf_lit(w->out, "\"content\":");
		oa_turn_content(&w->user, w->out);
		buf_addc(w->out, '}');
	}
	oa_turn_clear(&w->user);
}

/* The arguments travel as JSON inside a JSON string, always as an object that was written
 * anew. */
static void put_arguments(struct walk *w, struct json_object *input)
{
	struct buf *text = pool_buf(w->pool, OA_ARGUMENTS_MAX);

	if (json_object_is_type(input, json_type_object))
		jput_tree(text, input);
	else
		buf_lit(text, "{}");
	jput_str(w->out, buf_str(text));
	if (text->has_failed)
		w->out->has_failed = true;
	buf_release(text);
}

static void put_calls(struct walk *w)
{
	buf_lit(w->out, ",\"tool_calls\":[");
	for (struct oa_history_call *call = w->assistant.calls; call; call = call->next) {
		if (call != w->assistant.calls)
			buf_addc(w->out, ',');
		buf_lit(w->out, "{\"id\":");
		jput_str(w->out, ids_tool_upstream(w->pool, call->id));
		buf_lit(w->out, ",\"type\":\"function\",\"function\":{\"name\":");
		jput_str(w->out, oa_tools_upstream(w->names, w->pool, call->name));
		buf_lit(w->out, ",\"arguments\":");
		put_arguments(w, call->input);
		buf_lit(w->out, "}}");
	}
	buf_addc(w->out, ']');
}

static void end_assistant(struct walk *w)
{
	struct oa_turn *t = &w->assistant;

	if (!oa_turn_is_empty(t) || t->call_count > 0) {
		begin_message(w, "assistant");
		buf_lit(w->out, "\"content\":");
		oa_turn_content(t, w->out);
		if (t->call_count > 0)
			put_calls(w);
		buf_addc(w->out, '}');
		w->asked = t->calls;
	}
	oa_turn_clear(t);
}

/* The turn that is open must be of that role; another one is written out first. */
static void enter(struct walk *w, enum role role)
{
	if (w->role == role)
		return;
	if (w->role == ROLE_ASSISTANT)
		end_assistant(w);
	else if (w->role == ROLE_USER || role == ROLE_NONE)
		end_user(w);
	w->role = role;
}

/* clear_at next_user_message: it was for the turn that is over. */
static bool is_cleared(struct walk *w, struct json_object *message, size_t index)
{
	struct json_object *all = w->request->messages;

	if (!jget_is(message, "clear_at", STR("next_user_message")))
		return false;
	for (size_t i = index + 1; i < json_object_array_length(all); i++)
		if (jget_is(json_object_array_get_idx(all, i), "role", STR("user")))
			return true;
	return false;
}

static int take_system(struct walk *w, struct json_object *message, size_t index,
		       const struct jget_path *at)
{
	struct json_object *content = jget_member(message, "content");

	if (is_cleared(w, message, index))
		return 0;
	if (w->role == ROLE_NONE) /* before the conversation: part of the prompt */
		return take_content(w, content, at, system_text, system_block);
	enter(w, ROLE_USER);
	return take_content(w, content, at, late_system_text, late_system_block);
}

static int take_message(struct walk *w, struct json_object *message, size_t index,
			const struct jget_path *at)
{
	const struct jget_path content_at = { at, "content", 0 },
			       role_at = { at, "role", 0 };
	struct json_object *content;

	if (!json_object_is_type(message, json_type_object))
		return jget_fail(w->error, at, "Input should be an object");
	content = jget_member(message, "content");
	if (jget_is(message, "role", STR("system")))
		return take_system(w, message, index, &content_at);
	if (!jget_is(message, "role", STR("user")) &&
	    !jget_is(message, "role", STR("assistant")))
		return jget_fail(w->error, &role_at,
				 "Input should be 'user', 'assistant' or 'system'");
	if (!content)
		return jget_fail(w->error, &content_at, "Field required");
	if (jget_is(message, "role", STR("user"))) {
		enter(w, ROLE_USER);
		return take_content(w, content, &content_at, user_text, user_block);
	}
	enter(w, ROLE_ASSISTANT);
	return take_content(w, content, &content_at, assistant_text, assistant_block);
}

/*
 * The system message must come first, but entries that belong to it may stand among the
 * messages; they all stand before the first turn, so this is known when that begins.
 */
static size_t take_prompt(struct walk *w, bool is_thinking)
{
	const struct jget_path at = { NULL, "system", 0 },
			       messages = { NULL, "messages", 0 };
	struct json_object *all = w->request->messages;
	size_t i = 0;

	add_system(w, is_thinking ? w->model->system_on : w->model->system_off);
	if (take_content(w, w->request->system, &at, system_text, system_block) < 0)
		return SIZE_MAX;
	for (; i < json_object_array_length(all); i++) {
		struct json_object *message = json_object_array_get_idx(all, i);
		const struct jget_path item = { &messages, NULL, i };

		if (!json_object_is_type(message, json_type_object) ||
		    !jget_is(message, "role", STR("system")))
			break;
		if (take_message(w, message, i, &item) < 0)
			return SIZE_MAX;
	}
	if (w->system->len > 0) {
		begin_message(w, "system");
		buf_lit(w->out, "\"content\":\"");
		buf_adds(w->out, buf_str(w->system));
		buf_lit(w->out, "\"}");
	}
	return i;
}

int oa_messages_put(struct buf *b, const struct an_request *request,
		    const struct model *model, bool is_thinking,
		    const struct oa_names *names, struct pool *p,
		    struct jget_error *error)
{
	const struct jget_path messages = { NULL, "messages", 0 };
	struct walk w = { .out = b,
			  .request = request,
			  .model = model,
			  .names = names,
			  .pool = p,
			  .error = error,
			  .system = pool_buf(p, b->max) };
	size_t i;

	oa_turn_init(&w.user, p, model);
	oa_turn_init(&w.assistant, p, model);
	buf_lit(b, "\"messages\":[");
	i = take_prompt(&w, is_thinking);
	if (i == SIZE_MAX)
		return -1;
	for (; i < json_object_array_length(request->messages); i++) {
		const struct jget_path item = { &messages, NULL, i };

		if (take_message(&w, json_object_array_get_idx(request->messages, i), i,
				 &item) < 0)
			return -1;
	}
	enter(&w, ROLE_NONE);
	if (w.asked)
		end_user(&w); /* calls at the very end want results too */
	buf_addc(b, ']');
	if (w.user.text->has_failed || w.user.parts->has_failed ||
	    w.assistant.text->has_failed || w.system->has_failed)
		b->has_failed = true;
	buf_release(w.user.text);
	buf_release(w.user.parts);
	buf_release(w.assistant.text);
	return 0;
}
