/* SPDX-License-Identifier: MIT */
/*
 * Runs the stream cases: upstream bytes in, events out, and the same again with the bytes
 * cut in two at every place and fed one by one, which must change nothing.  The events
 * are also read by the strict reader, and what it puts together must be the non-stream
 * message.
 *
 * Sections of a case:
 *     === upstream [crlf] [cut] [delta=N] [max_tokens=N]   the bytes; cut: no end of
 * stream
 *     === tools                     lines: name-of-the-client name-upstream
 *     === events or === steps       what the client gets (steps.h)
 *     === message                   the message of a non-stream answer
 *     === end                       answered (the default), fault CODE, or of
 * stream_cut(): early reset error closed
 */
#include "config.h"

#include <stdio.h>

#include "tests/golden/golden.h"
#include "tests/golden/grammar.h"
#include "tests/golden/steps.h"
#include "translate/an_event.h"
#include "translate/an_reply.h"
#include "translate/sse.h"
#include "translate/stream.h"

enum { TEXT_MAX = 4 << 20, TOOLS_MAX = 16 };

static const char *const cut_names[] = {
	[STREAM_CUT_EARLY] = "early",
	[STREAM_CUT_RESET] = "reset",
	[STREAM_CUT_ERROR] = "error",
	[STREAM_CUT_CLOSED] = "closed",
};

/* One feeding of a case. */
struct run {
	struct pool pool;
	struct stream stream;
	struct an_reply reply;
	struct buf *events;
	char end[32];
	bool is_over; /* [DONE] or a fault */
	uint8_t random;
};

static void make_random(void *context, uint8_t *bytes, size_t len)
{
	struct run *run = context;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(run->random++ * 7);
}

/* What the relay does with an event. */
static int on_event(void *context, struct str name, struct str data)
{
	struct run *run = context;
	struct oa_chunk chunk;
	bool is_error = str_eq(name, STR("error"));
	if (run->is_over || (name.len > 0 && !is_error && !str_eq(name, STR("message"))))
		return 0;
	oa_chunk_read(&chunk, &run->pool, data);
	if (chunk.kind == OA_DELTA)
		stream_chunk(&run->stream, &chunk);
	if (chunk.kind == OA_DONE)
		run->is_over = true;
	if (chunk.kind == OA_FAULT || (chunk.kind == OA_GARBAGE && is_error)) {
		run->is_over = true;
		snprintf(run->end, sizeof(run->end), "fault %d", chunk.error_code);
	}
	return 0;
}

static void read_tools(struct oa_names *names, struct oa_name list[TOOLS_MAX],
		       struct str text)
{
	*names = (struct oa_names){ .list = list };
	while (text.len > 0 && names->count < TOOLS_MAX) {
		const char *lf = memchr(text.ptr, '\n', text.len);
		size_t len = lf ? (size_t)(lf - text.ptr) : text.len;
		const char *blank = memchr(text.ptr, ' ', len);
		size_t client = blank ? (size_t)(blank - text.ptr) : len;
		struct oa_name *name = &list[names->count];
		name->client = (struct str){ text.ptr, client };
		name->upstream = blank ? (struct str){ blank + 1, len - client - 1 }
				       : name->client;
		names->count += len > 0;
		text.ptr += len + (lf != NULL);
		text.len -= len + (lf != NULL);
	}
}

static void begin_run(struct run *run, const struct golden_case *c,
		      struct oa_names *names, bool is_reply)
{
	const struct golden_section *up = golden_find(c, "upstream");
	struct stream_config config = {
		.message_id = STR("msg_1"),
		.model = STR("claude-test"),
		.input_estimate = 7,
		.max_tokens = golden_number(up, "max_tokens", 0),
		.delta_chars = (unsigned)golden_number(up, "delta", 0),
		.names = names,
		.random = make_random,
		.random_context = run,
	};
	*run = (struct run){ .end = "answered" };
	pool_init(&run->pool, NULL);
	run->events = pool_buf(&run->pool, TEXT_MAX);
	an_reply_init(&run->reply, &run->pool, TEXT_MAX);
	struct an_sink sink = { &an_event_ops, run->events };
	if (is_reply)
		sink = (struct an_sink){ &an_reply_ops, &run->reply };
	stream_init(&run->stream, &run->pool, &config, sink);
}

/* Feeds up to cut, then the rest; cut 0: byte by byte. */
static void feed(struct run *run, struct str bytes, size_t cut)
{
	struct sse sse;
	sse_init(&sse, on_event, run);
	size_t step = cut > 0 ? cut : 1;
	for (size_t at = 0; at < bytes.len; at += step) {
		if (cut > 0 && at > 0)
			step = bytes.len - at;
		if (step > bytes.len - at)
			step = bytes.len - at;
		(void)sse_feed(&sse, bytes.ptr + at, step); /* on_event gives 0 */
	}
	(void)sse_end(&sse);
	sse_release(&sse);
}

static void end_run(struct run *run, const struct golden_section *up)
{
	if (strncmp(run->end, "fault", 5) == 0)
		return;
	bool is_whole = !golden_has_word(up, "cut") || run->is_over ||
			run->stream.finish != OA_FINISH_NONE;
	if (is_whole)
		stream_finish(&run->stream);
	else
		snprintf(run->end, sizeof(run->end), "%s",
			 cut_names[stream_cut(&run->stream)]);
}

