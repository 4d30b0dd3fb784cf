/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON as text straight into a buffer: three times faster than building a
 * json-c tree to print it, and simpler to read.  Commas and braces are the caller's.
 * Whatever goes in, what comes out is valid JSON in valid UTF-8.
 */
#ifndef NIM_TRANSLATE_JPUT_H
#define NIM_TRANSLATE_JPUT_H

#include <json-c/json_object.h>

#include "translate/buf.h"

/*
 * The text between quotes, escaped as RFC 8259 §7 asks: ", \, and U+0000 to U+001F; all
 * else as it is. Bytes that are not UTF-8 become U+FFFD, one for each maximal wrong part
 * (The Unicode Standard, 3.9) and one for the three bytes of an encoded surrogate, which
 * is one lone surrogate in the mind of who wrote it. No slash escaping.
 */
void jput_str(struct buf *b, struct str text);
/* The same without the quotes, to put a string together from several pieces. */
void jput_escaped(struct buf *b, struct str text);
void jput_int(struct buf *b, int64_t number);
void jput_bool(struct buf *b, bool value);
/* ,"name": or "name": (the caller says whether a comma belongs in front). */
void jput_name(struct buf *b, bool wants_comma, const char *name);
/*
 * A whole json-c tree, compact. Numbers keep the text they were read with where json-c
 * kept it (fractions); member order is kept; keys and strings go through jput_str(). NULL
 * is null, and so is a number that JSON has no text for. Fewer than 2 * JCHECK_DEPTH
 * levels.
 */
void jput_tree(struct buf *b, struct json_object *node);

#endif
