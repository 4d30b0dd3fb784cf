/* SPDX-License-Identifier: MIT */
/*
 * The books of tool calls: which fragment belongs to which call, when a name is whole,
 * and whose turn it is.  Upstreams number calls in every imaginable way (NIM: no index,
 * always 0, ids late, repeated or changing, names repeated in each chunk or cut in two).
 */
#include "config.h"

#include "translate/stream_call.h"

#include "translate/ids.h"
#include "translate/tokens.h"

/* Arguments can grow when they are escaped: a control character becomes six bytes. */
enum { OUT_MAX = 6 * ARGS_MAX + 1024 };

static bool is_blank(struct str text)
{
	return str_trim(text).len == 0;
}

static bool is_declared(const struct stream *s, struct str name)
{
	const struct oa_names *names = s->config.names;
	for (size_t i = 0; names && i < names->count; i++)
		if (str_eq(names->list[i].upstream, name))
			return true;
	return false;
}

/* True when a declared name begins with name and is longer. */
static bool begins_declared(const struct stream *s, struct str name)
{
	const struct oa_names *names = s->config.names;
	for (size_t i = 0; names && i < names->count; i++)
		if (names->list[i].upstream.len > name.len &&
		    str_has_prefix(names->list[i].upstream, name))
			return true;
	return false;
}

bool stream_call_is_complete(const struct stream_call *c)
{
	return c->args.is_streaming && c->args.depth == 0 &&
	       !(c->args.repairs & ARGS_CLOSED);
}

/* args.held lives in memory between the calls: the pool releases it whatever happens. */
static void feed(struct stream_call *c, struct str fragment)
{
	c->args.held = *c->memory;
	args_feed(&c->args, fragment, c->out);
	*c->memory = c->args.held;
}

static void end_args(struct stream_call *c)
{
	c->args.held = *c->memory;
	args_end(&c->args, c->out);
	*c->memory = c->args.held;
}

static struct stream_call *add_call(struct stream *s, int64_t index)
{
	struct stream_call *c = pool_alloc(s->pool, sizeof(*c));
	*c = (struct stream_call){ .index = index };
	args_init(&c->args);
	c->memory = pool_buf(s->pool, c->args.held.max);
	c->out = pool_buf(s->pool, OUT_MAX);
	if (s->last_call)
		s->last_call->next = c;
	else
		s->calls = c;
	s->last_call = c;
	s->call_count++;
	return c;
}

/* The call that a fragment goes on with, as far as index and id tell. */
static struct stream_call *find_call(const struct stream *s,
				     const struct oa_call *fragment)
{
	struct stream_call *found = NULL;
	if (fragment->index < 0 && fragment->id.len == 0)
		return s->last_call;
	for (struct stream_call *c = s->calls; c; c = c->next)
		if (fragment->index >= 0 ? c->index == fragment->index
					 : str_eq(c->id, fragment->id))
			found = c; /* the latest */
	if (!found && fragment->index < 0 && fragment->name.len == 0)
		return s->last_call; /* an id that changes on the way */
	return found;
}

/*
 * A fragment with a name is another call when its id is another one, or when the call is
 * complete and this can't be the repetition of its name.
 */
static bool is_another(const struct stream_call *c, const struct oa_call *fragment)
{
	if (fragment->name.len == 0)
		return false;
	if (fragment->id.len > 0 && c->id.len > 0 && !str_eq(fragment->id, c->id))
		return true;
	return stream_call_is_complete(c) &&
	       (!is_blank(fragment->arguments) || !str_eq(fragment->name, c->name));
}

/* A name may come in two pieces, or again and again. */
static void take_name(struct stream *s, struct stream_call *c, struct str piece)
{
	if (piece.len == 0 || str_eq(c->name, piece))
		return;
	if (c->name.len == 0) {
		c->name = pool_str(s->pool, piece);
		return;
	}
	if (c->name.len + piece.len > OA_TOOL_NAME_MAX)
		return; /* what is declared is not longer */
	struct buf *joined = pool_buf(s->pool, c->name.len + piece.len);
	buf_adds(joined, c->name);
	buf_adds(joined, piece);
	if (is_declared(s, buf_str(joined)))
		c->name = buf_str(joined);
	else if (is_declared(s, c->name))
		return;
	else if (is_declared(s, piece))
		c->name = pool_str(s->pool, piece);
	else if (begins_declared(s, buf_str(joined)))
		c->name = buf_str(joined);
}

