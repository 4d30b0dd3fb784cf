/* SPDX-License-Identifier: MIT */
/*
 * The body is JSON that oa_request.c has written: whoever walks it may trust its form,
 * and finds each member's end by counting brackets outside of strings.
 */
#include "config.h"

#include "translate/oa_repair.h"

#include <stdio.h>

enum {
	MARGIN =
		128, /* tokens kept free: servers count the prompt a little differently */
};

const char *const oa_field_names[OA_FIELD_COUNT] = {
	[OA_FIELD_STREAM_OPTIONS] = "stream_options",
	[OA_FIELD_TEMPERATURE] = "temperature",
	[OA_FIELD_TOP_P] = "top_p",
	[OA_FIELD_TOP_K] = "top_k",
	[OA_FIELD_STOP] = "stop",
	[OA_FIELD_NVEXT] = "nvext",
	[OA_FIELD_TOOL_CHOICE] = "tool_choice",
	[OA_FIELD_PARALLEL_TOOL_CALLS] = "parallel_tool_calls",
	[OA_FIELD_RESPONSE_FORMAT] = "response_format",
	[OA_FIELD_REASONING_EFFORT] = "reasoning_effort",
	[OA_FIELD_REASONING_BUDGET] = "reasoning_budget",
	[OA_FIELD_CHAT_TEMPLATE_KWARGS] = "chat_template_kwargs",
	[OA_FIELD_THINKING] = "thinking",
};

/* Words that mean a field without naming it. */
static const struct {
	const char *words;
	enum oa_field field;
} hints[] = {
	{ "chat_template is not supported", OA_FIELD_CHAT_TEMPLATE_KWARGS },
	{ "include_usage", OA_FIELD_STREAM_OPTIONS },
	{ "reasoning_config", OA_FIELD_REASONING_BUDGET },
};

/* One member of the body: where it starts (its comma or quote) and where it ends. */
struct member {
	size_t start, value, end;
};

static size_t skip_string(struct str s, size_t at)
{
	for (at++; at < s.len && s.ptr[at] != '"'; at++)
		at += s.ptr[at] == '\\';
	return at + 1;
}

static size_t skip_value(struct str s, size_t at)
{
	int depth = 0;

	for (; at < s.len; at++) {
		char c = s.ptr[at];

		if (c == '"')
			at = skip_string(s, at) - 1;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == ',' || c == '}' || c == ']') && depth == 0)
			break;
		else if (c == '}' || c == ']')
			depth--;
	}
	return at;
}

/* The member of that name at the top level; the first one ("model") is never asked for.
 */
static bool find_member(struct str s, struct str name, struct member *m)
{
	size_t at = 1;

	while (at < s.len && s.ptr[at] == '"') {
		size_t key = at + 1, key_end = skip_string(s, at) - 1;

		m->start = at - 1;
		m->value = key_end + 2;
		m->end = skip_value(s, m->value);
		if (m->value >= s.len || m->end > s.len)
			return false;
		if (str_eq((struct str){ s.ptr + key, key_end - key }, name))
			return true;
		at = m->end + 1;
	}
	return false;
}

static void cut(struct buf *b, size_t from, size_t to)
{
	memmove(b->data + from, b->data + to, b->len - to);
	buf_cut(b, b->len - (to - from));
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* A name without _ could be an English word: it counts in quotes and in paths only. */
static bool is_marked(struct str text, size_t at)
{
	if (at == 0)
		return false;
	if (strchr("'\"`.", text.ptr[at - 1]))
		return text.ptr[at - 1] != '\0';
	return at >= 3 && memcmp(text.ptr + at - 3, "-> ", 3) == 0;
}

static bool is_named(struct str text, struct str name)
{
	bool is_plain = memchr(name.ptr, '_', name.len) == NULL;

	for (size_t at = 0; at + name.len <= text.len; at++) {
		if (memcmp(text.ptr + at, name.ptr, name.len) != 0 ||
		    (at > 0 && is_word(text.ptr[at - 1])) ||
		    (at + name.len < text.len && is_word(text.ptr[at + name.len])))
			continue;
		if (!is_plain || is_marked(text, at))
			return true;
	}
	return false;
}

/* Validators repeat what they were given, which may hold any word. */
static struct str without_input(struct str text)
{
	static const char *const starts[] = { "'input':", "\"input\":",
					      "\\\"input\\\":" };

	for (size_t at = 0; at < text.len; at++)
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
			if (str_has_prefix((struct str){ text.ptr + at, text.len - at },
					   str_of(starts[i])))
				return (struct str){ text.ptr, at };
	return text;
}

static uint32_t find_named(struct str text, struct str body)
{
	uint32_t found = 0;
	struct member m;

	for (unsigned i = 0; i < OA_FIELD_COUNT; i++)
		if (is_named(text, str_of(oa_field_names[i])))
			found |= UINT32_C(1) << i;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (str_contains_nocase(text, str_of(hints[i].words)))
			found |= UINT32_C(1) << hints[i].field;
	for (unsigned i = 0; i < OA_FIELD_COUNT; i++)
		if (found >> i & 1 && !find_member(body, str_of(oa_field_names[i]), &m))
			found &= ~(UINT32_C(1) << i);
	return found;
}

static int64_t sent_tokens(struct str body)
{
	uint64_t tokens = 0;
	struct member m;

	if (find_member(body, STR("max_tokens"), &m))
		(void)str_to_u64((struct str){ body.ptr + m.value, m.end - m.value },
				 INT64_MAX, &tokens); /* else 0 */
	return (int64_t)tokens;
}

/* A smaller max_tokens that the limit leaves room for; 0 when there is none. */
static int64_t find_tokens(const struct oa_limit *limit, struct str body,
			   bool *is_lasting)
{
	int64_t tokens = 0;

	*is_lasting = limit->largest > 0;
	if (limit->largest > 0)
		tokens = limit->largest;
	else if (limit->output > 0 && limit->input > 0)
		tokens = limit->window - limit->input - MARGIN;
	if (tokens < (*is_lasting ? 1 : OA_REPAIR_TOKENS_MIN) ||
	    tokens >= sent_tokens(body))
		return 0;
	return tokens;
}

bool oa_repair_find(struct oa_repair *repair, const struct oa_error *error,
		    struct str text, struct str body)
{
	*repair = (struct oa_repair){ 0 };
	if (body.len == 0 ||
	    (error->status != 400 && error->status != 422 && error->status != 500))
		return false;
	repair->max_tokens = find_tokens(&error->limit, body, &repair->is_lasting);
	if (!error->limit.is_known && error->status != 500)
		repair->drop = find_named(without_input(text), body);
	return repair->drop != 0 || repair->max_tokens > 0;
}

void oa_repair_apply(const struct oa_repair *repair, struct buf *body)
{
	struct member m;
	char digits[24];
	int len;

	for (unsigned i = 0; i < OA_FIELD_COUNT; i++)
		if (repair->drop >> i & 1 &&
		    find_member(buf_str(body), str_of(oa_field_names[i]), &m))
			cut(body, m.start, m.end);
	if (repair->max_tokens <= 0 || repair->max_tokens >= sent_tokens(buf_str(body)))
		return;
	if (!find_member(buf_str(body), STR("max_tokens"), &m))
		return;
	/* the smaller number has no more digits */
	len = snprintf(digits, sizeof(digits), "%lld", (long long)repair->max_tokens);
	memcpy(body->data + m.value, digits, (size_t)len);
	cut(body, m.value + (size_t)len, m.end);
}
