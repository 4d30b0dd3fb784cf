/* SPDX-License-Identifier: MIT */
/*
 * The order of things.  OpenAI's form wants one system message first, results right
 * behind the calls they answer, and no two turns of one role in a row; Anthropic's allows
 * more, and Claude Code uses it.
 *
 * The last two turns are kept open: the one that is being filled, and the one before it,
 * which grows again when the one between turns out to be empty.
 */
#include "config.h"

#include "translate/oa_messages.h"

#include "translate/ids.h"
#include "translate/jput.h"
#include "translate/oa_blocks.h"
#include "translate/oa_calls.h"

enum role { ROLE_USER, ROLE_ASSISTANT, ROLE_NONE };

struct walk {
	struct buf *out;
	const struct an_request *request;
	const struct model *model;
	const struct oa_names *names;
	struct pool *pool;
	struct jget_error *error;
	struct buf *system;	 /* escaped text of the one system message */
	struct buf *scratch;	 /* for oa_calls_put() */
	struct oa_turn turns[2]; /* by role; the open one is the later */
	enum role open;
	bool has_written; /* a message stands in out */
	bool has_turns;	  /* one that is not the system's */
	struct oa_history_call
		*asked;	  /* of the last assistant message: results are due */
	size_t last_user; /* index of the last user message; 0: not known */
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

/* The calls from that one on, or that one alone for a model that takes no more. */
static void put_calls(struct walk *w, const struct oa_history_call *calls)
{
	buf_addc(w->out, ',');
	oa_calls_put(w->out, calls, w->model->has_single_calls ? 1 : SIZE_MAX, w->model,
		     w->names, w->pool, w->scratch);
	buf_addc(w->out, '}');
}

static void put_result(struct walk *w, const struct oa_history_call *call)
{
	begin_message(w, "tool");
	buf_lit(w->out, "\"tool_call_id\":");
	jput_str(w->out, oa_calls_id(w->model, w->pool, call->id));
	buf_lit(w->out, ",\"content\":\"");
	if (call->result)
		oa_blocks_result(&w->turns[ROLE_USER], w->out, call->result->block);
	else
		buf_lit(w->out, "[no result: the call was interrupted]");
	buf_lit(w->out, "\"}");
}

/* Results in the order of their calls; a call without one gets a note in its place. */
static void put_results(struct walk *w)
{
	oa_calls_pair(w->pool, w->asked, &w->turns[ROLE_USER]);
	for (struct oa_history_call *call = w->asked; call; call = call->next) {
		if (call != w->asked && w->model->has_single_calls) {
			begin_message(w, "assistant");
			buf_lit(w->out, "\"content\":\"\"");
			put_calls(w, call);
		}
		put_result(w, call);
	}
	w->asked = NULL;
}

/* A result nobody asked for is told as text: a tool message without its call is refused.
 */
static void tell_orphans(struct walk *w)
{
	struct oa_turn *t = &w->turns[ROLE_USER];

	for (struct oa_result *result = t->results; result; result = result->next) {
		if (result->is_placed)
			continue;
		if (t->head->len > 0)
			buf_lit(t->head, "\\n\\n");
		buf_lit(t->head, "Result of an earlier tool call:\\n");
		oa_blocks_result(t, t->head, result->block);
	}
}

static void end_user(struct walk *w)
{
	struct oa_turn *t = &w->turns[ROLE_USER];

	put_results(w);
	tell_orphans(w);
	if (oa_turn_has_content(t)) {
		begin_message(w, "user");
		buf_lit(w->out, "\"content\":");
		oa_turn_content(t, w->out);
		buf_addc(w->out, '}');
	}
	oa_turn_clear(t);
}

static void end_assistant(struct walk *w)
{
	struct oa_turn *t = &w->turns[ROLE_ASSISTANT];

	begin_message(w, "assistant");
	buf_lit(w->out, "\"content\":"); /* "" beside calls: templates print null */
	oa_turn_content(t, w->out);
	if (w->model->echoes_reasoning && (t->reasoning->len > 0 || t->calls)) {
		/* beside calls also when there was none: DeepSeek's template wants it */
		buf_lit(w->out, ",\"reasoning_content\":\"");
		buf_adds(w->out, buf_str(t->reasoning));
		buf_addc(w->out, '"');
	}
	if (t->calls)
		put_calls(w, t->calls);
	else
		buf_addc(w->out, '}');
	w->asked = t->calls;
	oa_turn_clear(t);
}

static void end_turn(struct walk *w, enum role role)
{
	if (oa_turn_is_empty(&w->turns[role]))
		return;
	w->has_turns = true;
	if (role == ROLE_USER)
		end_user(w);
	else
		end_assistant(w);
}

/*
 * What comes next belongs to that role. The turn it had before is over once the other
 * role has said something since.
 */
static void enter(struct walk *w, enum role role)
{
	if (w->open == role)
		return;
	if (w->open != ROLE_NONE && !oa_turn_is_empty(&w->turns[w->open]))
		end_turn(w, role);
	if (oa_turn_is_empty(&w->turns[role]))
		oa_turn_clear(&w->turns[role]); /* thoughts of a turn that was left out */
	w->open = role;
}

static void end_all(struct walk *w)
{
	if (w->open == ROLE_NONE)
		return;
	end_turn(w, w->open == ROLE_USER ? ROLE_ASSISTANT : ROLE_USER);
	end_turn(w, w->open);
	if (w->asked)
		end_user(w); /* calls at the very end want results too */
}

/* Where a text or a block of some content goes. */
struct taker {
	void (*text)(struct walk *w, struct str text);
	/* NULL: what has a text gives it to the above, other blocks say nothing */
	int (*block)(struct oa_turn *t, struct json_object *block,
		     const struct jget_path *at, struct jget_error *error);
};

/* Blocks of a system text; tool_addition and the like say nothing to a model. */
static int take_text_block(struct walk *w, struct json_object *block,
			   const struct jget_path *at, const struct taker *taker)
{
	struct str text = { NULL, 0 };

	if (!json_object_is_type(block, json_type_object))
		return jget_fail(w->error, at, "Input should be an object");
	if (jget_str(block, "text", at, &text, w->error) < 0)
		return -1;
	taker->text(w, text);
	return 0;
}

static int take_content(struct walk *w, struct json_object *content,
			const struct jget_path *at, const struct taker *taker)
{
	size_t count;

	if (json_object_is_type(content, json_type_string)) {
		taker->text(w, jget_text(content));
		return 0;
	}
	if (!json_object_is_type(content, json_type_array))
		return jget_fail(w->error, at, "Input should be a valid string or list");
	count = json_object_array_length(content);
	for (size_t i = 0; i < count; i++) {
		const struct jget_path item = { at, NULL, i };
		struct json_object *block = json_object_array_get_idx(content, i);
		int result = taker->block ? taker->block(&w->turns[w->open], block, &item,
							 w->error)
					  : take_text_block(w, block, &item, taker);

		if (result < 0)
			return -1;
	}
	return 0;
}

static void prompt_text(struct walk *w, struct str text)
{
	if (text.len == 0 || str_has_prefix(text, STR("x-anthropic-billing-header:")))
		return;
	if (w->system->len > 0)
		buf_lit(w->system, "\\n\\n");
	jput_escaped(w->system, text);
}

/* Marked as Claude Code itself marks what the system says inside a user's message. */
static void reminder_text(struct walk *w, struct str text)
{
	if (text.len > 0)
		oa_turn_text3(&w->turns[w->open], STR("<system-reminder>\n"), text,
			      STR("\n</system-reminder>"));
}

static void turn_text(struct walk *w, struct str text)
{
	oa_turn_text(&w->turns[w->open], text);
}

static const struct taker prompt = { prompt_text, NULL };
static const struct taker reminder = { reminder_text, NULL };
static const struct taker speakers[] = {
	[ROLE_USER] = { turn_text, oa_blocks_user },
	[ROLE_ASSISTANT] = { turn_text, oa_blocks_assistant },
};

/* clear_at next_user_message: it was for the turn that is over. */
static bool is_cleared(struct walk *w, struct json_object *message, size_t index)
{
	struct json_object *all = w->request->messages;

	if (!jget_is(message, "clear_at", STR("next_user_message")))
		return false;
	if (w->last_user == 0) {
		w->last_user = json_object_array_length(all) - 1;
		while (w->last_user > index &&
		       !jget_is(json_object_array_get_idx(all, w->last_user), "role",
				STR("user")))
			w->last_user--;
	}
	return index < w->last_user;
}

static int take_system(struct walk *w, struct json_object *message, size_t index,
		       const struct jget_path *at)
{
	struct json_object *content = jget_member(message, "content");

	if (!content || is_cleared(w, message, index))
		return 0;
	if (w->open == ROLE_NONE) /* before the conversation: part of the prompt */
		return take_content(w, content, at, &prompt);
	enter(w, ROLE_USER);
	return take_content(w, content, at, &reminder);
}

static int take_turn(struct walk *w, struct json_object *message, enum role role,
		     const struct jget_path *at)
{
	struct json_object *content = jget_member(message, "content");

	if (!content)
		return jget_fail(w->error, at, "Field required");
	enter(w, role);
	return take_content(w, content, at, &speakers[role]);
}

static int take_message(struct walk *w, struct json_object *message, size_t index)
{
	const struct jget_path messages = { NULL, "messages", 0 },
			       at = { &messages, NULL, index },
			       content = { &at, "content", 0 }, role = { &at, "role", 0 };

	if (!json_object_is_type(message, json_type_object))
		return jget_fail(w->error, &at, "Input should be an object");
	if (jget_is(message, "role", STR("user")))
		return take_turn(w, message, ROLE_USER, &content);
	if (jget_is(message, "role", STR("assistant")))
		return take_turn(w, message, ROLE_ASSISTANT, &content);
	if (jget_is(message, "role", STR("system")))
		return take_system(w, message, index, &content);
	return jget_fail(w->error, &role,
			 "Input should be 'user', 'assistant' or 'system'");
}

/*
 * The system message comes first. Entries that belong to it may stand among the messages,
 * but all before the first turn, and nothing is written while there is none.
 */
static void put_prompt(struct walk *w)
{
	if (w->system->len == 0)
		return;
	begin_message(w, "system");
	buf_lit(w->out, "\"content\":\"");
	buf_adds(w->out, buf_str(w->system));
	buf_lit(w->out, "\"}");
}

static int take_prompt(struct walk *w, bool is_thinking)
{
	const struct jget_path at = { NULL, "system", 0 };
	struct json_object *system = w->request->system;

	prompt_text(w, is_thinking ? w->model->system_on : w->model->system_off);
	return system ? take_content(w, system, &at, &prompt) : 0;
}

static int take_all(struct walk *w)
{
	struct json_object *all = w->request->messages;
	size_t count = json_object_array_length(all);
	bool has_prompt = false;

	for (size_t i = 0; i < count; i++) {
		struct json_object *message = json_object_array_get_idx(all, i);

		if (take_message(w, message, i) < 0)
			return -1;
		if (!has_prompt && w->open != ROLE_NONE) {
			put_prompt(w);
			has_prompt = true;
		}
	}
	end_all(w);
	return 0;
}

int oa_messages_put(struct buf *b, const struct an_request *request,
		    const struct model *model, bool is_thinking,
		    const struct oa_names *names, struct pool *p,
		    struct jget_error *error)
{
	const struct jget_path at = { NULL, "messages", 0 };
	struct walk w = { .out = b,
			  .request = request,
			  .model = model,
			  .names = names,
			  .pool = p,
			  .error = error,
			  .system = pool_buf(p, b->max),
			  .scratch = pool_buf(p, OA_ARGUMENTS_MAX),
			  .open = ROLE_NONE };

	oa_turn_init(&w.turns[ROLE_USER], p, model, true);
	oa_turn_init(&w.turns[ROLE_ASSISTANT], p, model, false);
	buf_lit(b, "\"messages\":[");
	if (take_prompt(&w, is_thinking) < 0 || take_all(&w) < 0)
		return -1;
	if (!w.has_turns)
		return jget_fail(error, &at, "at least one message must have content");
	buf_addc(b, ']');
	b->has_failed |= w.system->has_failed;
	b->has_failed |= !oa_turn_end(&w.turns[ROLE_USER]);
	b->has_failed |= !oa_turn_end(&w.turns[ROLE_ASSISTANT]);
	buf_release(w.system);
	buf_release(w.scratch);
	return 0;
}
