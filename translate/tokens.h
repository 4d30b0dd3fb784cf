/* SPDX-License-Identifier: MIT */
/*
 * Estimating tokens without a vocabulary: a weighted count over the text's characters
 * (ASCII words, digits, punctuation, other scripts).  Used by count_tokens and wherever the
 * upstream reports no usage; such numbers are marked as estimated by whoever stores them.
 */
#ifndef NIM_TRANSLATE_TOKENS_H
#define NIM_TRANSLATE_TOKENS_H

#include <json-c/json_object.h>

#include "translate/str.h"

/* Tokens of one text; 0 for an empty one. */
int64_t tokens_text(struct str text);
/*
 * Tokens of an Anthropic request (messages, system, tools): every text in it with the
 * overhead of roles and tools; images count IMAGE tokens and not their base64. At least 1.
 */
int64_t tokens_request(struct json_object *request);

enum { TOKENS_IMAGE = 1600 }; /* Anthropic: about width x height / 750, 1568 px a side at most */

#endif
