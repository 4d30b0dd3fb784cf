/* SPDX-License-Identifier: MIT */
/*
 * The lifetime of one request: everything that hangs on a pool ends with it, so the
 * request path frees nothing by hand.  Memory comes zeroed and aligned for any type.
 *
 * Allocation that cannot be satisfied does not return: it calls the handler given to
 * pool_init() (which must not return; NULL means abort()).  A worker that has no memory
 * for a small record has nothing sensible left to do; large and foreign-sized things
 * live in struct buf, which reports failure instead.
 */
#ifndef NIM_TRANSLATE_POOL_H
#define NIM_TRANSLATE_POOL_H

#include <json-c/json_object.h>

#include "translate/str.h"

struct pool_block;
struct pool_json;
struct pool_buf;
struct buf;

struct pool {
	struct pool_block *blocks; /* newest first */
	struct pool_json *roots;   /* json roots to put */
	struct pool_buf *bufs;	   /* buffers to release */
	void (*on_no_memory)(void);
};

void pool_init(struct pool *p, void (*on_no_memory)(void));
void pool_release(
	struct pool *p); /* ends all that hangs on it; usable again as after init */

void *pool_alloc(struct pool *p, size_t size);
void *pool_array(struct pool *p, size_t count, size_t size); /* product is checked */
struct str pool_str(struct pool *p, struct str s); /* a copy; also NUL-terminated */
struct str pool_strf(struct pool *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The pool takes over the caller's reference and puts it at release. NULL is allowed. */
void pool_own_json(struct pool *p, struct json_object *root);
/* Ends that root now (one handed over before, else nothing); the caller drops its slices.
 */
void pool_put_json(struct pool *p, struct json_object *root);
/* A buffer with that maximum whose memory ends with the pool. */
struct buf *pool_buf(struct pool *p, size_t max);

#endif
