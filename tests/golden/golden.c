/* SPDX-License-Identifier: MIT */
/* The reader of golden case files; see golden.h for the format. */
#include "config.h"

#include "tests/golden/golden.h"

#include <stdio.h>

enum { GOLDEN_FILE_MAX = 16 << 20 }; /* a mistyped path shall not eat the machine */

int golden_open(struct golden *g, const char *path)
{
	*g = (struct golden){ .line = 1, .path = path };
	buf_init(&g->text, GOLDEN_FILE_MAX);
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	char piece[4096];
	size_t n = 0;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&g->text, piece, n);
	bool is_bad = ferror(f) || g->text.has_failed;
	(void)fclose(f); /* only read */
	if (is_bad) {
		fprintf(stderr, "%s: can't be read\n", path);
		golden_close(g);
		return -1;
	}
	return 0;
}

void golden_close(struct golden *g)
{
	buf_release(&g->text);
}

/* The line at g->at without its line feed; false at the end of the file. */
static bool peek_line(const struct golden *g, struct str *line)
{
	if (g->at >= g->text.len)
		return false;
	const char *start = g->text.data + g->at;
	size_t left = g->text.len - g->at;
	const char *lf = memchr(start, '\n', left);
	*line = (struct str){ start, lf ? (size_t)(lf - start) : left };
	return true;
}

static void skip_line(struct golden *g, struct str line)
{
	g->at += line.len;
	if (g->at < g->text.len)
		g->at++;
	g->line++;
}

static bool is_mark(struct str line, const char *mark)
{
	return str_has_prefix(line, str_of(mark));
}

/* Reads one section's text; g stands behind its === line. */
static struct str read_text(struct golden *g)
{
	struct str line;
	size_t from = g->at;
	while (peek_line(g, &line) && !is_mark(line, "===") && !is_mark(line, "###"))
		skip_line(g, line);
	size_t to = g->at;
	if (to > from && g->text.data[to - 1] == '\n')
		to--;
	return (struct str){ g->text.data + from, to - from };
}

static void read_section_line(struct golden_section *s, struct str line)
{
	struct str rest = str_trim((struct str){ line.ptr + 3, line.len - 3 });
	size_t n = 0;
	while (n < rest.len && rest.ptr[n] != ' ')
		n++;
	s->name = (struct str){ rest.ptr, n };
	s->words = str_trim((struct str){ rest.ptr + n, rest.len - n });
}

static int read_sections(struct golden *g, struct golden_case *c)
{
	struct str line;
	while (peek_line(g, &line) && !is_mark(line, "###")) {
		unsigned at_line = g->line;
		skip_line(g, line);
		if (!is_mark(line, "==="))
			continue;
		if (c->count == GOLDEN_SECTIONS_MAX) {
			fprintf(stderr, "%s:%u: too many sections\n", g->path, at_line);
			return -1;
		}
		struct golden_section *s = &c->sections[c->count++];
		read_section_line(s, line);
		s->text = read_text(g);
	}
	return 1;
}

int golden_next(struct golden *g, struct golden_case *c)
{
	struct str line;
	while (peek_line(g, &line) && !is_mark(line, "###")) {
		if (!is_mark(line, "#|") && str_trim(line).len > 0) {
			fprintf(stderr, "%s:%u: text before the first case\n", g->path,
				g->line);
			return -1;
		}
		skip_line(g, line);
	}
	if (!peek_line(g, &line))
		return 0;
	*c = (struct golden_case){ .line = g->line };
	c->name = str_trim((struct str){ line.ptr + 3, line.len - 3 });
	skip_line(g, line);
	return read_sections(g, c);
}

const struct golden_section *golden_find(const struct golden_case *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_eq(c->sections[i].name, str_of(name)))
			return &c->sections[i];
	return NULL;
}

struct str golden_text(const struct golden_case *c, const char *name)
{
	const struct golden_section *s = golden_find(c, name);
	return s ? s->text : (struct str){ NULL, 0 };
}

/* The next word of *rest, which is shortened; empty at the end. */
static struct str next_word(struct str *rest)
{
	*rest = str_trim(*rest);
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] != ' ')
		n++;
	struct str word = { rest->ptr, n };
	rest->ptr += n;
	rest->len -= n;
	return word;
}

bool golden_has_word(const struct golden_section *s, const char *word)
{
	struct str rest = s->words;
	for (struct str w = next_word(&rest); w.len > 0; w = next_word(&rest))
		if (str_eq(w, str_of(word)))
			return true;
	return false;
}

int64_t golden_number(const struct golden_section *s, const char *key, int64_t otherwise)
{
	struct str rest = s->words;
	size_t n = strlen(key);
	for (struct str w = next_word(&rest); w.len > 0; w = next_word(&rest)) {
		if (w.len <= n || !str_has_prefix(w, str_of(key)) || w.ptr[n] != '=')
			continue;
		uint64_t value = 0;
		struct str digits = { w.ptr + n + 1, w.len - n - 1 };
		if (str_to_u64(digits, INT64_MAX, &value) == 0)
			return (int64_t)value;
	}
	return otherwise;
}

int golden_main(int argc, char **argv, golden_test_fn *test)
{
	unsigned number = 0, failed = 0;
	for (int i = 1; i < argc; i++) {
		struct golden g;
		struct golden_case c;
		int result = golden_open(&g, argv[i]);
		while (result == 0 && (result = golden_next(&g, &c)) == 1) {
			failed += !test(&c, ++number);
			result = 0;
		}
		failed += result < 0;
		golden_close(&g);
	}
	printf("1..%u\n", number);
	return failed > 0 || number == 0;
}
