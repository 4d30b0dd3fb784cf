/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer with a named maximum.  Writers append without looking: a
 * buffer that would pass its maximum, or for which memory is missing, keeps what it
 * has and remembers has_failed; the caller asks once at the end.  From then on nothing
 * more is added, so what is there is a beginning without a gap.
 *
 * Memory belongs to the buffer until buf_release().  data is never NUL-terminated
 * unless the text put there says so.
 */
#ifndef NIM_TRANSLATE_BUF_H
#define NIM_TRANSLATE_BUF_H

#include <stdarg.h>

#include "translate/str.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;	 /* len never exceeds it */
	bool has_failed; /* something did not fit; stays set until clear or release */
};

void buf_init(struct buf *b, size_t max); /* allocates nothing yet */
void buf_release(struct buf *b);	  /* gives the memory back; b is as after init */
void buf_clear(struct buf *b);		  /* empty and usable again, keeps its memory */

void buf_add_more(struct buf *b, const void *bytes,
		  size_t len); /* what buf_add() leaves */

/* In line, because an answer is made of thousands of short constants. */
static inline void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0 || len > b->cap - b->len || b->has_failed) {
		buf_add_more(b, bytes, len);
		return;
	}
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

static inline void buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.ptr, s.len);
}

void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buf_addu(struct buf *b, uint64_t number); /* decimal */
#define buf_lit(b, literal) buf_add((b), (literal), sizeof(literal) - 1)

/*
 * Room for len more bytes at data + b->len, to be written by the caller and then
 * claimed by b->len += n (n <= len).  NULL, and has_failed, when there is none.
 */
char *buf_reserve(struct buf *b, size_t len);
void buf_cut(struct buf *b, size_t len);  /* shorten to len, which is <= b->len */
void buf_drop(struct buf *b, size_t len); /* forget the first len bytes (<= b->len) */

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->data, b->len };
}

#endif
