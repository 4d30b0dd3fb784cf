/* SPDX-License-Identifier: MIT */
/*
 * RFC 8259 to the letter, and what real servers refuse beyond it: a byte order mark,
 * duplicate names (Dynamo), lone surrogates (Dynamo, vLLM), nesting above 128 (serde).
 * A reading of its own, so that it judges nim's writer and does not share its mistakes.
 */
#ifndef NIM_FAKENIM_STRICT_JSON_H
#define NIM_FAKENIM_STRICT_JSON_H

#include "translate/str.h"

/* NULL when text is one valid JSON value, else what is wrong; *at is the byte. */
const char *strict_json(struct str text, size_t *at);

#endif
