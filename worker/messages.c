/* SPDX-License-Identifier: MIT */
/*
 * POST /v1/messages in eight steps, told in their order: read, know the person (route.c
 * has done both), find the model, admit (admit.c; the turn in a lane is waited for in
 * relay.c), build, send and relay (relay.c), account (route.c).
 */
#include "config.h"

#include "worker/messages.h"

#include <malloc.h>

#include "translate/jget.h"
#include "translate/oa_request.h"
#include "translate/tokens.h"
#include "worker/admit.h"
#include "worker/papers.h"
#include "worker/relay.h"
#include "worker/reply.h"

enum { TRIM_ABOVE = 256 << 10 }; /* bodies above it leave holes worth giving back */

static void refuse(struct req *r, const struct jget_error *error)
{
	struct an_error e = { .kind = AN_INVALID_REQUEST };

	e.message = pool_str(r->pool, str_of(error->text));
	if (r->asked.has_thread) {
		e.details = AN_REQUEST_NO_THREADS;
		e.want_no_retry = true;
	}
	reply_error(r, &e);
}

static int find_model(struct req *r)
{
	struct an_error e = { .kind = AN_NOT_FOUND };

	r->model_asked = pool_str(r->pool, r->asked.model);
	r->model = models_find(&r->env->models, r->pool, r->model_asked);
	if (r->model) {
		r->learnt = shm_model_find(r->env->segment->models, r->model->id.ptr,
					   (unsigned)r->model->id.len);
		shm_slot_model(r->slot, r->model->id.ptr, (unsigned)r->model->id.len);
		if (r->learnt)
			atomic_store(&r->entry->model,
				     (uint32_t)(r->learnt - r->env->segment->models));
		return 0;
	}
	e.message = pool_strf(r->pool,
			      "model: %.128s is not configured, and models.conf names no "
			      "default_model.",
			      r->model_asked.ptr);
	reply_error(r, &e);
	return -1;
}

int messages_read(struct req *r, bool want_max_tokens)
{
	struct jget_error error = { "" };

	if (an_request_read(&r->asked, r->pool, buf_str(r->body_in), want_max_tokens,
			    &error) < 0) {
		refuse(r, &error);
		return -1;
	}
	return find_model(r);
}

/* The names outlive the tree they were read from. */
static void keep_names(struct req *r)
{
	for (size_t i = 0; i < r->names.count; i++) {
		struct oa_name *name = &r->names.list[i];
		bool is_same = str_eq(name->client, name->upstream);

		name->client = pool_str(r->pool, name->client);
		name->upstream =
			is_same ? name->client : pool_str(r->pool, name->upstream);
	}
}

/* Blank sequences are none: Anthropic refuses them, so nobody can mean them. */
static void keep_stops(struct req *r)
{
	struct json_object *list = r->asked.stop_sequences;
	size_t count = list ? json_object_array_length(list) : 0;

	r->stops = pool_array(r->pool, count, sizeof(r->stops[0]));
	for (size_t i = 0; i < count; i++) {
		struct str text = jget_text(json_object_array_get_idx(list, i));

		if (str_trim(text).len > 0)
			r->stops[r->stop_count++] = pool_str(r->pool, text);
	}
}

/* Only what is written in the text needs its tools' schemas to be read. */
static void keep_tools(struct req *r)
{
	if (r->model->dialect == MODEL_DIALECT_NONE)
		r->asked.tools = NULL;
	else if (r->asked.tools)
		pool_own_json(r->pool, json_object_get(r->asked.tools));
}

/* Tree and input are not needed any more: a worker holds the posted text alone while it
 * waits. */
static void release_input(struct req *r)
{
	size_t len = r->body_in->len;

	keep_tools(r);
	pool_put_json(r->pool, r->asked.root);
	r->asked.root = r->asked.messages = r->asked.system = NULL;
	r->asked.tool_choice = r->asked.stop_sequences = r->asked.schema = NULL;
	buf_release(r->body_in);
	if (len > TRIM_ABOVE)
		(void)malloc_trim(0);
}

static void settle_tokens(struct req *r)
{
	r->max_tokens = r->asked.max_tokens;
	if (r->model->max_output && r->max_tokens > r->model->max_output)
		r->max_tokens = r->model->max_output;
}

static int build(struct req *r)
{
	struct jget_error error = { "" };

	papers_read(r);
	r->input_counted = tokens_request(r->asked.root, true);
	r->input_estimate = shm_model_correct(r->learnt, r->input_counted);
	r->body_out = pool_buf(r->pool, OA_REQUEST_MAX);
	if (oa_request_put(r->body_out, &r->asked, r->model, &r->names, r->pool, &error) <
	    0) {
		refuse(r, &error);
		return -1;
	}
	settle_tokens(r);
	relay_prepare(r);
	keep_names(r);
	keep_stops(r);
	release_input(r);
	return 0;
}

void messages_handle(struct req *r)
{
	if (messages_read(r, true) < 0)
		return;
	atomic_store(&r->slot->is_message, 1);
	turn_init(r);
	if (admit(r) < 0 || build(r) < 0)
		return;
	r->turn.waiter.tokens = r->input_estimate;
	/* What a broken-off request leaves in the books; the upstream's count replaces
	 * it.
	 */
	shm_entry_set(r->entry, SHM_input_tokens, (uint64_t)r->input_estimate);
	shm_entry_set(r->entry, SHM_estimated, 1);
	relay_run(r);
}
