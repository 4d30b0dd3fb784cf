/* SPDX-License-Identifier: MIT */
/* A scan over libconfig's tokens that knows just enough to find a group by its name. */
#include "config.h"

#include "master/people_edit.h"

enum kind { END, WORD, TEXT, SIGN };

struct token {
	enum kind kind;
	size_t from, till; /* in the text; a text with its quotes */
};

struct scan {
	struct str text;
	size_t at;
};

/* Where the people stand, and the one that is looked for. */
struct place {
	size_t list_open, list_close; /* behind (, and of ) */
	size_t list_last;	      /* behind the last group's }; 0: there is none */
	bool has_list, has_person;
	size_t from, till;	      /* of the person's group, braces included */
	struct token token, disabled; /* values; kind END: not there */
};

static bool starts(const struct scan *s, const char *word)
{
	return str_has_prefix((struct str){ s->text.ptr + s->at, s->text.len - s->at },
			      str_of(word));
}

static void skip_to(struct scan *s, const char *end)
{
	while (s->at < s->text.len && !starts(s, end))
		s->at++;
	if (s->at < s->text.len)
		s->at += strlen(end);
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->text.len) {
		if (s->text.ptr[s->at] == '#' || starts(s, "//"))
			skip_to(s, "\n");
		else if (starts(s, "/*"))
			skip_to(s, "*/");
		else if (strchr(" \t\r\n\f", s->text.ptr[s->at]))
			s->at++;
		else
			return;
	}
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-+.*@", c));
}

static struct token next(struct scan *s)
{
	struct token t = { END, 0, 0 };

	skip_blanks(s);
	t.from = s->at;
	if (s->at >= s->text.len)
		return t;
	if (s->text.ptr[s->at] == '"') {
		t.kind = TEXT;
		for (s->at++; s->at < s->text.len && s->text.ptr[s->at] != '"'; s->at++)
			s->at += s->text.ptr[s->at] == '\\';
		s->at++;
	} else if (is_word(s->text.ptr[s->at])) {
		t.kind = WORD;
		while (s->at < s->text.len && is_word(s->text.ptr[s->at]))
			s->at++;
	} else {
		t.kind = SIGN;
		s->at++;
	}
	if (s->at > s->text.len)
		s->at = s->text.len;
	t.till = s->at;
	return t;
}

static bool is(const struct scan *s, struct token t, const char *word)
{
	return str_eq((struct str){ s->text.ptr + t.from, t.till - t.from },
		      str_of(word));
}

static bool is_opening(const struct scan *s, struct token t)
{
	return t.kind == SIGN && strchr("({[", s->text.ptr[t.from]);
}

static bool is_closing(const struct scan *s, struct token t)
{
	return t.kind == SIGN && strchr(")}]", s->text.ptr[t.from]);
}

/* A group, from behind its { to its }. Notes it when it is the person's. */
static bool read_group(struct scan *s, struct place *p, size_t from, struct str name)
{
	struct token token = { END, 0, 0 }, disabled = token, t, last = token;
	bool is_person = false;
	int depth = 0;

	for (t = next(s); t.kind != END; t = next(s)) {
		struct token value;

		if (depth == 0 && is_closing(s, t))
			break;
		depth += is_opening(s, t) - is_closing(s, t);
		if (t.kind == WORD)
			last = t;
		if (depth != 0 || !(is(s, t, "=") || is(s, t, ":")))
			continue;
		value = next(s);
		depth += is_opening(s, value);
		if (is(s, last, "token_sha256"))
			token = value;
		else if (is(s, last, "disabled"))
			disabled = value;
		else if (is(s, last, "name") && value.kind == TEXT)
			is_person = str_eq((struct str){ s->text.ptr + value.from + 1,
							 value.till - value.from - 2 },
					   name);
	}
	if (is_person) {
		p->has_person = true;
		p->from = from;
		p->till = t.till;
		p->token = token;
		p->disabled = disabled;
	}
	p->list_last = t.till;
	return t.kind != END;
}

static bool read_list(struct scan *s, struct place *p, struct str name)
{
	struct token t;

	p->has_list = true;
	p->list_open = s->at;
	for (t = next(s); t.kind != END && !is(s, t, ")"); t = next(s))
		if (is(s, t, "{") && !read_group(s, p, t.from, name))
			return false;
	p->list_close = t.from;
	return t.kind != END;
}

/* False when brackets do not match. */
static bool find(struct str text, struct place *p, struct str name)
{
	struct scan s = { text, 0 };
	struct token last = { END, 0, 0 }, t;
	int depth = 0;

	memset(p, 0, sizeof(*p));
	for (t = next(&s); t.kind != END; t = next(&s)) {
		if (depth == 0 && is(&s, t, "(") && last.kind == WORD &&
		    is(&s, last, "people")) {
			if (!read_list(&s, p, name))
				return false;
			continue;
		}
		depth += is_opening(&s, t) - is_closing(&s, t);
		if (t.kind == WORD)
			last = t;
	}
	return depth == 0;
}

/* The text with [from, till) replaced. */
static void replace(struct buf *to, struct str text, size_t from, size_t till,
		    const char *before, struct str value, const char *after)
{
	buf_add(to, text.ptr, from);
	buf_adds(to, str_of(before));
	buf_adds(to, value);
	buf_adds(to, str_of(after));
	buf_add(to, text.ptr + till, text.len - till);
}

static void add(struct buf *to, struct str text, const struct place *p, struct str group)
{
	if (!p->has_list)
		replace(to, text, text.len, text.len, "\npeople = (\n    ", group,
			"\n);\n");
	else if (p->list_last)
		replace(to, text, p->list_last, p->list_last, ",\n    ", group, "");
	else
		replace(to, text, p->list_open, p->list_open, "\n    ", group, "\n");
}

static void disable(struct buf *to, struct str text, const struct place *p,
		    const char *word)
{
	if (p->disabled.kind == WORD)
		replace(to, text, p->disabled.from, p->disabled.till, "", str_of(word),
			"");
	else
		replace(to, text, p->till - 1, p->till - 1, "disabled = ", str_of(word),
			"; ");
}

/* With the comma behind it, or else the one before. */
static void drop(struct buf *to, struct str text, const struct place *p)
{
	struct scan s = { text, p->till };
	size_t from = p->from, till = p->till;
	struct token t = next(&s);

	if (is(&s, t, ",")) {
		till = t.till;
	} else {
		while (from > p->list_open && strchr(" \t\r\n", text.ptr[from - 1]))
			from--;
		if (from > p->list_open && text.ptr[from - 1] == ',')
			from--;
		else
			from = p->from;
	}
	replace(to, text, from, till, "", STR(""), "");
}

const char *people_edit(struct buf *to, struct str text, enum people_edit edit,
			struct str name, struct str value)
{
	struct place p;

	if (!find(text, &p, name))
		return "its brackets do not match";
	if (p.has_person != (edit != PEOPLE_ADD))
		return p.has_person ? "there is a person of that name already"
				    : "there is no person of that name";
	switch (edit) {
	case PEOPLE_ADD:
		add(to, text, &p, value);
		break;
	case PEOPLE_ROTATE:
		if (p.token.kind != TEXT)
			return "the person has no token_sha256";
		replace(to, text, p.token.from, p.token.till, "\"", value, "\"");
		break;
	case PEOPLE_DISABLE:
		disable(to, text, &p, "true");
		break;
	case PEOPLE_ENABLE:
		disable(to, text, &p, "false");
		break;
	case PEOPLE_REMOVE:
		drop(to, text, &p);
		break;
	}
	return NULL;
}
