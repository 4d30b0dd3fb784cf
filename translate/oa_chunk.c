/* SPDX-License-Identifier: MIT */
/*
 * Reading a chunk in every form that upstreams send (NIM: Dynamo, vLLM, SGLang and older
 * stacks behind one gateway).  A member of an unexpected type counts as absent.
 */
#include "config.h"

#include "translate/oa_chunk.h"

#include "translate/args.h"
#include "translate/jcheck.h"
#include "translate/jget.h"
#include "translate/jput.h"
#include "translate/oa_said.h"
#include "translate/utf8.h"

static const int64_t usage_max = INT64_C(1)
				 << 53; /* what any JSON reader holds exactly */

static const struct {
	const char *text;
	enum oa_finish finish;
} finishes[] = {
	{ "stop", OA_FINISH_STOP },
	{ "length", OA_FINISH_LENGTH },
	{ "tool_calls", OA_FINISH_TOOLS },
	{ "function_call", OA_FINISH_TOOLS },
	{ "content_filter", OA_FINISH_FILTER },
	{ "model_context_window_exceeded", OA_FINISH_CONTEXT },
};

/* The string member, or an empty slice. */
static struct str text_member(struct json_object *object, const char *name)
{
	struct str text = { NULL, 0 };
	(void)jget_str(object, name, NULL, &text,
		       NULL); /* another type counts as absent */
	return text;
}

static struct json_object *object_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;
	(void)jget_object(object, name, NULL, &member, NULL);
	return member;
}

static struct json_object *array_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;
	(void)jget_array(object, name, NULL, &member, NULL);
	return member;
}

/* A number of tokens; *is_there is set when it is one. */
static int64_t count_member(struct json_object *object, const char *name, bool *is_there)
{
	struct json_object *node = object ? jget_member(object, name) : NULL;
	if (!json_object_is_type(node, json_type_int) &&
	    !json_object_is_type(node, json_type_double))
		return 0;
	*is_there = true;
	double about = json_object_get_double(node);
	if (!(about > 0))
		return 0;
	return about >= (double)usage_max ? usage_max : json_object_get_int64(node);
}

static void read_usage(struct oa_chunk *chunk, struct json_object *root)
{
	struct json_object *usage = object_member(root, "usage");
	if (!usage)
		return;
	bool ignored = false;
	int64_t prompt = count_member(usage, "prompt_tokens", &chunk->has_usage);
	int64_t output = count_member(usage, "completion_tokens", &chunk->has_usage);
	int64_t cached = count_member(object_member(usage, "prompt_tokens_details"),
				      "cached_tokens", &ignored);
	int64_t reasoning =
		count_member(object_member(usage, "completion_tokens_details"),
			     "reasoning_tokens", &ignored);
	if (cached > prompt)
		cached = prompt;
	chunk->usage = (struct an_usage){
		.input_tokens = prompt - cached,
		.cached_tokens = cached,
		.output_tokens = output,
		.reasoning_tokens = reasoning > output ? output : reasoning,
	};
}

static enum oa_finish read_finish(struct str text)
{
	if (text.len == 0)
		return OA_FINISH_NONE;
	for (size_t i = 0; i < sizeof(finishes) / sizeof(finishes[0]); i++)
		if (str_eq(text, str_of(finishes[i].text)))
			return finishes[i].finish;
	return OA_FINISH_OTHER;
}

static void read_arguments(struct oa_call *call, struct pool *p, struct json_object *node)
{
	if (!node)
		return;
	call->has_arguments = true;
	if (json_object_is_type(node, json_type_string)) {
		call->arguments = jget_text(node);
		return;
	}
	struct buf *text = pool_buf(p, ARGS_MAX);
	jput_tree(text, node);
	call->arguments = buf_str(text);
}

/* False when the element is to be ignored. */
static bool read_call(struct oa_call *call, struct pool *p, struct json_object *node)
{
	if (!json_object_is_type(node, json_type_object))
		return false;
	*call = (struct oa_call){ .index = -1 };
	int result =
		jget_int(node, "index", NULL, 0, OA_CALLS_MAX - 1, &call->index, NULL);
	if (result < 0 && json_object_is_type(jget_member(node, "index"), json_type_int))
		return false;
	call->id = text_member(node, "id");
	struct json_object *function = object_member(node, "function");
	if (function) {
		call->name = text_member(function, "name");
		read_arguments(call, p, jget_member(function, "arguments"));
	}
	return true;
}

static void read_calls(struct oa_chunk *chunk, struct pool *p, struct json_object *delta)
{
	struct json_object *array = array_member(delta, "tool_calls");
	size_t count = array ? json_object_array_length(array) : 0;
	if (count > OA_CALLS_MAX)
		count = OA_CALLS_MAX;
	if (count == 0)
		return;
	chunk->calls = pool_array(p, count, sizeof(*chunk->calls));
	for (size_t i = 0; i < count; i++)
		if (read_call(&chunk->calls[chunk->call_count], p,
			      json_object_array_get_idx(array, i)))
			chunk->call_count++;
}