void stream_call_take(struct stream *s, const struct oa_call *fragment)
{
	struct stream_call *c = find_call(s, fragment);
	if (!c || is_another(c, fragment)) {
		if (s->call_count >= OA_CALLS_MAX)
			return;
		c = add_call(s, fragment->index);
	}
	if (c->is_done) {
		if (!is_blank(fragment->arguments))
			s->repairs |= ARGS_DROPPED;
		return;
	}
	c->fragments++;
	if (c->id.len == 0 && !c->is_begun)
		c->id = pool_str(s->pool, fragment->id);
	if (!c->is_begun && !c->has_arguments)
		take_name(s, c, fragment->name);
	if (fragment->arguments.len == 0)
		return;
	if (!is_blank(fragment->arguments))
		c->has_arguments = true;
	s->text_quarters += tokens_quarters(fragment->arguments);
	feed(c, fragment->arguments);
}

void stream_call_add(struct stream *s, const struct rescue_call *found)
{
	struct stream_call *c;

	if (s->call_count >= OA_CALLS_MAX)
		return;
	c = add_call(s, -1);
	c->id = pool_str(s->pool, found->id);
	c->name = pool_str(s->pool, found->name);
	c->fragments = 1;
	c->has_arguments = true;
	s->text_quarters += tokens_quarters(found->args);
	feed(c, found->args);
}

/* Whether its block can be opened: nothing of its beginning can change any more. */
static bool is_ready(const struct stream *s, const struct stream_call *c)
{
	if (c->name.len == 0)
		return false;
	if (c->next || stream_call_is_complete(c))
		return true;
	bool is_whole = is_declared(s, c->name);
	bool may_grow = !c->has_arguments && begins_declared(s, c->name);
	if (may_grow && !is_whole)
		return false;
	if (c->fragments > 1)
		return true;
	return c->id.len > 0 && (c->has_arguments || (is_whole && !may_grow));
}

static void begin_call(struct stream *s, struct stream_call *c)
{
	uint8_t random[IDS_RANDOM];
	s->config.random(s->config.random_context, random, sizeof(random));
	struct str name = c->name;
	if (s->config.names)
		name = oa_tools_client(s->config.names, c->name);
	stream_open(s, STREAM_TOOL, ids_tool(s->pool, c->id, random), name);
	buf_clear(s->blanks[0]);
	buf_clear(s->blanks[1]);
	c->is_begun = true;
	s->current = c;
	s->tools_done++;
}

static void send_out(struct stream *s, struct stream_call *c)
{
	if (c->out->len > 0)
		s->sink.ops->block_piece(s->sink.self, s->next_index - 1, AN_TOOL_USE,
					 buf_str(c->out));
	buf_clear(c->out);
}

static void end_call(struct stream *s, struct stream_call *c)
{
	end_args(c);
	send_out(s, c);
	stream_close(s);
	s->repairs |= c->args.repairs;
	s->current = NULL;
	c->is_done = true;
}

void stream_call_drop(struct stream *s, struct stream_call *c)
{
	s->repairs |= ARGS_DROPPED;
	c->is_done = true;
}

static struct stream_call *next_call(const struct stream *s)
{
	struct stream_call *c = s->calls;
	while (c && c->is_done)
		c = c->next;
	return c;
}

void stream_calls_advance(struct stream *s)
{
	for (;;) {
		if (!s->current) {
			struct stream_call *next = next_call(s);
			if (!next || !is_ready(s, next))
				return;
			begin_call(s, next);
		}
		send_out(s, s->current);
		if (!s->current->next || !stream_call_is_complete(s->current))
			return;
		end_call(s, s->current);
	}
}

void stream_calls_late(struct stream *s, struct stream_call *before)
{
	struct stream_call *c = before ? before->next : s->calls;
	for (; c; c = c->next)
		c->is_late = true;
}

void stream_calls_end(struct stream *s)
{
	for (struct stream_call *c = next_call(s); c; c = next_call(s)) {
		if (c->name.len == 0) {
			stream_call_drop(s, c);
			continue;
		}
		if (!c->is_begun)
			begin_call(s, c);
		end_call(s, c);
	}
}
