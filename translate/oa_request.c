/* SPDX-License-Identifier: MIT */
/* The body's members, in one order, so that equal prefixes of conversations stay equal
 * bytes. */
#include "config.h"

#include "translate/oa_request.h"

#include <stdio.h>

#include "translate/jput.h"
#include "translate/oa_messages.h"

static void put_max_tokens(struct buf *b, const struct an_request *request,
			   const struct model *model)
{
	int64_t tokens = request->max_tokens;

	if (model->max_output > 0 && tokens > model->max_output)
		tokens = model->max_output;
	if (tokens <= 0)
		return;
	buf_lit(b, ",\"max_tokens\":");
	jput_int(b, tokens);
}

static void put_number(struct buf *b, const char *name, double value)
{
	jput_name(b, true, name);
	buf_addf(b, "%.6g", value);
}

static void put_sampling(struct buf *b, const struct an_request *request)
{
	if (request->has_temperature)
		put_number(b, "temperature", request->temperature);
	/* 0 is refused by vLLM and Dynamo alike, and 1 says nothing. */
	if (request->has_top_p && request->top_p > 0 && request->top_p < 1)
		put_number(b, "top_p", request->top_p);
}

static bool is_blank(struct str text)
{
	return str_trim(text).len == 0;
}

/*
 * At most four, none empty. Not beside tools: servers look for them inside tool calls
 * too, and a call that is cut there comes back as a finished one with half its arguments.
 */
static void put_stops(struct buf *b, const struct an_request *request, bool has_tools)
{
	size_t count = request->stop_sequences
			       ? json_object_array_length(request->stop_sequences)
			       : 0;
	int written = 0;

	if (has_tools)
		return;
	for (size_t i = 0; i < count && written < OA_STOPS_MAX; i++) {
		struct str text =
			jget_text(json_object_array_get_idx(request->stop_sequences, i));

		if (is_blank(text))
			continue;
		buf_adds(b, written == 0 ? STR(",\"stop\":[") : STR(","));
		jput_str(b, text);
		written++;
	}
	if (written > 0)
		buf_addc(b, ']');
}

static void put_format(struct buf *b, const struct an_request *request)
{
	if (!request->schema)
		return;
	buf_lit(b, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
		   "\"name\":\"answer\","
		   "\"schema\":");
	jput_tree(b, request->schema);
	buf_lit(b, "}}");
}

/* The model's own switch; some models hang unless one of the two is sent. */
static void put_thinking(struct buf *b, const struct model *model, bool is_thinking)
{
	struct json_object *fragment = is_thinking ? model->think_on : model->think_off;

	if (!fragment)
		return;
	json_object_object_foreach(fragment, name, value)
	{
		buf_addc(b, ',');
		jput_str(b, str_of(name));
		buf_addc(b, ':');
		jput_tree(b, value);
	}
}

int oa_request_put(struct buf *b, const struct an_request *request,
		   const struct model *model, struct oa_names *names, struct pool *p,
		   struct jget_error *error)
{
	bool is_thinking = request->thinking == AN_THINKING_ENABLED;

	if (oa_tools_names(names, request, p, error) < 0)
		return -1;
	buf_lit(b, "{\"model\":");
	jput_str(b, model->id);
	buf_addc(b, ',');
	if (oa_messages_put(b, request, model, is_thinking, names, p, error) < 0)
		return -1;
	oa_tools_put(b, request, p, names);
	put_max_tokens(b, request, model);
	buf_lit(b, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	put_sampling(b, request);
	put_stops(b, request, names->count > 0);
	put_format(b, request);
	put_thinking(b, model, is_thinking);
	buf_addc(b, '}');
	if (!b->has_failed)
		return 0;
	(void)snprintf(error->text, sizeof(error->text),
		       "The request is too large to be translated");
	return -1;
}
