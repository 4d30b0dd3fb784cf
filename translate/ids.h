/* SPDX-License-Identifier: MIT */
/*
 * Identifiers as Anthropic's API writes them, and tool ids that remember the upstream's
 * own.
 *
 * A tool id must be legal for the client (letters, digits, _ and -), unique in the
 * conversation although upstreams repeat theirs (functions.ls:0 in every answer), and
 * must come back to the upstream byte for byte on replay, because Kimi's template needs
 * it. So the upstream's id travels inside ours:
 *
 *     toolu_nim<16 random letters and digits>            the upstream gave none
 *     toolu_nim<16 random letters and digits>_<base64url of the upstream's id, unpadded>
 *
 * Randomness is an argument: translate has none of its own.
 */
#ifndef NIM_TRANSLATE_IDS_H
#define NIM_TRANSLATE_IDS_H

#include "translate/pool.h"

enum {
	IDS_RANDOM = 16,	/* random bytes that each maker takes */
	IDS_UPSTREAM_MAX = 512, /* a longer upstream id is not carried along */
	IDS_SHORT = 9,
};

/*
 * "req_", "msg_" ... followed by 24 letters and digits: 01, as Anthropic's have it, and
 * the 128 random bits in base 62. Lives in the pool.
 */
struct str ids_make(struct pool *p, struct str prefix, const uint8_t random[IDS_RANDOM]);

/* The client's id for an upstream's tool call id (empty: none was given). In the pool. */
struct str ids_tool(struct pool *p, struct str upstream_id,
		    const uint8_t random[IDS_RANDOM]);

/*
 * The id to send upstream for a tool id that the client sent: the one inside ours, or
 * the client's own when it is foreign, damaged or carries none. In the pool or as given.
 */
struct str ids_tool_upstream(struct pool *p, struct str client_id);

/*
 * The same for a server that takes nine letters and digits and nothing else (Mistral's
 * templates): the id as it is when it has that form, else nine digits of its hash.
 */
struct str ids_tool_short(struct pool *p, struct str client_id);

#endif
