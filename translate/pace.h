/* SPDX-License-Identifier: MIT */
/*
 * Cuts text into the small pieces in which Anthropic's own models stream: at most max
 * characters, at sub-word boundaries (after blanks, closing punctuation, before an
 * opening bracket), never inside a code point nor between a character and its combining
 * marks.
 */
#ifndef NIM_TRANSLATE_PACE_H
#define NIM_TRANSLATE_PACE_H

#include "translate/str.h"

enum { PACE_DEFAULT = 6 }; /* characters; the seed's feel */

/*
 * Length in bytes of the next piece of text (> 0 when text is not empty): all of it when
 * it has at most max_chars characters, else up to the last good place within max_chars,
 * or max_chars when there is none. A character is a grapheme cluster (Unicode, UAX 29),
 * so a letter under a heap of accents may make a long piece. max_chars 0 means no
 * cutting: all of text. A wrong byte counts as a character.
 */
size_t pace_next(struct str text, unsigned max_chars);

#endif
