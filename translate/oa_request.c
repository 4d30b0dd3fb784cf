/* SPDX-License-Identifier: MIT */
/* The body's members, in one order, so that equal prefixes of conversations stay equal
 * bytes. */
#include "config.h"

#include "translate/oa_request.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "translate/jput.h"
#include "translate/oa_messages.h"
#include "translate/schema.h"

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

static void put_sampling(struct buf *b, const struct an_request *request,
			 const struct model *model)
{
	if (request->has_temperature)
		put_number(b, "temperature", request->temperature);
	/* 0 is refused by vLLM and Dynamo alike, and 1 says nothing. */
	if (request->has_top_p && request->top_p > 0 && request->top_p < 1)
		put_number(b, "top_p", request->top_p);
	if (request->has_top_k && model->takes_top_k) {
		buf_lit(b, ",\"top_k\":");
		jput_int(b, request->top_k);
	}
}

static bool is_blank(struct str text)
{
	return str_trim(text).len == 0;
}

/*
 * As many as the model takes, none empty; stops.h looks for the others. Not beside tools:
 * servers look for them inside tool calls too, and a call that is cut there comes back as
 * a finished one with half its arguments. Dynamo says which one matched when it is asked
 * to; vLLM says it unasked, and passes over the question.
 */
static void put_stops(struct buf *b, const struct an_request *request,
		      const struct model *model, bool has_tools)
{
	size_t count = request->stop_sequences
			       ? json_object_array_length(request->stop_sequences)
			       : 0;
	int64_t max = model->stops > 0 ? model->stops : OA_STOPS_DEFAULT;
	int64_t written = 0;

	if (has_tools)
		return;
	for (size_t i = 0; i < count && written < max; i++) {
		struct str text =
			jget_text(json_object_array_get_idx(request->stop_sequences, i));

		if (is_blank(text))
			continue;
		buf_adds(b, written == 0 ? STR(",\"stop\":[") : STR(","));
		jput_str(b, text);
		written++;
	}
	if (written > 0)
		buf_lit(b, "],\"nvext\":{\"extra_fields\":[\"stop_reason\"]}");
}

static void put_format(struct buf *b, const struct an_request *request,
		       const struct model *model)
{
	if (!request->schema)
		return;
	buf_lit(b, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
		   "\"name\":\"answer\","
		   "\"schema\":");
	schema_put(b, request->schema, model->has_plain_schemas);
	buf_lit(b, "}}");
}

static bool is_thinking(const struct an_request *request)
{
	return request->thinking == AN_THINKING_ENABLED;
}

static bool has_effort(const struct an_request *request, const struct model *model)
{
	return model->effort_count > 0 && request->effort.len > 0 &&
	       request->thinking != AN_THINKING_DISABLED;
}

/* The place of a word in the order of strength, which is Anthropic's and OpenAI's. */
static int effort_rank(struct str word)
{
	static const char *const words[] = { "none", "minimal", "low", "medium",
					     "high", "xhigh",	"max" };
	enum { WORDS = sizeof(words) / sizeof(words[0]), MEDIUM = 3 };

	for (int i = 0; i < WORDS; i++)
		if (str_eq(word, str_of(words[i])))
			return i;
	return MEDIUM;
}

/* output_config.effort as the nearest word that the model knows; of two the weaker. */
static void put_effort(struct buf *b, const struct an_request *request,
		       const struct model *model)
{
	int wanted = effort_rank(request->effort), distance = INT_MAX;
	struct str nearest = { NULL, 0 };

	if (!has_effort(request, model))
		return;
	for (size_t i = 0; i < model->effort_count; i++) {
		int away = abs(effort_rank(model->efforts[i]) - wanted);

		if (away < distance) {
			distance = away;
			nearest = model->efforts[i];
		}
	}
	buf_lit(b, ",\"reasoning_effort\":");
	jput_str(b, nearest);
}

/* The model's own switch; some models hang unless one of the two is sent. */
static void put_thinking(struct buf *b, const struct an_request *request,
			 const struct model *model)
{
	struct json_object *fragment =
		is_thinking(request) ? model->think_on : model->think_off;

	if (!fragment)
		return;
	json_object_object_foreach(fragment, name, value)
	{
		/* Dynamo refuses a field that comes twice */
		if (has_effort(request, model) && strcmp(name, "reasoning_effort") == 0)
			continue;
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
	if (oa_tools_names(names, request, p, error) < 0)
		return -1;
	buf_lit(b, "{\"model\":");
	jput_str(b, model->id);
	buf_addc(b, ',');
	if (oa_messages_put(b, request, model, is_thinking(request), names, p, error) < 0)
		return -1;
	oa_tools_put(b, request, model, p, names);
	put_max_tokens(b, request, model);
	buf_lit(b, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	put_sampling(b, request, model);
	put_stops(b, request, model, names->count > 0);
	put_format(b, request, model);
	put_effort(b, request, model);
	put_thinking(b, request, model);
	buf_addc(b, '}');
	if (!b->has_failed)
		return 0;
	(void)snprintf(error->text, sizeof(error->text),
		       "The request is too large to be translated");
	return -1;
}
