/* SPDX-License-Identifier: MIT */
/* The frame of a request: what must be there, of which type, and in which words we say
 * that it is not. */
#include "config.h"

#include "translate/an_request.h"

#include <stdio.h>

#include "translate/jcheck.h"

enum { TOKENS_MAX = 1 << 30, NUMBER_MAX = 1 << 30 };

static int parse(struct an_request *r, struct pool *p, struct str body,
		 struct jget_error *error)
{
	struct jcheck_error wrong;

	if (jcheck(body, &wrong) < 0) {
		(void)snprintf(error->text, sizeof(error->text),
			       "The request body is not valid JSON: %s at byte %zu",
			       wrong.reason, wrong.offset);
		return -1;
	}
	r->root = jget_parse(body);
	pool_own_json(p, r->root);
	if (r->root && json_object_is_type(r->root, json_type_object))
		return 0;
	(void)snprintf(error->text, sizeof(error->text),
		       "The request body must be a JSON object");
	return -1;
}

static int missing(const char *name, struct jget_error *error)
{
	const struct jget_path at = { NULL, name, 0 };

	return jget_fail(error, &at, "Field required");
}

static int read_required(struct an_request *r, bool want_max_tokens,
			 struct jget_error *error)
{
	const struct jget_path at = { NULL, "messages", 0 }, model = { NULL, "model", 0 };
	int result = jget_str(r->root, "model", NULL, &r->model, error);

	if (result <= 0)
		return result < 0 ? -1 : missing("model", error);
	if (r->model.len == 0)
		return jget_fail(error, &model,
				 "String should have at least 1 character");
	result = jget_array(r->root, "messages", NULL, &r->messages, error);
	if (result <= 0)
		return result < 0 ? -1 : missing("messages", error);
	if (json_object_array_length(r->messages) == 0)
		return jget_fail(error, &at, "at least one message is required");
	result = jget_int(r->root, "max_tokens", NULL, 1, TOKENS_MAX, &r->max_tokens,
			  error);
	if (result < 0)
		return -1;
	return result == 0 && want_max_tokens ? missing("max_tokens", error) : 0;
}

static int read_system(struct an_request *r, struct jget_error *error)
{
	const struct jget_path at = { NULL, "system", 0 };

	r->system = jget_member(r->root, "system");
	if (!r->system || json_object_is_type(r->system, json_type_string) ||
	    json_object_is_type(r->system, json_type_array))
		return 0;
	return jget_fail(error, &at, "Input should be a valid string or list");
}

/* Which of the words enable it is the model's affair; a new one does as well. */
static int read_thinking(struct an_request *r, struct jget_error *error)
{
	const struct jget_path at = { NULL, "thinking", 0 };
	struct json_object *thinking = NULL;
	struct str type = { NULL, 0 };
	int result = jget_object(r->root, "thinking", NULL, &thinking, error);

	if (result <= 0)
		return result;
	result = jget_str(thinking, "type", &at, &type, error);
	if (result > 0)
		r->thinking = str_eq(type, STR("disabled")) ? AN_THINKING_DISABLED
							    : AN_THINKING_ENABLED;
	return result < 0 ? -1 : 0;
}

/* format of output_config, or output_format, its name in older betas */
static int read_format(struct an_request *r, struct json_object *parent, const char *name,
		       const struct jget_path *at, struct jget_error *error)
{
	const struct jget_path where = { at, name, 0 };
	struct json_object *format = NULL;
	int result = jget_object(parent, name, at, &format, error);

	if (result <= 0 || !jget_is(format, "type", STR("json_schema")))
		return result < 0 ? -1 : 0;
	return jget_object(format, "schema", &where, &r->schema, error) < 0 ? -1 : 0;
}

static int read_output(struct an_request *r, struct jget_error *error)
{
	const struct jget_path at = { NULL, "output_config", 0 };
	struct json_object *config = NULL;
	int result = read_format(r, r->root, "output_format", NULL, error);

	if (result == 0)
		result = jget_object(r->root, "output_config", NULL, &config, error);
	if (result <= 0)
		return result;
	if (jget_str(config, "effort", &at, &r->effort, error) < 0)
		return -1;
	return read_format(r, config, "format", &at, error);
}

static int read_sampling(struct an_request *r, struct jget_error *error)
{
	int temperature =
		jget_double(r->root, "temperature", NULL, 0, 2, &r->temperature, error);
	int top_p = temperature < 0
			    ? -1
			    : jget_double(r->root, "top_p", NULL, 0, 1, &r->top_p, error);
	int top_k = top_p < 0 ? -1
			      : jget_int(r->root, "top_k", NULL, 0, NUMBER_MAX, &r->top_k,
					 error);

	r->has_temperature = temperature == 1;
	r->has_top_p = top_p == 1;
	r->has_top_k = top_k == 1;
	return top_k < 0 ? -1 : 0;
}

static int read_stops(struct an_request *r, struct jget_error *error)
{
	const struct jget_path at = { NULL, "stop_sequences", 0 };

	if (jget_array(r->root, "stop_sequences", NULL, &r->stop_sequences, error) < 0)
		return -1;
	for (size_t i = 0;
	     r->stop_sequences && i < json_object_array_length(r->stop_sequences); i++) {
		const struct jget_path item = { &at, NULL, i };

		if (!json_object_is_type(json_object_array_get_idx(r->stop_sequences, i),
					 json_type_string))
			return jget_fail(error, &item, "Input should be a valid string");
	}
	return 0;
}

static int read_optional(struct an_request *r, struct jget_error *error)
{
	const struct jget_path safeguards = { NULL, "safeguards", 0 };
	const struct jget_path thread = { NULL, "thread", 0 };

	r->has_thread = jget_member(r->root, "thread") != NULL;
	if (r->has_thread)
		return jget_fail(error, &thread,
				 "not supported by this proxy; send the whole "
				 "conversation");
	if (jget_member(r->root, "safeguards")) /* whose results would be waited for */
		return jget_fail(error, &safeguards, "not supported by this proxy");
	if (jget_bool(r->root, "stream", NULL, &r->is_stream, error) < 0 ||
	    jget_array(r->root, "tools", NULL, &r->tools, error) < 0 ||
	    jget_object(r->root, "tool_choice", NULL, &r->tool_choice, error) < 0)
		return -1;
	return 0;
}

int an_request_read(struct an_request *request, struct pool *p, struct str body,
		    bool want_max_tokens, struct jget_error *error)
{
	memset(request, 0, sizeof(*request));
	if (parse(request, p, body, error) < 0 ||
	    read_required(request, want_max_tokens, error) < 0 ||
	    read_system(request, error) < 0 || read_optional(request, error) < 0 ||
	    read_thinking(request, error) < 0 || read_output(request, error) < 0 ||
	    read_sampling(request, error) < 0 || read_stops(request, error) < 0)
		return -1;
	return 0;
}
