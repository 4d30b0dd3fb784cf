/* SPDX-License-Identifier: MIT */
/*
 * One linear look at a JSON text before json-c sees it.  json-c 0.16 accepts NaN,
 * raw control characters, leading zeros and overlong UTF-8, cuts keys at U+0000 and
 * spends 264 times the size of {},{},... in memory; this scan refuses all of that in
 * constant memory, so the tree that is built afterwards has a known bound.
 *
 * Rules: RFC 8259 to the letter (no BOM, no comments, one value); UTF-8 by
 * libunistring's u8_check; nesting at most JCHECK_DEPTH; at most JCHECK_NODES values and
 * keys together; no NUL (raw or \u0000) in a key.  Lone surrogates (\ud800 without its
 * other half) are allowed here: they are replaced by U+FFFD when text is written.
 */
#ifndef NIM_TRANSLATE_JCHECK_H
#define NIM_TRANSLATE_JCHECK_H

#include "translate/str.h"

enum {
	JCHECK_DEPTH = 64, /* Claude Code's schemas reach 12; json-c is told the same */
	JCHECK_NODES =
		200000, /* a 2 MB conversation has about 6,000; 200,000 cost 60 MB */
};

struct jcheck_error {
	const char
		*reason; /* constant text, lower case, no full stop: "depth above 64" */
	size_t offset;	 /* byte at which it was noticed, from 0 */
};

/* Returns 0 when text is fine; -1 and *error otherwise. Never reads beyond text. */
int jcheck(struct str text, struct jcheck_error *error);

#endif
