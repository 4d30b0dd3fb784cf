/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as answer text: every byte comes out on one side, in order, except tags and
 * the line feeds behind them; how the text is cut changes nothing.  The first input byte
 * is the length of the pieces of the second reading.
 */
#include "config.h"

#include <assert.h>

#include "translate/buf.h"
#include "translate/think.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sides {
	struct str text;
	const char *next; /* in text: what has not come out yet; NULL: not followed */
	struct buf bytes; /* what came out */
	struct buf marks; /* one T or t for each byte */
};

/* What is between two pieces may only be tags and line feeds. */
static void check_gap(struct str gap)
{
	while (gap.len > 0) {
		size_t len = gap.ptr[0] == '\n'			    ? 1
			     : str_has_prefix(gap, STR("<think>"))  ? 7
			     : str_has_prefix(gap, STR("</think>")) ? 8
								    : 0;
		assert(len > 0);
		gap = (struct str){ gap.ptr + len, gap.len - len };
	}
}

static void take(void *context, bool is_thinking, struct str piece)
{
	struct sides *sides = context;
	assert(piece.len > 0);
	if (sides->next && piece.ptr >= sides->next &&
	    piece.ptr < sides->text.ptr + sides->text.len) {
		check_gap((struct str){ sides->next, (size_t)(piece.ptr - sides->next) });
		sides->next = piece.ptr + piece.len;
	}
	buf_adds(&sides->bytes, piece);
	for (size_t i = 0; i < piece.len; i++)
		buf_addc(&sides->marks, is_thinking ? 'T' : 't');
}

static void run(struct sides *sides, size_t cut)
{
	struct think t;
	struct str text = sides->text;
	think_init(&t);
	for (size_t at = 0; at < text.len;) {
		size_t len = cut > 0 && cut < text.len - at ? cut : text.len - at;
		think_feed(&t, (struct str){ text.ptr + at, len }, take, sides);
		at += len;
	}
	if (sides->next) {
		const char *end = text.ptr + text.len;
		check_gap((struct str){ sides->next,
					(size_t)(end - sides->next) - t.held_len });
	}
	think_end(&t, take, sides);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	struct sides whole = { .text = text, .next = text.ptr }, cut = { .text = text };
	buf_init(&whole.bytes, 64 << 20);
	buf_init(&whole.marks, 64 << 20);
	buf_init(&cut.bytes, 64 << 20);
	buf_init(&cut.marks, 64 << 20);
	run(&whole, 0);
	run(&cut, (size_t)data[0] % 32 + 1);
	assert(str_eq(buf_str(&whole.bytes), buf_str(&cut.bytes)));
	assert(str_eq(buf_str(&whole.marks), buf_str(&cut.marks)));
	buf_release(&whole.bytes);
	buf_release(&whole.marks);
	buf_release(&cut.bytes);
	buf_release(&cut.marks);
	return 0;
}