/* The choice of index 0; n is never above 1, so others are not for us. */
static struct json_object *find_choice(struct json_object *root)
{
	struct json_object *choices = array_member(root, "choices");
	size_t count = choices ? json_object_array_length(choices) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *choice = json_object_array_get_idx(choices, i);
		if (!json_object_is_type(choice, json_type_object))
			continue;
		struct json_object *index = jget_member(choice, "index");
		if (!json_object_is_type(index, json_type_int) ||
		    json_object_get_int64(index) == 0)
			return choice;
	}
	return NULL;
}

static void read_choice(struct oa_chunk *chunk, struct pool *p,
			struct json_object *choice)
{
	chunk->finish = read_finish(text_member(choice, "finish_reason"));
	chunk->stop_reason = text_member(choice, "stop_reason"); /* vLLM */
	struct json_object *delta = object_member(choice, "delta");
	if (!delta)
		return;
	chunk->content = text_member(delta, "content");
	chunk->reasoning = text_member(delta, "reasoning_content");
	if (chunk->reasoning.len == 0)
		chunk->reasoning = text_member(delta, "reasoning");
	read_calls(chunk, p, delta);
}

/*
 * {"error":…}, or in place of a chunk one of the flat forms: {"message","type","code"}
 * (Dynamo), {"type":"urn:…","title","status","detail"} (NIM 1.x), {"detail":…} (FastAPI).
 */
static bool is_fault(struct json_object *root)
{
	struct json_object *error = jget_member(root, "error");
	if (json_object_is_type(error, json_type_object))
		return json_object_object_length(error) > 0;
	if (json_object_is_type(error, json_type_string))
		return json_object_get_string_len(error) > 0;
	if (jget_member(root, "choices") || jget_member(root, "usage") ||
	    jget_is(root, "object", STR("chat.completion.chunk")))
		return false;
	return jget_member(root, "message") || jget_member(root, "detail") ||
	       jget_member(root, "title") || oa_said_status(root) >= 400;
}

void oa_chunk_slow(struct oa_chunk *chunk, struct pool *p, struct str data)
{
	struct jcheck_error ignored;
	*chunk = (struct oa_chunk){ .kind = OA_GARBAGE };
	if (str_eq(str_trim(data), STR("[DONE]"))) {
		chunk->kind = OA_DONE;
		return;
	}
	if (data.len == 0 || jcheck(data, &ignored) < 0)
		return;
	struct json_object *root = jget_parse(data);
	pool_own_json(p, root);
	if (!json_object_is_type(root, json_type_object))
		return;
	if (is_fault(root)) {
		chunk->kind = OA_FAULT;
		chunk->error_code = oa_said_status(root);
		chunk->error_message = data;
		return;
	}
	chunk->kind = OA_DELTA;
	read_usage(chunk, root);
	struct json_object *choice = find_choice(root);
	if (choice)
		read_choice(chunk, p, choice);
	struct json_object *nvext = object_member(root, "nvext");
	if (nvext && chunk->stop_reason.len == 0)
		chunk->stop_reason = text_member(nvext, "stop_reason"); /* Dynamo */
}

/* How much of data is well-formed UTF-8; eight bytes at a time while it is ASCII. */
static size_t valid_len(struct str data, size_t at, size_t *wrong)
{
	while (at < data.len) {
		uint64_t word;
		while (data.len - at >= sizeof(word)) {
			memcpy(&word, data.ptr + at, sizeof(word));
			if (word & UINT64_C(0x8080808080808080))
				break;
			at += sizeof(word);
		}
		if (at == data.len)
			break;
		size_t step = utf8_step(data.ptr + at, data.len - at, wrong);
		if (step == 0)
			return at;
		at += step;
	}
	return at;
}

/* A copy with U+FFFD in place of each wrong part, which the sinks would write as well. */
static struct str repair_utf8(struct pool *p, struct str data, size_t at, size_t wrong)
{
	struct buf *b = pool_buf(p, 3 * data.len);
	size_t from = 0;
	while (at < data.len) {
		buf_add(b, data.ptr + from, at - from);
		buf_lit(b, "\xef\xbf\xbd");
		from = at + wrong;
		at = valid_len(data, from, &wrong);
	}
	buf_add(b, data.ptr + from, data.len - from);
	return buf_str(b);
}

void oa_chunk_read(struct oa_chunk *chunk, struct pool *p, struct str data)
{
	size_t wrong = 0;
	size_t at = valid_len(data, 0, &wrong);
	if (at < data.len)
		data = repair_utf8(p, data, at, wrong);
	if (!oa_chunk_fast(chunk, p, data))
		oa_chunk_slow(chunk, p, data);
}
