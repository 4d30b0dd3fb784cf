/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a tool call's arguments: one JSON object comes out, every beginning of it
 * can still become one, and how the text is cut changes nothing.  The first input byte is
 * the length of the pieces of the second reading.
 */
#include "config.h"

#include <assert.h>
#include <unistr.h>

#include "translate/args.h"
#include "translate/jcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned run(struct str text, size_t cut, struct buf *out)
{
	struct args a;
	args_init(&a);
	for (size_t at = 0; at < text.len;) {
		size_t len = cut > 0 && cut < text.len - at ? cut : text.len - at;
		size_t before = out->len;
		args_feed(&a, (struct str){ text.ptr + at, len }, out);
		/* every piece is whole characters */
		assert(out->len == before ||
		       !u8_check((const uint8_t *)out->data + before, out->len - before));
		at += len;
	}
	args_end(&a, out);
	assert(!out->has_failed && a.sent == out->len && a.has_passed);
	args_release(&a);
	return a.repairs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	struct jcheck_error error;
	struct buf whole, cut;
	buf_init(&whole, 64 << 20);
	buf_init(&cut, 64 << 20);
	unsigned repairs = run(text, 0, &whole);
	assert(jcheck(buf_str(&whole), &error) == 0);
	assert(whole.data[0] == '{');
	assert(run(text, (size_t)data[0] % 32 + 1, &cut) == repairs);
	assert(str_eq(buf_str(&whole), buf_str(&cut)));
	/* a valid object that needed nothing passes as it is, but for blanks around it */
	if (repairs == ARGS_FINE && jcheck(text, &error) == 0 &&
	    str_trim(text).ptr[0] == '{')
		assert(str_eq(str_trim(text), buf_str(&whole)));
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
