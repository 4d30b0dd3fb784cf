/* SPDX-License-Identifier: MIT */
/*
 * Tool ids: any upstream id comes back byte for byte, the client's form is legal, and any
 * id that a client makes up is either its own or the one form of what is inside.
 */
#include "config.h"

#include <assert.h>

#include "translate/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_legal(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		assert(strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
			      "wxyz_-",
			      id.ptr[i]) &&
		       id.ptr[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	static const uint8_t random[IDS_RANDOM] = { 1, 2, 3 };
	struct pool p;
	pool_init(&p, NULL);

	struct str id = ids_tool(&p, text, random), back = ids_tool_upstream(&p, id);
	check_legal(id);
	if (size > 0 && size <= IDS_UPSTREAM_MAX)
		assert(str_eq(back, text));
	else
		assert(str_eq(back, id));

	/* the input as a client's id: what is inside ours encodes to the same text again
	 */
	struct str inside = ids_tool_upstream(&p, text);
	if (inside.ptr != text.ptr) {
		struct str again = ids_tool(&p, inside, random);
		assert(again.len == text.len);
		assert(memcmp(again.ptr + 25, text.ptr + 25, text.len - 25) == 0);
	}
	pool_release(&p);
	return 0;
}
