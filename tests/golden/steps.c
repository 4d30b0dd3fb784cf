/* SPDX-License-Identifier: MIT */
/* Expected events in short; see steps.h. */
#include "config.h"

#include "tests/golden/steps.h"

#include <stdio.h>

#include "translate/ids.h"

/* The signature that the proxy gives: base64 of nim-proxy:unsigned. */
#define SIGNATURE "bmltLXByb3h5OnVuc2lnbmVk"

static const struct kind {
	const char *word, *begin, *delta;
} kinds[] = {
	{ "text", "{\"type\":\"text\",\"text\":\"\"}",
	  "{\"type\":\"text_delta\",\"text\":" },
	{ "think", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}",
	  "{\"type\":\"thinking_delta\",\"thinking\":" },
	{ "tool", NULL, "{\"type\":\"input_json_delta\",\"partial_json\":" },
};

/* The next word of *line: up to a blank, or a string with its quotes. */
static struct str next_word(struct str *line)
{
	*line = str_trim(*line);
	size_t n = 0;
	bool is_string = line->len > 0 && *line->ptr == '"';
	while (n < line->len && (is_string || line->ptr[n] != ' ')) {
		if (is_string && n > 0 && line->ptr[n] == '"') {
			n++;
			break;
		}
		n += is_string && line->ptr[n] == '\\' ? 2 : 1;
	}
	if (n > line->len)
		n = line->len;
	struct str word = { line->ptr, n };
	line->ptr += n;
	line->len -= n;
	return word;
}

static void put_start(struct buf *b, struct str line)
{
	struct str input = next_word(&line);
	buf_addf(b,
		 "event: message_start\n"
		 "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
		 "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-test\","
		 "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":"
		 "{\"input_tokens\":%.*s,\"cache_creation_input_tokens\":0,"
		 "\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n",
		 STR_ARG(input));
}

static void put_stop(struct buf *b, struct str line)
{
	struct str reason = next_word(&line), input = next_word(&line);
	struct str cached = next_word(&line), output = next_word(&line);
	struct str sequence = next_word(&line);
	if (sequence.len == 0)
		sequence = STR("null");
	buf_addf(b,
		 "event: message_delta\n"
		 "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%.*s\","
		 "\"stop_sequence\":%.*s},\"usage\":{\"input_tokens\":%.*s,"
		 "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":%.*s,"
		 "\"output_tokens\":%.*s}}\n\n"
		 "event: message_stop\n"
		 "data: {\"type\":\"message_stop\"}\n\n",
		 STR_ARG(reason), STR_ARG(sequence), STR_ARG(input), STR_ARG(cached),
		 STR_ARG(output));
}

static void put_begin(struct buf *b, const struct kind *kind, unsigned index,
		      struct str *line)
{
	buf_addf(
		b,
		"event: content_block_start\n"
		"data: {\"type\":\"content_block_start\",\"index\":%u,\"content_block\":",
		index);
	if (kind->begin) {
		buf_addf(b, "%s}\n\n", kind->begin);
		return;
	}
	struct str id = next_word(line), name = next_word(line);
	buf_addf(b,
		 "{\"type\":\"tool_use\",\"id\":\"%.*s\",\"name\":\"%.*s\",\"input\":{}}}"
		 "\n\n",
		 STR_ARG(id), STR_ARG(name));
}

static void put_delta(struct buf *b, unsigned index, const char *delta, struct str string)
{
	buf_addf(b,
		 "event: content_block_delta\n"
		 "data: {\"type\":\"content_block_delta\",\"index\":%u,\"delta\":%s",
		 index, delta);
	buf_adds(b, string);
	buf_lit(b, "}}\n\n");
}

static void put_block(struct buf *b, const struct kind *kind, unsigned index,
		      struct str line)
{
	put_begin(b, kind, index, &line);
	for (struct str word = next_word(&line); word.len > 0; word = next_word(&line)) {
		if (str_eq(word, STR("open")))
			return;
		put_delta(b, index, kind->delta, word);
	}
	if (strcmp(kind->word, "think") == 0)
		put_delta(b, index, "{\"type\":\"signature_delta\",\"signature\":",
			  STR("\"" SIGNATURE "\""));
	buf_addf(b,
		 "event: content_block_stop\n"
		 "data: {\"type\":\"content_block_stop\",\"index\":%u}\n\n",
		 index);
}

/* False when the line is none of ours. */
static bool put_line(struct buf *b, struct str line, unsigned *index)
{
	struct str word = next_word(&line);
	if (word.len == 0)
		return true;
	if (str_eq(word, STR("start"))) {
		put_start(b, line);
		return true;
	}
	if (str_eq(word, STR("stop"))) {
		put_stop(b, line);
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_eq(word, str_of(kinds[i].word)))
			continue;
		put_block(b, &kinds[i], (*index)++, line);
		return true;
	}
	return false;
}

int steps_expand(struct buf *b, struct str steps)
{
	unsigned index = 0;
	while (steps.len > 0) {
		const char *lf = memchr(steps.ptr, '\n', steps.len);
		size_t len = lf ? (size_t)(lf - steps.ptr) : steps.len;
		struct str line = { steps.ptr, len };
		if (!put_line(b, line, &index)) {
			fprintf(stderr, "not a step: %.*s\n", STR_ARG(line));
			return -1;
		}
		steps.ptr += len + (lf != NULL);
		steps.len -= len + (lf != NULL);
	}
	return 0;
}

static size_t run_of(struct str text, const char *bytes)
{
	size_t n = 0;
	while (n < text.len && strchr(bytes, text.ptr[n]) && text.ptr[n])
		n++;
	return n;
}

/* Length of what fills {name} at the beginning of actual; 0 when nothing does. */
static size_t fill(struct pool *p, struct str name, struct str actual)
{
	if (str_eq(name, STR("n")))
		return actual.len && *actual.ptr != '0' ? run_of(actual, "0123456789")
							: 0;
	struct str id = { actual.ptr,
			  run_of(actual,
				 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_-") };
	struct str inside = ids_tool_upstream(p, id);
	if (!str_has_prefix(id, STR("toolu_")))
		return 0;
	if (str_eq(name, STR("toolu")))
		return str_eq(inside, id) ? id.len : 0;
	struct str wanted = { name.ptr + 6, name.len - 6 };
	return str_eq(inside, wanted) ? id.len : 0;
}

/* The name of the placeholder at the beginning of text; empty when there is none. */
static struct str placeholder(struct str text)
{
	if (!str_has_prefix(text, STR("{n}")) && !str_has_prefix(text, STR("{toolu}")) &&
	    !str_has_prefix(text, STR("{toolu:")))
		return (struct str){ NULL, 0 };
	const char *end = memchr(text.ptr, '}', text.len);
	return (struct str){ text.ptr + 1, end ? (size_t)(end - text.ptr - 1) : 0 };
}

bool steps_match(struct pool *p, struct str expected, struct str actual, size_t *at)
{
	*at = 0;
	while (*at < expected.len) {
		struct str rest = { expected.ptr + *at, expected.len - *at };
		struct str name = placeholder(rest);
		size_t skip = name.len > 0 ? name.len + 2 : 1;
		size_t len = name.len > 0 ? fill(p, name, actual)
					  : actual.len > 0 && *actual.ptr == *rest.ptr;
		if (len == 0)
			return false;
		*at += skip;
		actual.ptr += len;
		actual.len -= len;
	}
	return actual.len == 0;
}
