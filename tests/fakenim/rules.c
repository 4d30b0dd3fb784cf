/* SPDX-License-Identifier: MIT */
/* Fields and templates; limits of time and length are in rules_limits.c. */
#include "config.h"

#include "tests/fakenim/rules.h"

#include "tests/fakenim/play.h"
#include "tests/fakenim/strict.h"

#define WELL "role\ntext Hello there.\nend stop\nusage\ndone\n"

static void refuse(struct turn *t, int status, struct str body)
{
	conn_answer(t->c, status, "application/json", NULL, body);
	t->a.has_ended = true;
}

static const char *const smallest[] = { "model",
					"messages",
					"max_tokens",
					"stream",
					"stream_options",
					"temperature",
					"top_p",
					"stop",
					"seed",
					"tools",
					"tool_choice",
					"response_format",
					"parallel_tool_calls" };

/* The first member of the body that is not in the smallest set; NULL. */
static const char *extra_field(struct turn *t)
{
	json_object_object_foreach(t->body, name, value)
	{
		size_t i = 0;

		(void)value;
		while (i < sizeof(smallest) / sizeof(smallest[0]) &&
		       strcmp(smallest[i], name) != 0)
			i++;
		if (i == sizeof(smallest) / sizeof(smallest[0]))
			return name;
	}
	return NULL;
}

static void check_fields(struct turn *t, int status, const char *format)
{
	const char *name = extra_field(t);
	struct buf *b = pool_buf(&t->c->pool, 4096);

	if (!name) {
		play(t, WELL);
		return;
	}
	for (; *format; format++)
		if (*format == '%')
			buf_adds(b, str_of(name));
		else
			buf_addc(b, *format);
	refuse(t, status, buf_str(b));
}

void rules_dynamo(struct turn *t)
{
	check_fields(t, 400,
		     "{\"message\":\"Validation: Unsupported parameter(s): `%`\","
		     "\"type\":\"Bad Request\",\"code\":400}");
}

void rules_nim1(struct turn *t)
{
	check_fields(t, 422,
		     "{\"type\":\"urn:inference-service:problem-details:unprocessable-"
		     "entity\",\"title\":\"Unprocessable Entity\",\"status\":422,"
		     "\"detail\":\"body -> %\\n  Extra inputs are not permitted "
		     "(type=extra_forbidden)\",\"instance\":\"/v2/nvcf/pexec/functions/"
		     "11112222-3333-4444-5555-666677778888\",\"requestId\":"
		     "\"11112222-3333-4444-5555-666677778888\"}");
}

void rules_nim1_list(struct turn *t)
{
	check_fields(
		t, 422,
		"{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"%\"],"
		"\"msg\":\"Extra inputs are not permitted\",\"input\":1}]}");
}

void rules_nim1_repr(struct turn *t)
{
	check_fields(t, 400,
		     "{\"error\":\"[{'type':'extra_forbidden','loc':('body','%'),'msg':"
		     "'Extra inputs are not permitted','input':1}]\"}");
}

static bool has(struct turn *t, const char *name)
{
	return json_object_object_get_ex(t->body, name, NULL);
}

void rules_no_stream_options(struct turn *t)
{
	if (!has(t, "stream_options"))
		play(t, WELL);
	else
		refuse(t, 400,
		       STR("{\"error\":{\"message\":\"Unrecognized request argument "
			   "supplied: stream_options\",\"type\":\"BadRequestError\","
			   "\"code\":400}}"));
}

void rules_no_tools(struct turn *t)
{
	if (!has(t, "tools"))
		play(t, WELL);
	else
		refuse(t, 400,
		       STR("{\"error\":\"Tool use has not been enabled, because it is "
			   "unsupported by mock/no-tools.\"}"));
}

/* ---- messages of the history */

typedef const char *check_fn(struct turn *t, struct json_object *message);

static void check_messages(struct turn *t, int status, check_fn *check)
{
	struct json_object *all = strict_get(t->body, "messages", json_type_array);
	const char *problem = NULL;

	for (size_t i = 0; i < json_object_array_length(all) && !problem; i++)
		problem = check(t, json_object_array_get_idx(all, i));
	if (problem)
		refuse(t, status,
		       pool_strf(&t->c->pool,
				 "{\"error\":{\"message\":\"%s\",\"type\":"
				 "\"BadRequestError\",\"param\":null,\"code\":%d}}",
				 problem, status));
	else
		play(t, WELL);
}

