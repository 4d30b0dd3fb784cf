/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an event stream: how they are cut must not change the events.  The first
 * input byte says where the second reading is cut, and how long its later pieces are.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "translate/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int write_down(void *context, struct str name, struct str data)
{
	struct buf *seen = context;
	assert(name.len <= SSE_NAME_MAX);
	assert(!memchr(data.ptr ? data.ptr : "", '\r', data.len));
	buf_addu(seen, name.len);
	buf_addc(seen, ',');
	buf_addu(seen, data.len);
	buf_addc(seen, ':');
	buf_adds(seen, name);
	buf_adds(seen, data);
	return 0;
}

static void run(struct str text, size_t cut, struct buf *seen)
{
	struct sse s;
	sse_init(&s, write_down, seen);
	for (size_t at = 0; at < text.len;) {
		size_t len = cut > 0 && cut < text.len - at ? cut : text.len - at;
		char *copy = malloc(len); /* what the parser keeps must be its own */
		assert(copy);
		memcpy(copy, text.ptr + at, len);
		assert(sse_feed(&s, copy, len) == 0);
		free(copy);
		at += len;
	}
	assert(sse_end(&s) == 0);
	sse_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	struct buf whole, cut;
	buf_init(&whole, 64 << 20);
	buf_init(&cut, 64 << 20);
	run(text, 0, &whole);
	run(text, (size_t)data[0] + 1, &cut);
	assert(str_eq(buf_str(&whole), buf_str(&cut)));
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
