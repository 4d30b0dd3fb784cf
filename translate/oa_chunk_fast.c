/* SPDX-License-Identifier: MIT */
/*
 * The common chunk without a tree.  It accepts less than JSON (RFC 8259), never more: one
 * choice of index 0, a delta of strings, and null wherever something unusual would stand.
 * Whatever else comes, it gives up and json-c reads the chunk.
 */
#include "config.h"

#include "translate/oa_chunk.h"

#include "translate/word.h"

/* A longer chunk is not the common one; also keeps the scan far below jcheck's limits. */
enum { FAST_MAX = 64 << 10 };

struct fast {
	const char *at, *end;
	struct oa_chunk *chunk;
	struct pool *pool;
	struct str reasoning_content, reasoning;
	bool has_choices, has_delta, has_content, has_reasoning_content, has_reasoning;
};

typedef bool member_fn(struct fast *f, struct str name);

static void skip_blanks(struct fast *f)
{
	while (f->at < f->end &&
	       (*f->at == ' ' || *f->at == '\n' || *f->at == '\r' || *f->at == '\t'))
		f->at++;
}

/* The byte c, blanks before it skipped; false and nothing eaten when it isn't there. */
static bool take(struct fast *f, char c)
{
	skip_blanks(f);
	if (f->at == f->end || *f->at != c)
		return false;
	f->at++;
	return true;
}

static bool take_word(struct fast *f, struct str word)
{
	skip_blanks(f);
	if (!str_has_prefix((struct str){ f->at, (size_t)(f->end - f->at) }, word))
		return false;
	f->at += word.len;
	return true;
}

static bool take_null(struct fast *f)
{
	return take_word(f, STR("null"));
}