static struct json_object *calls_of(struct json_object *message)
{
	return strict_get(message, "tool_calls", json_type_array);
}

static const char *check_short_id(struct turn *t, struct json_object *object,
				  const char *member)
{
	struct json_object *node = strict_get(object, member, json_type_string);
	const char *id = node ? json_object_get_string(node) : NULL;

	if (!id || (strlen(id) == 9 && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 9))
		return NULL;
	return pool_strf(
		       &t->c->pool,
		       "Tool call id was %.40s but must be a-z, A-Z, 0-9, with a length "
		       "of 9.",
		       id)
		.ptr;
}

static const char *check_mistral(struct turn *t, struct json_object *message)
{
	struct json_object *calls = calls_of(message);
	const char *problem = check_short_id(t, message, "tool_call_id");

	for (size_t i = 0; calls && i < json_object_array_length(calls) && !problem; i++)
		problem = check_short_id(t, json_object_array_get_idx(calls, i), "id");
	return problem;
}

void rules_mistral(struct turn *t)
{
	if (has(t, "chat_template_kwargs"))
		refuse(t, 400,
		       STR("{\"error\":{\"message\":\"chat_template is not supported for "
			   "Mistral tokenizers.\",\"type\":\"BadRequestError\","
			   "\"param\":null,\"code\":400}}"));
	else
		check_messages(t, 400, check_mistral);
}

static const char *check_llama(struct turn *t, struct json_object *message)
{
	struct json_object *calls = calls_of(message);

	(void)t;
	return calls && json_object_array_length(calls) > 1
		       ? "This model only supports single tool-calls at once!"
		       : NULL;
}

void rules_llama(struct turn *t)
{
	check_messages(t, 400, check_llama);
}

static const char *check_deepseek(struct turn *t, struct json_object *message)
{
	struct json_object *kwargs =
		strict_get(t->body, "chat_template_kwargs", json_type_object);
	struct json_object *thinking =
		kwargs ? strict_get(kwargs, "thinking", json_type_boolean) : NULL;

	if (!thinking || !json_object_get_boolean(thinking) || !calls_of(message) ||
	    json_object_object_get_ex(message, "reasoning_content", NULL))
		return NULL;
	return "The reasoning_content of an assistant message with tool calls is missing";
}

void rules_deepseek(struct turn *t)
{
	check_messages(t, 400, check_deepseek);
}

/* Old templates: system first and once, then user and assistant in turn. */
static const char *check_order(struct turn *t, struct json_object *message)
{
	struct json_object *all = strict_get(t->body, "messages", json_type_array);
	const char *role =
		json_object_get_string(strict_get(message, "role", json_type_string));
	const char *before = NULL;

	for (size_t i = 0; json_object_array_get_idx(all, i) != message; i++)
		before = json_object_get_string(strict_get(
			json_object_array_get_idx(all, i), "role", json_type_string));
	if (strict_get(message, "content", json_type_array))
		return "content must be a string";
	if (strcmp(role, "system") == 0 && before)
		return "System message must be at the beginning.";
	if (before && strcmp(role, before) == 0 && strcmp(role, "tool") != 0)
		return "Conversation roles must alternate user/assistant/user/assistant";
	if (strcmp(role, "tool") == 0 && before && strcmp(before, "assistant") != 0 &&
	    strcmp(before, "tool") != 0)
		return "A tool message must follow its call";
	return NULL;
}

void rules_order(struct turn *t)
{
	check_messages(t, 400, check_order);
}

void rules_ctk(struct turn *t)
{
	play(t, has(t, "chat_template_kwargs") ? WELL : "head\nhang\n");
}

void rules_202(struct turn *t)
{
	bool asks = false;

	(void)conn_field(t->c, STR("nvcf-poll-seconds"), &asks);
	if (asks) {
		play(t, WELL);
		return;
	}
	conn_answer(t->c, 202, "application/json",
		    "NVCF-REQID: 11112222-3333-4444-5555-666677778888\r\n"
		    "NVCF-STATUS: pending-evaluation\r\n",
		    STR("{}"));
	t->a.has_ended = true;
}
