/* SPDX-License-Identifier: MIT */
/* Chunks are put together by hand: the bench runs thousands of streams a second. */
#include "config.h"

#include "tests/fakenim/answer.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "tests/fakenim/posts.h"
#include "translate/jput.h"

static struct buf *new_buf(struct answer *a)
{
	return pool_buf(&a->c->pool, ANSWER_TEXT_MAX);
}

static void make_prefix(struct answer *a, struct str model)
{
	unsigned char id[8] = { 0 };

	if (getrandom(id, sizeof(id), 0) < 0)
		id[0] = 1;
	buf_lit(a->prefix, "{\"id\":\"chatcmpl-");
	for (size_t i = 0; i < sizeof(id); i++)
		buf_addf(a->prefix, "%02x", id[i]);
	buf_addf(a->prefix, "\",\"object\":\"%s\",\"created\":%lld,\"model\":",
		 a->is_stream ? "chat.completion.chunk" : "chat.completion",
		 (long long)time(NULL));
	jput_str(a->prefix, model);
	buf_lit(a->prefix, ",\"choices\":[");
}

void answer_init(struct answer *a, struct conn *c, struct str model, bool is_stream,
		 bool wants_usage, unsigned form)
{
	memset(a, 0, sizeof(*a));
	a->c = c;
	a->form = form;
	a->is_stream = is_stream;
	a->wants_usage = wants_usage;
	a->prompt_tokens = (int64_t)(c->body.len / 4);
	a->prefix = new_buf(a);
	a->event = new_buf(a);
	a->wide = new_buf(a);
	a->out = new_buf(a);
	a->text = new_buf(a);
	a->reasoning = new_buf(a);
	make_prefix(a, model);
}

void answer_flush(struct answer *a)
{
	if (a->form & FORM_DRIP)
		for (size_t i = 0; i < a->out->len; i++)
			conn_send(a->c, a->out->data + i, 1);
	else
		conn_send(a->c, a->out->data, a->out->len);
	buf_clear(a->out);
	posts_progress(a->post, a->tokens);
}

static void put_head(struct answer *a)
{
	if (a->has_head)
		return;
	a->has_head = true;
	buf_lit(a->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			"Cache-Control: no-cache\r\nNvcf-Reqid: 00000000-0000-4000-8000-"
			"000000000000\r\nNvcf-Status: fulfilled\r\n"
			"Transfer-Encoding: chunked\r\n");
	if (a->c->wants_close)
		buf_lit(a->out, "Connection: close\r\n");
	buf_lit(a->out, "\r\n");
}

void answer_head(struct answer *a)
{
	if (!a->is_stream)
		return;
	put_head(a);
	answer_flush(a);
}

static void put_crlf(struct answer *a)
{
	struct buf *wide = a->wide;

	buf_clear(wide);
	for (size_t i = 0; i < a->event->len; i++) {
		if (a->event->data[i] == '\n')
			buf_addc(wide, '\r');
		buf_addc(wide, a->event->data[i]);
	}
	a->wide = a->event;
	a->event = wide;
}

/* a->event is one event with its empty line: wraps it into an HTTP chunk. */
static void send_event(struct answer *a)
{
	if (!a->is_stream || a->c->is_gone)
		return;
	put_head(a);
	if (a->form & FORM_CRLF)
		put_crlf(a);
	buf_addf(a->out, "%zx\r\n", a->event->len);
	buf_adds(a->out, buf_str(a->event));
	buf_lit(a->out, "\r\n");
	if (!(a->form & FORM_BURST))
		answer_flush(a);
}

static void begin_event(struct answer *a)
{
	buf_clear(a->event);
	if (a->form & FORM_NOSPACE)
		buf_lit(a->event, "data:");
	else
		buf_lit(a->event, "data: ");
}

static void end_event(struct answer *a)
{
	buf_lit(a->event, "\n\n");
	send_event(a);
}

static void put_usage(struct answer *a, struct buf *b)
{
	long long in = a->prompt_tokens, out = a->tokens;

	buf_addf(b,
		 ",\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,"
		 "\"total_tokens\":%lld",
		 in, out, in + out);
	if (a->form & FORM_USAGE_CACHED)
		buf_addf(b, ",\"prompt_tokens_details\":{\"cached_tokens\":%lld}",
			 in / 2);
	else
		buf_lit(b, ",\"prompt_tokens_details\":null");
	if (a->reasoning_tokens)
		buf_addf(b, ",\"completion_tokens_details\":{\"reasoning_tokens\":%lld}",
			 (long long)a->reasoning_tokens);
	buf_lit(b, "}");
}

static void begin_chunk(struct answer *a)
{
	begin_event(a);
	buf_adds(a->event, buf_str(a->prefix));
	buf_lit(a->event, "{\"index\":0,\"delta\":");
}

static void end_chunk(struct answer *a, struct str finish)
{
	buf_lit(a->event, ",\"finish_reason\":");
	if (finish.len)
		jput_str(a->event, finish);
	else
		buf_lit(a->event, "null");
	buf_lit(a->event, ",\"logprobs\":null}]");
	if (a->form & FORM_USAGE_EVERY)
		put_usage(a, a->event);
	else if (a->form & FORM_USAGE_NULL)
		buf_lit(a->event, ",\"usage\":null");
	buf_lit(a->event, "}");
	end_event(a);
}

void answer_delta(struct answer *a, struct str json)
{
	begin_chunk(a);
	buf_adds(a->event, json);
	end_chunk(a, (struct str){ NULL, 0 });
}

