/* SPDX-License-Identifier: MIT */
/*
 * Making identifiers, and carrying an upstream's tool id inside ours.  Base64url is RFC
 * 4648 §5 without padding; a text that is not exactly what the encoder writes is not
 * decoded, so that one upstream id has one form.
 */
#include "config.h"

#include "translate/ids.h"

enum {
	WORD = 22, /* digits of 2^128 - 1 in base 62 */
	TOOL_WORD = 16,
};

#define TOOL_PREFIX "toolu_nim"

static const char base62[] =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char base64url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The random bytes as one number in base 62, its lowest count digits. */
static void put_word(char *to, size_t count, const uint8_t random[IDS_RANDOM])
{
	uint8_t number[IDS_RANDOM];
	memcpy(number, random, IDS_RANDOM);
	while (count > 0) {
		unsigned rest = 0;
		for (size_t i = 0; i < IDS_RANDOM; i++) {
			unsigned part = rest << 8 | number[i];
			number[i] = (uint8_t)(part / 62);
			rest = part % 62;
		}
		to[--count] = base62[rest];
	}
}

struct str ids_make(struct pool *p, struct str prefix, const uint8_t random[IDS_RANDOM])
{
	struct str start = STR("01");
	char *id = pool_alloc(p, prefix.len + start.len + WORD + 1);
	if (prefix.len > 0)
		memcpy(id, prefix.ptr, prefix.len);
	memcpy(id + prefix.len, start.ptr, start.len);
	put_word(id + prefix.len + start.len, WORD, random);
	return (struct str){ id, prefix.len + start.len + WORD };
}

static size_t encoded_len(size_t len)
{
	return (len * 4 + 2) / 3;
}

static void encode(char *to, struct str from)
{
	uint32_t bits = 0;
	unsigned count = 0;
	for (size_t i = 0; i < from.len; i++) {
		bits = bits << 8 | (uint8_t)from.ptr[i];
		for (count += 8; count >= 6; count -= 6)
			*to++ = base64url[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*to = base64url[bits << (6 - count) & 63];
}

/* Returns how many bytes were written to to, which has room for from.len; 0: damaged. */
static size_t decode(char *to, struct str from)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t len = 0;
	for (size_t i = 0; i < from.len; i++) {
		const char *digit = from.ptr[i] ? strchr(base64url, from.ptr[i]) : NULL;
		if (!digit)
			return 0;
		bits = bits << 6 | (uint32_t)(digit - base64url);
		count += 6;
		if (count >= 8) {
			count -= 8;
			to[len++] = (char)(bits >> count & 255);
		}
	}
	bool is_exact = count < 6 && (bits & ((1u << count) - 1)) == 0;
	return is_exact ? len : 0;
}

struct str ids_tool(struct pool *p, struct str upstream_id,
		    const uint8_t random[IDS_RANDOM])
{
	struct str prefix = STR(TOOL_PREFIX);
	size_t len = prefix.len + TOOL_WORD;
	bool is_carried = upstream_id.len > 0 && upstream_id.len <= IDS_UPSTREAM_MAX;
	size_t whole = is_carried ? len + 1 + encoded_len(upstream_id.len) : len;
	char *id = pool_alloc(p, whole + 1);
	memcpy(id, prefix.ptr, prefix.len);
	put_word(id + prefix.len, TOOL_WORD, random);
	if (is_carried) {
		id[len] = '_';
		encode(id + len + 1, upstream_id);
	}
	return (struct str){ id, whole };
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.ptr[i] || !strchr(base62, s.ptr[i]))
			return false;
	return true;
}

struct str ids_tool_upstream(struct pool *p, struct str client_id)
{
	struct str prefix = STR(TOOL_PREFIX);
	size_t at = prefix.len + TOOL_WORD;
	if (client_id.len < at + 2 || !str_has_prefix(client_id, prefix) ||
	    client_id.ptr[at] != '_' ||
	    !is_word((struct str){ client_id.ptr + prefix.len, TOOL_WORD }))
		return client_id;
	struct str inside = { client_id.ptr + at + 1, client_id.len - at - 1 };
	if (inside.len > encoded_len(IDS_UPSTREAM_MAX))
		return client_id;
	char *upstream = pool_alloc(p, inside.len + 1);
	size_t len = decode(upstream, inside);
	return len > 0 ? (struct str){ upstream, len } : client_id;
}

struct str ids_tool_short(struct pool *p, struct str client_id)
{
	struct str id = ids_tool_upstream(p, client_id);
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	char *word;

	if (id.len == IDS_SHORT && is_word(id))
		return id;
	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ (uint8_t)id.ptr[i]) * UINT64_C(1099511628211);
	word = pool_alloc(p, IDS_SHORT + 1);
	for (size_t i = 0; i < IDS_SHORT; i++, hash /= 62)
		word[i] = base62[hash % 62];
	return (struct str){ word, IDS_SHORT };
}
