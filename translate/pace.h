/* SPDX-License-Identifier: MIT */
/*
 * Cuts text into the small pieces in which Anthropic's own models stream: at most max
 * characters, at sub-word boundaries (after blanks, closing punctuation, before an opening
 * bracket), never inside a code point nor between a character and its combining marks.
 */
#ifndef NIM_TRANSLATE_PACE_H
#define NIM_TRANSLATE_PACE_H

#include "translate/str.h"

enum { PACE_DEFAULT = 6 }; /* characters; the seed's feel */

/*
 * Length in bytes of the next piece of text (> 0 when text is not empty). max_chars 0 means
 * no cutting: all of text. Text that is not UTF-8 is cut by bytes.
 */
size_t pace_next(struct str text, unsigned max_chars);

#endif
