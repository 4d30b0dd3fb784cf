/* SPDX-License-Identifier: MIT */
/*
 * The growing byte buffer.  Memory doubles, so that appending costs linear time; it stops
 * at the maximum, so that no input can make a process large.
 */
#include "config.h"

#include "translate/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 256 }; /* first allocation: an event of a stream fits */

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->has_failed = false;
}

/* Memory for want bytes at least; want is not above the maximum. */
static bool grow(struct buf *b, size_t want)
{
	size_t cap = b->cap > BUF_FIRST ? b->cap : BUF_FIRST;
	while (cap < want)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	char *data = realloc(b->data, cap + !cap); /* 0 bytes would free it */
	if (!data)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

char *buf_reserve(struct buf *b, size_t len)
{
	if (b->has_failed)
		return NULL;
	if (len > b->max - b->len) {
		b->has_failed = true;
		return NULL;
	}
	if ((len > b->cap - b->len || !b->data) && !grow(b, b->len + len)) {
		b->has_failed = true;
		return NULL;
	}
	return b->data + b->len;
}

void buf_add_more(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	char *to = buf_reserve(b, len);
	if (!to)
		return;
	memcpy(to, bytes, len);
	b->len += len;
}

void buf_addc(struct buf *b, char c)
{
	if (b->len < b->cap && !b->has_failed)
		b->data[b->len++] = c;
	else
		buf_add(b, &c, 1);
}

/*
 * The text is made beside the buffer when it is short, because vsnprintf() wants room for
 * a NUL that the buffer's maximum may not have.
 */
void buf_addf(struct buf *b, const char *format, ...)
{
	char small[256];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (len < 0) {
		b->has_failed = true;
		return;
	}
	if ((size_t)len < sizeof(small)) {
		buf_add(b, small, (size_t)len);
		return;
	}
	if (b->has_failed || (size_t)len > b->max - b->len) {
		b->has_failed = true;
		return;
	}
	char *text = malloc((size_t)len + 1);
	if (!text) {
		b->has_failed = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args); /* its length is known */
	va_end(args);
	buf_add(b, text, (size_t)len);
	free(text);
}

void buf_addu(struct buf *b, uint64_t number)
{
	char digits[20]; /* 2^64 - 1 has 20 */
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_cut(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
}

void buf_drop(struct buf *b, size_t len)
{
	assert(len <= b->len);
	if (len == 0)
		return;
	b->len -= len;
	memmove(b->data, b->data + len, b->len);
}
