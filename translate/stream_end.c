/* SPDX-License-Identifier: MIT */
/* How a message ends: the stop reason, the usage, the words when there is nothing to say.
 */
#include "config.h"

#include "translate/stream_call.h"

/* "{}" and nothing more: what vLLM sends for a call that the limit cut off (0.32.0). */
enum { EMPTY_ARGS = 2 };

/*
 * Dynamo closes the brackets of a call that the limit cut off, and sends it in the chunk
 * that says so (1.6.1): what came with the reason is not what the model meant.
 */
static bool is_cut(const struct stream_call *c)
{
	return !stream_call_is_complete(c) || c->is_late ||
	       (!c->next && c->args.sent <= EMPTY_ARGS);
}

/* "length": calls that are not whole are not calls that the model made. */
static void drop_cut_calls(struct stream *s)
{
	for (struct stream_call *c = s->calls; c; c = c->next) {
		if (c->is_done || !is_cut(c))
			continue;
		if (c->is_begun) {
			c->args.is_cut = true;
			s->is_call_cut = true;
			continue;
		}
		stream_call_drop(s, c);
		s->has_dropped = true;
	}
}

void stream_end_blocks(struct stream *s)
{
	stream_flush_words(s);
	if (s->finish == OA_FINISH_LENGTH || s->finish == OA_FINISH_CONTEXT)
		drop_cut_calls(s);
	stream_calls_end(s);
	stream_close(s);
}

void stream_second_finish(struct stream *s, enum oa_finish finish)
{
	if (finish != OA_FINISH_LENGTH || s->finish != OA_FINISH_TOOLS)
		return;
	s->finish = finish;
	s->is_call_cut |= (s->repairs & ARGS_CLOSED) != 0;
}

static int64_t estimated_output(const struct stream *s)
{
	int64_t tokens = (s->text_quarters + s->thinking_quarters) / 4;
	return tokens > 0 ? tokens : 1;
}

/* Never absent, never zero: what the upstream does not say is estimated. */
static void settle_usage(struct stream *s)
{
	struct an_usage *u = &s->usage;
	if (!s->has_usage)
		*u = (struct an_usage){ .reasoning_tokens = s->thinking_quarters / 4 };
	if (u->input_tokens + u->cached_tokens == 0) {
		u->input_tokens = s->config.input_estimate;
		u->is_estimated = true;
	}
	if (u->output_tokens == 0) {
		u->output_tokens = estimated_output(s);
		u->is_estimated = true;
	}
	if (u->input_tokens <= 0) { /* all of the prompt was cached */
		u->input_tokens = 1;
		u->cached_tokens -= u->cached_tokens > 0;
	}
}

/*
 * "length" before max_tokens: the window was full (vLLM caps max_tokens silently:
 * measured on 0.32.0, 3910 + 1000 in a window of 4096 gives 186 tokens and "length").
 */
static enum an_stop length_stop(const struct stream *s)
{
	return s->has_usage && s->usage.output_tokens > 0 &&
			       s->usage.output_tokens < s->config.max_tokens
		       ? AN_CONTEXT_EXCEEDED
		       : AN_MAX_TOKENS;
}

static enum an_stop stop_reason(const struct stream *s)
{
	if (s->tools_done > 0 && !s->is_call_cut)
		return AN_STOP_TOOL_USE;
	switch (s->finish) {
	case OA_FINISH_LENGTH:
		return length_stop(s);
	case OA_FINISH_CONTEXT:
		return AN_CONTEXT_EXCEEDED;
	case OA_FINISH_FILTER:
		return AN_REFUSAL;
	case OA_FINISH_STOP:
		return s->stop_sequence.len > 0 ? AN_STOP_SEQUENCE : AN_END_TURN;
	case OA_FINISH_NONE:
	case OA_FINISH_TOOLS:
	case OA_FINISH_OTHER:
		break;
	}
	return AN_END_TURN;
}

/*
 * What to say in place of an answer. Claude Code takes an answer without visible text for
 * a fault of its own and asks again; the user should read what happened.
 */
static struct str note(const struct stream *s)
{
	if (s->has_dropped)
		return STR("(The output limit cut the answer off inside a tool call, "
			   "which was not run.)");
	if (s->finish == OA_FINISH_LENGTH || s->finish == OA_FINISH_CONTEXT)
		return STR("(The output limit was reached before the answer began.)");
	if (s->finish == OA_FINISH_FILTER)
		return STR("(The model's provider withheld the answer.)");
	if (s->has_content)
		return STR("(The model stopped after thinking, without an answer.)");
	if (s->has_usage && s->usage.output_tokens > 1)
		return STR("(The answer was lost: the model wrote something, probably a "
			   "malformed tool call, that its server did not pass on.)");
	return STR("(The model's answer was empty.)");
}

void stream_finish(struct stream *s)
{
	if (s->has_finished)
		return;
	stream_end_blocks(s);
	if (s->blocks_done == 0) {
		buf_clear(s->blanks[0]);
		stream_say(s, STREAM_TEXT, note(s));
		stream_close(s);
	}
	enum an_stop stop = stop_reason(s);
	settle_usage(s);
	s->has_finished = true;
	s->sink.ops->finish(s->sink.self, stop,
			    stop == AN_STOP_SEQUENCE ? s->stop_sequence
						     : (struct str){ NULL, 0 },
			    &s->usage);
}

/* Held calls that are whole go out with the rest; the others were never made. */
static void drop_unsent_calls(struct stream *s)
{
	for (struct stream_call *c = s->calls; c; c = c->next)
		if (!c->is_done && !c->is_begun && !stream_call_is_complete(c))
			stream_call_drop(s, c);
}

enum stream_cut stream_cut(struct stream *s)
{
	bool is_whole = s->finish != OA_FINISH_NONE || s->has_finished;
	if (!is_whole && s->open == STREAM_TOOL)
		is_whole = stream_call_is_complete(s->current);
	else if (!is_whole && s->open == STREAM_NONE)
		is_whole = s->blocks_done > 0;
	if (is_whole) {
		drop_unsent_calls(s);
		stream_finish(s);
		return STREAM_CUT_CLOSED;
	}
	if (!s->has_content)
		return STREAM_CUT_EARLY;
	return s->next_index == 1 ? STREAM_CUT_RESET : STREAM_CUT_ERROR;
}
