/* SPDX-License-Identifier: MIT */
/*
 * Counting tokens without a vocabulary.  Byte-pair vocabularies of today first split text
 * into words with the blank in front of them, groups of digits, runs of punctuation and
 * runs of blanks; the split is done here, and each part costs what such parts cost on
 * average.  The weights were fitted to the mean of o200k, Llama 3 and Qwen 3 over English
 * and translated prose, source code, JSON, logs and listings.
 */
#include "config.h"

#include "translate/tokens.h"

#include "translate/utf8.h"
#include "translate/word.h"

/* All costs in thousandths of a token. */
enum {
	WORD = 950,	    /* behind a blank, with that blank */
	WORD_JOINED = 1070, /* behind anything else, as in snake_case */
	DIGITS_3 = 950,
	DIGIT = 280,	     /* some vocabularies know single digits only */
	BLANK_DIGITS = 1150, /* a blank does not join digits */
	PUNCT = 790,
	PUNCT_MORE = 530,  /* second of a run */
	PUNCT_LONG = 50,   /* each from the third on */
	PUNCT_WORD = -430, /* joins the word behind it */
	NEWLINES = 950,	   /* a run; none behind punctuation, which it joins */
	INDENT = 820,	   /* a run of two blanks or more */
	ACCENT = 460,	   /* a letter such as é or ü */
	FOREIGN = 150,	   /* each letter from the fifth, in a language with accents */
	FOREIGN_FULL = 12, /* accents in a thousand letters at which that holds in full */
	WRONG = 1000,	   /* bytes that are not UTF-8 */
};

/* What a word costs above its first four letters, by length. */
struct slope {
	size_t above;
	int64_t joined, other;
};
static const struct slope slopes[] = { { 4, 60, 50 }, { 7, 150, 310 }, { 11, 200, 120 } };

enum kind { PUNCTUATION, LOWER, UPPER, NUMBER, SPACE, LINE_END, WIDE };

struct script {
	uint32_t first, last;
	int64_t run;   /* what a run of it costs */
	uint32_t free; /* characters that the run's cost covers */
	int64_t each;  /* every other character */
	bool is_latin; /* goes on with a word */
};

/* In order of code points; what is missing costs as the last row. */
static const struct script scripts[] = {
	{ 0xc0, 0x24f, 0, 0, ACCENT, true },
	{ 0x250, 0x36f, 0, 0, 860, false },	 /* phonetic, combining */
	{ 0x370, 0x3ff, 0, 0, 620, false },	 /* Greek */
	{ 0x400, 0x52f, 1120, 3, 360, false },	 /* Cyrillic */
	{ 0x590, 0x7ff, 0, 0, 510, false },	 /* Hebrew, Arabic */
	{ 0x1e00, 0x1eff, 0, 0, ACCENT, true },	 /* Vietnamese */
	{ 0x2000, 0x2bff, 0, 0, 1060, false },	 /* symbols */
	{ 0x3000, 0x303f, 0, 0, 700, false },	 /* CJK punctuation */
	{ 0x3040, 0x30ff, 0, 0, 665, false },	 /* kana */
	{ 0x3400, 0x9fff, 0, 0, 730, false },	 /* Han */
	{ 0xac00, 0xd7af, 0, 0, 820, false },	 /* Hangul */
	{ 0xff00, 0xffef, 0, 0, 700, false },	 /* full width */
	{ 0x1f000, 0x1ffff, 0, 0, 2100, false }, /* emoji */
};
static const struct script other_script = { 0, 0, 0, 0, 1000, false };

struct count {
	const char *at, *end;
	enum kind before; /* kind of the part in front */
	int64_t cost;
	int64_t letters, accents;
	int64_t excess; /* letters from the fifth of each word */
};

#define TEN(k)	   k, k, k, k, k, k, k, k, k, k
#define LETTERS(k) TEN(k), TEN(k), k, k, k, k, k, k

/* What is not named is punctuation. */
static const uint8_t kinds[128] = {
	['\t'] = SPACE,		['\n'] = LINE_END,   ['\r'] = LINE_END,
	[' '] = SPACE,		['0'] = TEN(NUMBER), ['A'] = LETTERS(UPPER),
	['a'] = LETTERS(LOWER),
};

static enum kind kind_of(char byte)
{
	unsigned char c = (unsigned char)byte;

	return c < 0x80 ? (enum kind)kinds[c] : WIDE;
}

/* The script of the character at c->at and its length; NULL: not UTF-8. */
static const struct script *script_at(const struct count *c, size_t *len)
{
	size_t wrong = 0;
	*len = utf8_step(c->at, (size_t)(c->end - c->at), &wrong);
	if (*len == 0) {
		*len = wrong;
		return NULL;
	}
	uint32_t point = utf8_point(c->at, *len);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (point <= scripts[i].last)
			return point >= scripts[i].first ? &scripts[i] : &other_script;
	return &other_script;
}

