/* SPDX-License-Identifier: MIT */
/*
 * Reads files of golden cases, input beside expected output, so that a case is read and
 * written like a page of text:
 *
 *     #| a comment, before the first case only
 *     ### words that say the behaviour
 *     === section words of its own
 *     the section's text, up to the next line that starts with === or ###
 *
 * Lines end with LF.  The line feed right before the next === or ### belongs to the
 * format, so a text that shall end with a line feed has an empty line behind it.  Lines
 * between a ### line and its first === line are remarks and are skipped.
 */
#ifndef NIM_TESTS_GOLDEN_H
#define NIM_TESTS_GOLDEN_H

#include "translate/buf.h"

enum { GOLDEN_SECTIONS_MAX = 16 };

struct golden_section {
	struct str name;  /* first word of the === line */
	struct str words; /* the rest of that line, trimmed; may be empty */
	struct str text;
};

struct golden_case {
	struct str name;
	unsigned line; /* of the ### line, from 1 */
	size_t count;
	struct golden_section sections[GOLDEN_SECTIONS_MAX];
};

/* An open file of cases. */
struct golden {
	struct buf text;
	size_t at;     /* the next unread byte */
	unsigned line; /* its line, from 1 */
	const char *path;
};

/* Reads the whole file. 0; -1, with a line on stderr, when it can't be read. */
int golden_open(struct golden *g, const char *path);
/* All slices of its cases end with it. */
void golden_close(struct golden *g);
/*
 * The next case. 1: *c is filled; 0: no more; -1: the file is not well-formed (text
 * before the first case, too many sections), with a line on stderr.
 */
int golden_next(struct golden *g, struct golden_case *c);

/* The section of that name, or NULL. */
const struct golden_section *golden_find(const struct golden_case *c, const char *name);
/* Its text, empty when there is no such section. */
struct str golden_text(const struct golden_case *c, const char *name);
/* True when word is one of the words on the section's line. */
bool golden_has_word(const struct golden_section *s, const char *word);
/* The number of "key=number" on the section's line, or otherwise when it isn't there. */
int64_t golden_number(const struct golden_section *s, const char *key, int64_t otherwise);

/* A runner's main(): every case of the files that are arguments. TAP on stdout. */
typedef bool golden_test_fn(const struct golden_case *c, unsigned number);
int golden_main(int argc, char **argv, golden_test_fn *test);

#endif
