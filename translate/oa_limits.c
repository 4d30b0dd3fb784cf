/* SPDX-License-Identifier: MIT */
/* One row for each wording; # stands for a number, * for anything. */
#include "config.h"

#include "translate/oa_limits.h"

#include "translate/buf.h"

enum { NUMBERS_MAX = 8 };
static const uint64_t number_max = UINT64_C(1000000000000);

/*
 * What the numbers of a wording mean, one letter each: i input tokens, o max_tokens, c
 * the window, m the largest max_tokens, t characters of input, n what was left for the
 * answer, below zero, - nothing.
 */
static const struct {
	const char *pattern, *meaning;
} wordings[] = {
	/* vLLM before 0.12 */
	{ "max_completion_tokens' is too large: #*maximum context length is # tokens*has "
	  "# "
	  "input tokens",
	  "oci" },
	/* Dynamo and NIM */
	{ "maximum context length is # tokens*messages resulted in # tokens", "ci" },
	/* vLLM */
	{ "maximum context length is # tokens*requested # output tokens*contains*# input "
	  "tokens",
	  "coi" },
	{ "maximum context length is # tokens*requested # tokens (# in the messages, # "
	  "in "
	  "the completion)",
	  "c-io" },
	{ "maximum context length is # tokens*contains # characters", "ct" },
	{ "maximum context length is # tokens*contains*# input tokens", "ci" },
	{ "maximum context length is # tokens*requested # tokens", "ci" },
	{ "(length #) is longer than the maximum model length of #", "ic" },
	/* SGLang */
	{ "input (# tokens) is longer than the model's context length (# tokens)", "ic" },
	{ "input length (# tokens) exceeds the maximum allowed length (# tokens)", "ic" },
	{ "requested token count exceeds the model's maximum context length of # "
	  "tokens*total of # tokens: # tokens from the input messages and # tokens for "
	  "the "
	  "completion",
	  "c-io" },
	/* TensorRT-LLM */
	{ "prompt length (#)*max_input_len (#)", "ic" },
	{ "prompt length (#)*max_seq_len (#)", "ic" },
	{ "prompt length (#)*maximum*(#)", "ic" },
	/* the answer alone */
	{ "max_tokens must be at least 1, got -#", "n" }, /* vLLM: the prompt is longer */
	{ "max_tokens=# cannot be greater than max_model_len=#", "om" }, /* vLLM 0.32 */
	{ "max_tokens*# > #", "om" },
	{ "max_tokens*is too large: #*at most #", "om" },
	{ "max_tokens*less than or equal to #*got #", "mo" },
	{ "max_tokens*less than or equal to #*input*#", "mo" },
};

