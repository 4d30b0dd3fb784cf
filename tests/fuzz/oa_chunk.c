/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a chunk: the scan without a tree accepts only what json-c reads in the
 * same way, and every text is valid UTF-8.
 */
#include "config.h"

#include <assert.h>
#include <unistr.h>

#include "translate/oa_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_utf8(struct str text)
{
	return text.len == 0 || !u8_check((const uint8_t *)text.ptr, text.len);
}

static void check(const struct oa_chunk *chunk)
{
	assert(chunk->call_count <= OA_CALLS_MAX);
	assert(is_utf8(chunk->content) && is_utf8(chunk->reasoning));
	assert(is_utf8(chunk->stop_reason) && is_utf8(chunk->error_message));
	for (size_t i = 0; i < chunk->call_count; i++) {
		const struct oa_call *call = &chunk->calls[i];
		assert(call->index >= -1 && call->index < OA_CALLS_MAX);
		assert(is_utf8(call->id) && is_utf8(call->name) &&
		       is_utf8(call->arguments));
	}
	const struct an_usage *u = &chunk->usage;
	assert(u->input_tokens >= 0 && u->cached_tokens >= 0);
	assert(u->output_tokens >= u->reasoning_tokens && u->reasoning_tokens >= 0);
	assert(u->input_tokens + u->cached_tokens <= INT64_C(1) << 53);
	assert(chunk->error_code == 0 || chunk->error_code >= 100);
}

static void compare(struct pool *p, struct str text)
{
	struct oa_chunk fast, slow;
	if (!is_utf8(text) || !oa_chunk_fast(&fast, p, text))
		return;
	oa_chunk_slow(&slow, p, text);
	assert(slow.kind == OA_DELTA && fast.kind == OA_DELTA);
	assert(str_eq(fast.content, slow.content));
	assert(str_eq(fast.reasoning, slow.reasoning));
	assert(slow.call_count == 0 && slow.finish == OA_FINISH_NONE);
	assert(slow.stop_reason.len == 0 && !slow.has_usage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool p;
	struct oa_chunk chunk;
	struct str text = { (const char *)data, size };
	pool_init(&p, NULL);
	oa_chunk_read(&chunk, &p, text);
	check(&chunk);
	compare(&p, text);
	pool_release(&p);
	return 0;
}