struct result {
	const struct golden_case *c;
	struct oa_names *names;
	struct str bytes;
	struct str first;  /* the events of the whole feeding, which passed */
	struct pool *pool; /* lives as long as the case */
	char why[512];
};

static bool fail(struct result *r, const char *what, struct str got)
{
	int len = snprintf(r->why, sizeof(r->why), "%s", what);
	if (got.len > 0)
		fprintf(stderr, "%.*s\n%.*s\n", len, r->why, STR_ARG(got));
	return false;
}

static bool check_end(struct result *r, const struct run *run)
{
	struct str wanted = str_trim(golden_text(r->c, "end"));
	if (wanted.len == 0)
		wanted = STR("answered");
	return str_eq(wanted, str_of(run->end)) ||
	       fail(r, "another ending:", str_of(run->end));
}

static bool check_expected(struct result *r, const struct run *run)
{
	struct buf *steps = pool_buf(r->pool, TEXT_MAX);
	const struct golden_section *events = golden_find(r->c, "events");
	if (events)
		buf_adds(steps, events->text);
	else if (steps_expand(steps, golden_text(r->c, "steps")) < 0)
		return fail(r, "bad steps", (struct str){ NULL, 0 });
	size_t at;
	if (steps_match(r->pool, buf_str(steps), buf_str(run->events), &at))
		return true;
	fprintf(stderr, "expected up to: %.*s\n",
		(int)(steps->len - at < 200 ? steps->len - at : 200),
		steps->data ? steps->data + at : "");
	return fail(r, "other events:", buf_str(run->events));
}

static bool run_whole(struct result *r)
{
	struct run run;
	begin_run(&run, r->c, r->names, false);
	feed(&run, r->bytes, r->bytes.len);
	end_run(&run, golden_find(r->c, "upstream"));
	bool is_right = check_end(r, &run) && check_expected(r, &run);
	r->first = pool_str(r->pool, buf_str(run.events));
	pool_release(&run.pool);
	return is_right;
}

static bool run_cut(struct result *r, size_t cut)
{
	struct run run;
	begin_run(&run, r->c, r->names, false);
	feed(&run, r->bytes, cut);
	end_run(&run, golden_find(r->c, "upstream"));
	bool is_same = str_eq(r->first, buf_str(run.events)) && check_end(r, &run);
	if (!is_same)
		snprintf(r->why, sizeof(r->why), "other events when cut at %zu", cut);
	pool_release(&run.pool);
	return is_same;
}

static struct json_object *parse(struct pool *p, struct str text)
{
	struct json_object *root = json_tokener_parse(pool_str(p, text).ptr);
	pool_own_json(p, root);
	return root;
}

/* The non-stream answer is what a client puts together from the events. */
static bool run_reply(struct result *r)
{
	struct run run;
	struct json_object *message;
	char why[GRAMMAR_WHY_MAX];
	enum grammar grammar = grammar_read(r->first, &message, why);
	pool_own_json(r->pool, message);
	if (grammar == GRAMMAR_ILLEGAL)
		return fail(r, "against the protocol:", str_of(why));
	begin_run(&run, r->c, r->names, true);
	feed(&run, r->bytes, r->bytes.len);
	end_run(&run, golden_find(r->c, "upstream"));
	bool is_right = (grammar == GRAMMAR_WHOLE) == run.reply.is_finished;
	struct json_object *reply = parse(r->pool, buf_str(run.reply.out));
	if (is_right && run.reply.is_finished)
		is_right = json_object_equal(reply, message);
	const struct golden_section *wanted = golden_find(r->c, "message");
	if (is_right && wanted)
		is_right = json_object_equal(reply, parse(r->pool, wanted->text));
	if (!is_right)
		(void)fail(r, "another message:", buf_str(run.reply.out));
	pool_release(&run.pool);
	return is_right;
}

/* The upstream section as bytes: with CRLF where asked for. */
static struct str make_bytes(struct pool *p, const struct golden_section *up)
{
	struct buf *b = pool_buf(p, TEXT_MAX);
	bool is_crlf = golden_has_word(up, "crlf");
	for (size_t i = 0; i < up->text.len; i++) {
		if (is_crlf && up->text.ptr[i] == '\n')
			buf_addc(b, '\r');
		buf_addc(b, up->text.ptr[i]);
	}
	return buf_str(b);
}

static bool run_case(struct result *r)
{
	if (!run_whole(r) || !run_reply(r))
		return false;
	for (size_t cut = 0; cut < r->bytes.len; cut++)
		if (!run_cut(r, cut))
			return false;
	return true;
}

static bool test_case(const struct golden_case *c, unsigned number)
{
	struct pool pool;
	struct oa_names names;
	struct oa_name list[TOOLS_MAX];
	pool_init(&pool, NULL);
	const struct golden_section *up = golden_find(c, "upstream");
	struct result r = { .c = c, .names = &names, .pool = &pool };
	bool is_right = up && (golden_find(c, "steps") || golden_find(c, "events"));
	if (is_right) {
		read_tools(&names, list, golden_text(c, "tools"));
		r.bytes = make_bytes(&pool, up);
		is_right = run_case(&r);
	} else {
		(void)fail(&r, "no === upstream, or neither === steps nor === events",
			   (struct str){ NULL, 0 });
	}
	printf("%sok %u - %.*s%s%s\n", is_right ? "" : "not ", number, STR_ARG(c->name),
	       is_right ? "" : ": ", r.why);
	pool_release(&pool);
	return is_right;
}

int main(int argc, char **argv)
{
	return golden_main(argc, argv, test_case);
}
