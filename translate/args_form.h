/* SPDX-License-Identifier: MIT */
/*
 * Wrappings that models put around a tool call's arguments (args.h): a ``` fence, or a
 * JSON string that holds the object as text.
 */
#ifndef NIM_TRANSLATE_ARGS_FORM_H
#define NIM_TRANSLATE_ARGS_FORM_H

#include "translate/args.h"

/*
 * Takes one wrapping off text: true, and inner (empty before) has what was inside,
 * shorter than text; or'es ARGS_UNWRAPPED, and ARGS_CLOSED when a string had no end, to
 * *repairs. False when there is none or inner is full.
 */
bool args_form_unwrap(struct str text, struct buf *inner, unsigned *repairs);

#endif
