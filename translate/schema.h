/* SPDX-License-Identifier: MIT */
/*
 * JSON Schemas of tools and answers on their way upstream.  They go as they are; for a
 * model whose server is known to stumble (models.conf, plain_schemas) they are said in
 * fewer words:
 *
 *     $schema, $id, $anchor, $comment, format              left out
 *     $ref into $defs or definitions                       what it points to, put in
 * place;
 *                                                          {} inside itself or elsewhere
 *     "type": ["string", "null"]                           "type": "string"
 *     anyOf, oneOf of one thing and null                   that thing
 *     true as a schema                                     {}
 *
 * (NIM: NIM 1.x and SGLang refuse some of these, Kimi K2.6 answers 500 to $defs; Dynamo
 * 1.6.1 and vLLM 0.32.0 take all of them.)
 */
#ifndef NIM_TRANSLATE_SCHEMA_H
#define NIM_TRANSLATE_SCHEMA_H

#include "translate/buf.h"
#include "translate/jget.h"

/* Appends the schema, an object, as JSON. */
void schema_put(struct buf *b, struct json_object *schema, bool is_plain);

#endif
