/* SPDX-License-Identifier: MIT */
/*
 * The pool: small records are cut from blocks one after the other, large ones get a block
 * of their own, and all of it is given back at once.
 */
#include "config.h"

#include "translate/pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "translate/buf.h"

enum {
	POOL_BLOCK = 4096 - 32, /* with malloc's own head it stays inside one page */
	POOL_LARGE = 1024,	/* from here on a record has a block of its own */
};

struct pool_block {
	struct pool_block *next;
	size_t used;
	size_t size; /* of memory */
	alignas(max_align_t) unsigned char memory[];
};

struct pool_json {
	struct pool_json *next;
	struct json_object *root; /* NULL: put already */
};

struct pool_buf {
	struct pool_buf *next;
	struct buf buf;
};

void pool_init(struct pool *p, void (*on_no_memory)(void))
{
	*p = (struct pool){ .on_no_memory = on_no_memory };
}

void pool_release(struct pool *p)
{
	for (struct pool_json *json = p->roots; json; json = json->next)
		json_object_put(json->root);
	for (struct pool_buf *buf = p->bufs; buf; buf = buf->next)
		buf_release(&buf->buf);
	for (struct pool_block *block = p->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	pool_init(p, p->on_no_memory);
}

_Noreturn static void no_memory(struct pool *p)
{
	if (p->on_no_memory)
		p->on_no_memory();
	abort();
}

static struct pool_block *new_block(struct pool *p, size_t size)
{
	if (size > SIZE_MAX - sizeof(struct pool_block))
		no_memory(p);
	struct pool_block *block = calloc(1, sizeof(*block) + size);
	if (!block)
		no_memory(p);
	block->size = size;
	return block;
}

/* A large record goes behind the newest block, whose rest stays in use. */
static void *alloc_large(struct pool *p, size_t size)
{
	struct pool_block *block = new_block(p, size);
	block->used = size;
	if (p->blocks) {
		block->next = p->blocks->next;
		p->blocks->next = block;
	} else {
		p->blocks = block;
	}
	return block->memory;
}

void *pool_alloc(struct pool *p, size_t size)
{
	if (size >= POOL_LARGE)
		return alloc_large(p, size);
	const size_t align = alignof(max_align_t);
	size = (size + !size + align - 1) / align * align;
	if (!p->blocks || size > p->blocks->size - p->blocks->used) {
		struct pool_block *block =
			new_block(p, POOL_BLOCK - sizeof(struct pool_block));
		block->next = p->blocks;
		p->blocks = block;
	}
	void *memory = p->blocks->memory + p->blocks->used;
	p->blocks->used += size;
	return memory;
}

void *pool_array(struct pool *p, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		no_memory(p);
	return pool_alloc(p, count * size);
}

struct str pool_str(struct pool *p, struct str s)
{
	if (s.len == SIZE_MAX)
		no_memory(p);
	char *copy = pool_alloc(p, s.len + 1);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return (struct str){ copy, s.len };
}

struct str pool_strf(struct pool *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		no_memory(p);
	char *text = pool_alloc(p, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args); /* its length is known */
	va_end(args);
	return (struct str){ text, (size_t)len };
}

void pool_own_json(struct pool *p, struct json_object *root)
{
	if (!root)
		return;
	struct pool_json *json = pool_alloc(p, sizeof(*json));
	json->root = root;
	json->next = p->roots;
	p->roots = json;
}

void pool_put_json(struct pool *p, struct json_object *root)
{
	for (struct pool_json *json = p->roots; json && root; json = json->next) {
		if (json->root != root)
			continue;
		json->root = NULL;
		json_object_put(root);
		return;
	}
}

struct buf *pool_buf(struct pool *p, size_t max)
{
	struct pool_buf *buf = pool_alloc(p, sizeof(*buf));
	buf_init(&buf->buf, max);
	buf->next = p->bufs;
	p->bufs = buf;
	return &buf->buf;
}