static size_t skip(struct count *c, enum kind kind)
{
	const char *start = c->at;
	while (c->at < c->end && kind_of(*c->at) == kind)
		c->at++;
	return (size_t)(c->at - start);
}

/* Small letters, with accents or without. */
static size_t skip_small(struct count *c)
{
	size_t letters = 0;
	for (;;) {
		letters += skip(c, LOWER);
		if (c->at == c->end || kind_of(*c->at) != WIDE)
			return letters;
		size_t len;
		const struct script *script = script_at(c, &len);
		if (!script || !script->is_latin)
			return letters;
		c->cost += ACCENT;
		c->accents++;
		c->at += len;
		letters++;
	}
}

/* One word: capitals end it unless there is one, in front: fooBar is two, HTTP one. */
static void count_word(struct count *c)
{
	bool is_joined = c->before != SPACE && c->before != LINE_END;
	size_t capitals = skip(c, UPPER);
	size_t len = capitals + (capitals < 2 ? skip_small(c) : 0);
	c->cost += is_joined ? WORD_JOINED : WORD;
	c->letters += (int64_t)len;
	if (len <= slopes[0].above)
		return;
	c->excess += (int64_t)(len - slopes[0].above);
	for (size_t i = 0; i < sizeof(slopes) / sizeof(slopes[0]); i++)
		if (len > slopes[i].above)
			c->cost += (is_joined ? slopes[i].joined : slopes[i].other) *
				   (int64_t)(len - slopes[i].above);
}

static void count_number(struct count *c)
{
	int64_t len = (int64_t)skip(c, NUMBER);
	c->cost += (len + 2) / 3 * DIGITS_3 + len * DIGIT;
	if (c->before == SPACE)
		c->cost += BLANK_DIGITS;
}

static void count_punctuation(struct count *c)
{
	int64_t len = (int64_t)skip(c, PUNCTUATION);
	c->cost += PUNCT;
	if (len > 1)
		c->cost += PUNCT_MORE + (len - 2) * PUNCT_LONG;
	if (c->at == c->end)
		return;
	size_t wide_len;
	enum kind next = kind_of(*c->at);
	const struct script *script = next == WIDE ? script_at(c, &wide_len) : NULL;
	if (next == LOWER || next == UPPER || (script && script->is_latin))
		c->cost += PUNCT_WORD;
}

/* A run of one script other than Latin, or bytes that are none. */
static void count_wide(struct count *c)
{
	size_t len;
	const struct script *first = script_at(c, &len), *script = first;
	int64_t characters = 0;
	if (first && first->is_latin) {
		count_word(c);
		return;
	}
	while (script == first) {
		c->at += len;
		characters++;
		if (c->at == c->end || kind_of(*c->at) != WIDE)
			break;
		script = script_at(c, &len);
	}
	if (!first)
		c->cost += characters * WRONG;
	else if (characters > first->free)
		c->cost += first->run + (characters - first->free) * first->each;
	else
		c->cost += first->run;
}

static void count_part(struct count *c)
{
	enum kind kind = kind_of(*c->at);
	switch (kind) {
	case LOWER:
	case UPPER:
		count_word(c);
		break;
	case NUMBER:
		count_number(c);
		break;
	case SPACE:
		if (skip(c, SPACE) > 1)
			c->cost += INDENT;
		break;
	case LINE_END:
		(void)skip(c, LINE_END); /* the run's length makes no difference */
		if (c->before != PUNCTUATION)
			c->cost += NEWLINES;
		break;
	case PUNCTUATION:
		count_punctuation(c);
		break;
	case WIDE:
		count_wide(c);
		break;
	}
	c->before = kind;
}

int64_t tokens_text(struct str text)
{
	if (text.len == 0)
		return 0;
	struct count c = { .at = text.ptr,
			   .end = text.ptr + text.len,
			   .before = LINE_END };
	while (c.at < c.end)
		count_part(&c);
	if (c.accents > 0) {
		int64_t share = c.accents * 1000000 / FOREIGN_FULL / c.letters;
		c.cost += c.excess * FOREIGN * (share < 1000 ? share : 1000) / 1000;
	}
	return c.cost < 1000 ? 1 : (c.cost + 500) / 1000;
}

int64_t tokens_quarters(struct str text)
{
	int64_t ascii = 0, others = 0;
	size_t at = 0;
	for (; text.len - at >= 8; at += 8) {
		uint64_t word = word_at(text.ptr + at);
		uint64_t wide = word & WORD_TOPS;
		uint64_t tails =
			wide & ~(word << 1); /* 10xxxxxx: goes on with a character */
		ascii += 8 - __builtin_popcountll(wide);
		others += __builtin_popcountll(wide) - __builtin_popcountll(tails);
	}
	for (; at < text.len; at++) {
		unsigned char byte = (unsigned char)text.ptr[at];
		ascii += byte < 0x80;
		others += byte >= 0xc0;
	}
	return ascii + 3 * others;
}
