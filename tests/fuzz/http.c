/* SPDX-License-Identifier: MIT */
/*
 * The request parser on any bytes: it must not read outside them, and how they are cut
 * must not change what it makes of them.  The first input byte says where the second
 * feeding is cut.
 */
#include "config.h"

#include <assert.h>

#include "worker/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 4096 };

struct outcome {
	enum http_state state;
	size_t field_count;
	size_t body_len;
	uint64_t length;
};

static struct outcome run(const char *text, size_t len, size_t cut)
{
	struct http h;
	struct buf body;
	struct outcome out = { HTTP_NEED_MORE, 0, 0, 0 };
	size_t at = 0;

	buf_init(&body, BODY_MAX);
	http_init(&h, &body, BODY_MAX);
	while (at < len) {
		size_t used, end = at < cut ? cut : len;

		out.state = http_feed(&h, text + at, end - at, &used);
		assert(used <= end - at);
		at += used;
		if (out.state == HTTP_REFUSED || out.state == HTTP_ALL_DONE)
			break;
		if (out.state == HTTP_HEAD_DONE && !h.is_chunked && h.content_length == 0)
			break;
	}
	assert(body.len <= BODY_MAX);
	assert(h.field_count <= HTTP_FIELDS_MAX);
	assert((out.state == HTTP_REFUSED) == (h.message != NULL));
	out.field_count = h.field_count;
	out.body_len = body.len;
	out.length = h.content_length;
	buf_release(&body);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;
	const char *text = (const char *)data + 1;

	if (size < 2)
		return 0;
	whole = run(text, size - 1, size - 1);
	cut = run(text, size - 1, data[0] % (size - 1));
	assert(whole.state == cut.state);
	if (whole.state == HTTP_ALL_DONE)
		assert(whole.body_len == cut.body_len &&
		       whole.field_count == cut.field_count &&
		       whole.length == cut.length);
	return 0;
}