/* Bytes that end a plain run inside a string. */
static bool is_special(char c)
{
	return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

/* Moves to the next special byte or the end. */
static void skip_plain(struct fast *f)
{
	for (; f->end - f->at >= 8; f->at += 8) {
		uint64_t marks = word_marks(word_at(f->at));
		if (marks) {
			f->at += word_first(marks);
			return;
		}
	}
	while (f->at < f->end && !is_special(*f->at))
		f->at++;
}

/* A string; *raw is what stands between the quotes. Escapes are not looked into. */
static bool take_string(struct fast *f, struct str *raw, bool *has_escape)
{
	if (!take(f, '"'))
		return false;
	const char *from = f->at;
	*has_escape = false;
	for (;;) {
		skip_plain(f);
		if (f->at == f->end || (unsigned char)*f->at < 0x20)
			return false;
		if (*f->at == '"')
			break;
		*has_escape = true;
		f->at += 2;
		if (f->at > f->end)
			return false;
	}
	*raw = (struct str){ from, (size_t)(f->at - from) };
	f->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Four hexadecimal digits; -1 for others and for surrogates, which json-c pairs up. */
static int read_unit(struct str raw)
{
	int unit = 0;
	if (raw.len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(raw.ptr[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit >= 0xd800 && unit <= 0xdfff ? -1 : unit;
}

static char *put_unit(char *to, int unit)
{
	if (unit < 0x80) {
		*to++ = (char)unit;
	} else if (unit < 0x800) {
		*to++ = (char)(0xc0 | unit >> 6);
		*to++ = (char)(0x80 | (unit & 0x3f));
	} else {
		*to++ = (char)(0xe0 | unit >> 12);
		*to++ = (char)(0x80 | (unit >> 6 & 0x3f));
		*to++ = (char)(0x80 | (unit & 0x3f));
	}
	return to;
}

static const char short_escapes[128] = {
	['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
	['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* The text of a string with escapes; false when one is unusual or wrong. */
static bool unescape(struct pool *p, struct str raw, struct str *text)
{
	char *to = pool_alloc(p, raw.len);
	*text = (struct str){ to, 0 };
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] != '\\') {
			*to++ = raw.ptr[i];
			continue;
		}
		unsigned char kind = (unsigned char)raw.ptr[++i];
		if (kind == 'u') {
			int unit = read_unit(
				(struct str){ raw.ptr + i + 1, raw.len - i - 1 });
			if (unit < 0)
				return false;
			to = put_unit(to, unit);
			i += 4;
		} else if (kind < 128 && short_escapes[kind]) {
			*to++ = short_escapes[kind];
		} else {
			return false;
		}
	}
	text->len = (size_t)(to - text->ptr);
	return true;
}

static bool take_text(struct fast *f, struct str *text)
{
	bool has_escape = false;
	if (!take_string(f, text, &has_escape))
		return false;
	return !has_escape || unescape(f->pool, *text, text);
}

/* A whole number without fraction, exponent, or zero in front. */
static bool take_number(struct fast *f, struct str *digits)
{
	skip_blanks(f);
	const char *from = f->at;
	if (f->at < f->end && *f->at == '-')
		f->at++;
	const char *first = f->at;
	while (f->at < f->end && *f->at >= '0' && *f->at <= '9')
		f->at++;
	*digits = (struct str){ from, (size_t)(f->at - from) };
	return f->at > first && (*first != '0' || f->at - first == 1);
}

static bool skip_scalar(struct fast *f)
{
	struct str ignored;
	skip_blanks(f);
	if (f->at == f->end)
		return false;
	switch (*f->at) {
	case '"':
		return take_text(f, &ignored); /* looks into the escapes, too */
	case 'n':
		return take_null(f);
	case 't':
		return take_word(f, STR("true"));
	case 'f':
		return take_word(f, STR("false"));
	default:
		return take_number(f, &ignored);
	}
}

/* An object; each member's value is the business of member. */
static bool walk(struct fast *f, member_fn *member)
{
	if (!take(f, '{'))
		return false;
	if (take(f, '}'))
		return true;
	do {
		struct str name;
		bool has_escape = false;
		if (!take_string(f, &name, &has_escape) || has_escape || !take(f, ':') ||
		    !member(f, name))
			return false;
	} while (take(f, ','));
	return take(f, '}');
}

/* A string or null, at most once. */
static bool take_delta_text(struct fast *f, bool *is_seen, struct str *text)
{
	if (*is_seen)
		return false;
	*is_seen = true;
	return take_null(f) || take_text(f, text);
}

static bool delta_member(struct fast *f, struct str name)
{
	if (str_eq(name, STR("content")))
		return take_delta_text(f, &f->has_content, &f->chunk->content);
	if (str_eq(name, STR("reasoning_content")))
		return take_delta_text(f, &f->has_reasoning_content,
				       &f->reasoning_content);
	if (str_eq(name, STR("reasoning")))
		return take_delta_text(f, &f->has_reasoning, &f->reasoning);
	if (str_eq(name, STR("tool_calls")))
		return take_null(f);
	return skip_scalar(f);
}

static bool choice_member(struct fast *f, struct str name)
{
	if (str_eq(name, STR("delta"))) {
		if (f->has_delta)
			return false;
		f->has_delta = true;
		return walk(f, delta_member);
	}
	if (str_eq(name, STR("index"))) {
		struct str digits;
		return take_number(f, &digits) && str_eq(digits, STR("0"));
	}
	if (str_eq(name, STR("finish_reason")) || str_eq(name, STR("stop_reason")))
		return take_null(f);
	return skip_scalar(f);
}

static bool top_member(struct fast *f, struct str name)
{
	if (str_eq(name, STR("choices"))) {
		if (f->has_choices)
			return false;
		f->has_choices = true;
		return take(f, '[') && walk(f, choice_member) && take(f, ']');
	}
	if (str_eq(name, STR("usage")) || str_eq(name, STR("error")) ||
	    str_eq(name, STR("nvext")))
		return take_null(f);
	return skip_scalar(f);
}

bool oa_chunk_fast(struct oa_chunk *chunk, struct pool *p, struct str data)
{
	if (data.len == 0 || data.len > FAST_MAX)
		return false;
	struct fast f = {
		.at = data.ptr, .end = data.ptr + data.len, .chunk = chunk, .pool = p
	};
	*chunk = (struct oa_chunk){ .kind = OA_DELTA };
	if (!walk(&f, top_member) || !f.has_choices)
		return false;
	skip_blanks(&f);
	chunk->reasoning =
		f.reasoning_content.len > 0 ? f.reasoning_content : f.reasoning;
	return f.at == f.end;
}
