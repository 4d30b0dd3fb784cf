/* SPDX-License-Identifier: MIT */
/*
 * Any bytes cut into pieces: they join to the text, and no piece cuts a code point of it.
 * The first input byte is the largest number of characters.
 */
#include "config.h"

#include <assert.h>
#include <unistr.h>

#include "translate/pace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	unsigned max = data[0] % 16;
	struct str rest = { (const char *)data + 1, size - 1 };
	bool is_utf8 = !u8_check((const uint8_t *)rest.ptr, rest.len);
	assert(pace_next((struct str){ NULL, 0 }, max) == 0);
	while (rest.len > 0) {
		size_t len = pace_next(rest, max);
		assert(len > 0 && len <= rest.len);
		assert(max > 0 || len == rest.len);
		if (is_utf8) {
			assert(!u8_check((const uint8_t *)rest.ptr, len));
			assert(u8_mbsnlen((const uint8_t *)rest.ptr, len) > 0);
		}
		rest = (struct str){ rest.ptr + len, rest.len - len };
	}
	return 0;
}
