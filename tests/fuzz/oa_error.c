/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an upstream's refusal: two bytes of status, then Retry-After up to a line
 * feed, then the body. The sentence is short, one line of valid UTF-8, and holds no id.
 */
#include "config.h"

#include <assert.h>
#include <unistr.h>

#include "translate/oa_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct str rest = { (const char *)data + 2, size - 2 };
	const char *lf = memchr(rest.ptr, '\n', rest.len);
	size_t len = lf ? (size_t)(lf - rest.ptr) : 0;
	struct oa_error_in in = {
		.status = (data[0] | data[1] << 8) % 700,
		.retry_after = { rest.ptr, len },
		.body = { rest.ptr + len, rest.len - len },
		.now_s = 784111777,
		.model_id = STR("vendor/model"),
		.model_asked = STR("claude"),
	};
	struct pool p;
	struct oa_error out;
	pool_init(&p, NULL);
	oa_error_read(&out, &p, &in);
	struct str message = out.error.message;
	assert(message.len > 0 && message.len < 2048);
	assert(!u8_check((const uint8_t *)message.ptr, message.len));
	assert(!memchr(message.ptr, '\n', message.len));
	assert(!str_contains_nocase(message, STR("nvapi-")));
	assert(out.error.kind < AN_ERROR_KINDS);
	assert(out.error.retry_after >= 0 && out.error.retry_after <= OA_RETRY_MAX);
	assert(out.retry_after >= 0 && out.retry_after <= 3600);
	assert(out.error.kind != AN_RATE_LIMIT || out.error.retry_after > 0);
	pool_release(&p);
	return 0;
}
