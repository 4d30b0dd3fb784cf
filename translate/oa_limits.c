/* SPDX-License-Identifier: MIT */
/* One row for each wording; # stands for a number, * for anything. */
#include "config.h"

#include "translate/oa_limits.h"

#include "translate/buf.h"

enum { NUMBERS_MAX = 8 };
static const uint64_t number_max = UINT64_C(1000000000000);

/*
 * What the numbers of a wording mean, one letter each: i input tokens, o max_tokens, c
 * the window, m the largest max_tokens, t characters of input, - nothing.
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

static unsigned long long meaning_of(const struct match *m, const char *meaning,
				     char letter)
{
	const char *at = strchr(meaning, letter);
	size_t i = at ? (size_t)(at - meaning) : m->count;
	return i < m->count ? m->numbers[i] : 0;
}

static struct str prompt_sentence(struct pool *p, unsigned long long input,
				  unsigned long long window)
{
	/* vLLM counts no further than one above the window */
	if (input <= window)
		input = window + 1;
	return pool_strf(p, "prompt is too long: %llu tokens > %llu maximum", input,
			 window);
}

static struct str make_sentence(struct pool *p, const struct match *m,
				const char *meaning)
{
	unsigned long long input = meaning_of(m, meaning, 'i');
	unsigned long long output = meaning_of(m, meaning, 'o');
	unsigned long long window = meaning_of(m, meaning, 'c');
	unsigned long long largest = meaning_of(m, meaning, 'm');
	if (largest > 0)
		return pool_strf(p,
				 "max_tokens: %llu > %llu, which is the maximum allowed "
				 "number of output tokens for this model",
				 output, largest);
	if (output > 0 && input < window)
		return pool_strf(
			p,
			"input length and `max_tokens` exceed context limit: %llu + "
			"%llu > %llu, decrease input length or `max_tokens` and try "
			"again",
			input, output, window);
	if (strchr(meaning, 't'))
		input = meaning_of(m, meaning, 't') / 4; /* a token is about four */
	return prompt_sentence(p, input, window);
}

/* The two largest numbers of a wording that isn't known: input and window. */
static struct str guess_sentence(struct pool *p, struct str text)
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
		return prompt_sentence(p, first, second);
	return STR("prompt is too long: the conversation does not fit into the model's "
		   "context window");
}

bool oa_limits_read(struct str *sentence, struct pool *p, struct str text,
		    struct str body)
{
	struct match m;
	for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
		if (!match(wordings[i].pattern, text, &m))
			continue;
		*sentence = make_sentence(p, &m, wordings[i].meaning);
		return true;
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (!str_contains_nocase(body, str_of(hints[i])))
			continue;
		*sentence = guess_sentence(p, text);
		return true;
	}
	return false;
}