static void put_role(struct answer *a)
{
	buf_lit(a->event, "{");
	if (a->form & FORM_ROLE_EVERY)
		buf_lit(a->event, "\"role\":\"assistant\",");
}

void answer_text(struct answer *a, struct str text)
{
	a->tokens++;
	if (!a->is_stream) {
		buf_adds(a->text, text);
		return;
	}
	begin_chunk(a);
	put_role(a);
	buf_lit(a->event, "\"content\":");
	jput_str(a->event, text);
	buf_lit(a->event, "}");
	end_chunk(a, (struct str){ NULL, 0 });
}

void answer_reason(struct answer *a, const char *field, struct str text)
{
	a->tokens++;
	a->reasoning_tokens++;
	if (!a->is_stream) {
		buf_adds(a->reasoning, text);
		return;
	}
	begin_chunk(a);
	put_role(a);
	buf_addf(a->event, "\"%s\":", field);
	jput_str(a->event, text);
	buf_lit(a->event, "}");
	end_chunk(a, (struct str){ NULL, 0 });
}

static void keep_call(struct answer *a, size_t index, struct str id, struct str name,
		      struct str arguments)
{
	struct answer_call *call = &a->calls[index];

	if (index >= a->call_count)
		a->call_count = index + 1;
	if (!call->arguments)
		call->arguments = new_buf(a);
	if (id.len)
		(void)snprintf(call->id, sizeof(call->id), "%.*s", STR_ARG(id));
	if (name.len)
		(void)snprintf(call->name, sizeof(call->name), "%.*s", STR_ARG(name));
	buf_adds(call->arguments, arguments);
}

void answer_call(struct answer *a, int index, struct str id, struct str name,
		 struct str arguments)
{
	a->tokens++;
	if (!a->is_stream) {
		if (index >= 0 && index < ANSWER_CALLS_MAX)
			keep_call(a, (size_t)index, id, name, arguments);
		return;
	}
	begin_chunk(a);
	put_role(a);
	buf_addf(a->event, "\"tool_calls\":[{\"index\":%d", index);
	if (id.len) {
		buf_lit(a->event, ",\"id\":");
		jput_str(a->event, id);
		buf_lit(a->event, ",\"type\":\"function\"");
	}
	buf_lit(a->event, ",\"function\":{");
	if (name.len) {
		buf_lit(a->event, "\"name\":");
		jput_str(a->event, name);
		buf_lit(a->event, ",");
	}
	buf_lit(a->event, "\"arguments\":");
	jput_str(a->event, arguments);
	buf_lit(a->event, "}}]}");
	end_chunk(a, (struct str){ NULL, 0 });
}

void answer_finish(struct answer *a, struct str reason, struct str delta)
{
	(void)snprintf(a->finish, sizeof(a->finish), "%.*s", STR_ARG(reason));
	if (!a->is_stream)
		return;
	begin_chunk(a);
	buf_adds(a->event, delta.len ? delta : STR("{}"));
	end_chunk(a, reason);
}

void answer_usage(struct answer *a)
{
	if (!a->is_stream || !a->wants_usage || (a->form & FORM_USAGE_NONE))
		return;
	begin_event(a);
	buf_adds(a->event, buf_str(a->prefix));
	buf_lit(a->event, "]");
	put_usage(a, a->event);
	buf_lit(a->event, "}");
	end_event(a);
}

void answer_data(struct answer *a, struct str data)
{
	begin_event(a);
	buf_adds(a->event, data);
	end_event(a);
}

void answer_done(struct answer *a)
{
	answer_data(a, STR("[DONE]"));
}

void answer_raw(struct answer *a, struct str bytes)
{
	buf_clear(a->event);
	buf_adds(a->event, bytes);
	send_event(a);
}

void answer_bare(struct answer *a, struct str bytes)
{
	answer_flush(a);
	conn_send(a->c, bytes.ptr, bytes.len);
}

static void put_calls(struct answer *a, struct buf *b)
{
	buf_lit(b, ",\"tool_calls\":[");
	for (size_t i = 0; i < a->call_count; i++) {
		const struct answer_call *call = &a->calls[i];

		buf_addf(b, "%s{\"id\":", i ? "," : "");
		jput_str(b, str_of(call->id));
		buf_lit(b, ",\"type\":\"function\",\"function\":{\"name\":");
		jput_str(b, str_of(call->name));
		buf_lit(b, ",\"arguments\":");
		jput_str(b, call->arguments ? buf_str(call->arguments) : STR("{}"));
		buf_lit(b, "}}");
	}
	buf_lit(b, "]");
}

static void send_whole(struct answer *a)
{
	struct buf *b = a->event;

	buf_clear(b);
	buf_adds(b, buf_str(a->prefix));
	buf_lit(b, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
	jput_str(b, buf_str(a->text));
	if (a->reasoning->len) {
		buf_lit(b, ",\"reasoning_content\":");
		jput_str(b, buf_str(a->reasoning));
	}
	if (a->call_count)
		put_calls(a, b);
	buf_lit(b, "},\"finish_reason\":");
	jput_str(b, a->finish[0] ? str_of(a->finish) : STR("stop"));
	buf_lit(b, ",\"logprobs\":null}]");
	put_usage(a, b);
	buf_lit(b, "}");
	conn_answer(a->c, 200, "application/json", NULL, buf_str(b));
}

void answer_end(struct answer *a)
{
	if (a->has_ended || a->c->is_gone)
		return;
	a->has_ended = true;
	if (!a->is_stream) {
		send_whole(a);
		return;
	}
	put_head(a);
	buf_lit(a->out, "0\r\n\r\n");
	answer_flush(a);
}