/* Words that speak of the window, whatever the numbers. */
static const char *const hints[] = {
	"maximum context length",
	"context_length_exceeded",
	"longer than the model's context length",
	"longer than the maximum model length",
	"exceeds the maximum model length",
	"exceeds the context window",
	"exceeds the available context size",
	"exceeds the maximum allowed length",
	"prompt is too long",
	"max_input_len",
	"max_seq_len",
	"max_tokens must be at least 1, got -",
	"reduce the length of the messages",
	"reduce the length of the input prompt",
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits, also grouped as 131,072; their length, 0 when there are none. */
static size_t read_number(struct str text, uint64_t *number)
{
	size_t at = 0;
	*number = 0;
	while (at < text.len && (is_digit(text.ptr[at]) ||
				 (at > 0 && text.ptr[at] == ',' && at + 1 < text.len &&
				  is_digit(text.ptr[at + 1])))) {
		if (text.ptr[at] != ',')
			*number = *number * 10 + (uint64_t)(text.ptr[at] - '0');
		if (*number > number_max)
			*number = number_max;
		at++;
	}
	return at;
}

struct match {
	uint64_t numbers[NUMBERS_MAX];
	size_t count;
};

/* pattern up to the next * against the beginning of text; its length or -1. */
static ptrdiff_t match_part(const char *pattern, struct str text, struct match *m)
{
	size_t at = 0;
	for (; *pattern && *pattern != '*'; pattern++) {
		struct str rest = { text.ptr + at, text.len - at };
		if (*pattern == '#') {
			size_t len = read_number(rest, &m->numbers[m->count]);
			if (len == 0 || ++m->count == NUMBERS_MAX)
				return -1;
			at += len;
		} else if (rest.len == 0 || lower(*rest.ptr) != lower(*pattern)) {
			return -1;
		} else {
			at++;
		}
	}
	return (ptrdiff_t)at;
}

/* Each part between * at its first place behind the one before. */
static bool match(const char *pattern, struct str text, struct match *m)
{
	size_t at = 0;
	m->count = 0;
	while (pattern) {
		size_t count = m->count;
		ptrdiff_t len = -1;
		for (; at < text.len && len < 0; at += len < 0) {
			/* not in the middle of a number */
			if (*pattern == '#' && at > 0 && is_digit(text.ptr[at - 1]))
				continue;
			m->count = count;
			len = match_part(pattern,
					 (struct str){ text.ptr + at, text.len - at }, m);
		}
		if (len < 0)
			return false;
		at += (size_t)len;
		const char *star = strchr(pattern, '*');
		pattern = star ? star + 1 : NULL;
	}
	return true;
}

static int64_t meaning_of(const struct match *m, const char *meaning, char letter)
{
	const char *at = strchr(meaning, letter);
	size_t i = at ? (size_t)(at - meaning) : m->count;
	return i < m->count ? (int64_t)m->numbers[i] : 0;
}

static const char some_window[] =
	"prompt is too long: the conversation does not fit into the model's context "
	"window";

/* vLLM counts no further than one above the window: then our own count may be better. */
static struct str prompt_sentence(struct pool *p, int64_t input, int64_t window,
				  int64_t estimate)
{
	if (window <= 0)
		return str_of(some_window);
	if (input <= window + 1)
		input = estimate > window ? estimate : window + 1;
	return pool_strf(p, "prompt is too long: %lld tokens > %lld maximum",
			 (long long)input, (long long)window);
}

static struct str make_sentence(struct pool *p, const struct oa_limit *limit,
				int64_t estimate)
{
	if (limit->largest > 0)
		return pool_strf(p,
				 "max_tokens: %lld > %lld, which is the maximum allowed "
				 "number of output tokens for this model",
				 (long long)limit->output, (long long)limit->largest);
	if (limit->output > 0 && limit->input < limit->window)
		return pool_strf(
			p,
			"input length and `max_tokens` exceed context limit: %lld + "
			"%lld > %lld, decrease input length or `max_tokens` and try "
			"again",
			(long long)limit->input, (long long)limit->output,
			(long long)limit->window);
	return prompt_sentence(p, limit->input, limit->window, estimate);
}

static void take_numbers(struct oa_limit *limit, const struct match *m,
			 const char *meaning, int64_t estimate)
{
	limit->input = meaning_of(m, meaning, 'i');
	limit->output = meaning_of(m, meaning, 'o');
	limit->window = meaning_of(m, meaning, 'c');
	limit->largest = meaning_of(m, meaning, 'm');
	if (strchr(meaning, 't'))
		limit->input =
			meaning_of(m, meaning, 't') / 4; /* a token is about four */
	if (strchr(meaning, 'n')) { /* what was left for the answer, below zero */
		limit->input = estimate;
		limit->window = estimate - meaning_of(m, meaning, 'n');
	}
}

/* The two largest numbers of a wording that isn't known: input and window. */
static struct str guess_sentence(struct pool *p, struct str text, int64_t estimate)
{
	uint64_t first = 0, second = 0, number;
	for (size_t at = 0; at < text.len; at++) {
		size_t len = read_number((struct str){ text.ptr + at, text.len - at },
					 &number);
		if (len == 0)
			continue;
		at += len;
		if (number > first) {
			second = first;
			first = number;
		} else if (number > second && number < first) {
			second = number;
		}
	}
	if (second >= 256) /* no window is smaller */
		return prompt_sentence(p, (int64_t)first, (int64_t)second, estimate);
	return str_of(some_window);
}

bool oa_limits_read(struct oa_limit *limit, struct pool *p, struct str text,
		    struct str body, int64_t estimate)
{
	struct match m;
	*limit = (struct oa_limit){ .is_known = true };
	for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
		if (!match(wordings[i].pattern, text, &m))
			continue;
		take_numbers(limit, &m, wordings[i].meaning, estimate);
		limit->sentence = make_sentence(p, limit, estimate);
		return true;
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (!str_contains_nocase(body, str_of(hints[i])))
			continue;
		limit->sentence = guess_sentence(p, text, estimate);
		return true;
	}
	limit->is_known = false;
	return false;
}
