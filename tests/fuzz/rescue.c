/* SPDX-License-Identifier: MIT */
/*
 * Text with markup of calls in it, in a dialect that the first byte chooses; 0xff cuts.
 * When no name is declared, all text comes out but for stray tokens: nothing is longer,
 * nothing is out of order. With names, it must not matter where the text is cut.
 */
#include "config.h"

#include "translate/rescue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
	struct buf *text;
	bool has_names;
};

static void take_text(void *context, struct str text)
{
	struct out *o = context;

	buf_adds(o->text, text);
}

static void take_call(void *context, const struct rescue_call *call)
{
	struct out *o = context;

	if (!o->has_names || call->name.len == 0)
		abort();
	buf_addc(o->text, 1);
	buf_adds(o->text, call->name);
	buf_adds(o->text, call->args);
}

static bool is_declared(void *context, struct str name)
{
	const struct out *o = context;

	return o->has_names && name.len > 0 && name.ptr[0] >= 'a';
}

static int is_string(void *context, struct str name, struct str parameter)
{
	(void)context;
	return (int)(name.len + parameter.len) % 3 - 1;
}

static const struct rescue_ops ops = { take_text, take_text, take_call, is_declared,
				       is_string };

static void run(struct out *o, struct pool *p, enum model_dialect dialect, bool is_cut,
		struct str in)
{
	struct rescue r;
	struct buf *joined = pool_buf(p, 1 << 20);

	rescue_init(&r, dialect, p, &ops, o);
	for (size_t at = 0, end; at < in.len; at = end + 1) {
		for (end = at; end < in.len && in.ptr[end] != '\xff'; end++)
			continue;
		if (is_cut)
			rescue_feed(&r, (struct str){ in.ptr + at, end - at });
		else
			buf_add(joined, in.ptr + at, end - at);
	}
	if (!is_cut)
		rescue_feed(&r, buf_str(joined));
	rescue_end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data + 1, size - 1 };
	struct pool p;

	if (size < 2 || size > 4096)
		return 0;
	pool_init(&p, NULL);
	for (int names = 0; names < 2; names++) {
		struct out whole = { pool_buf(&p, 1 << 20), names },
			   cut = { pool_buf(&p, 1 << 20), names };
		enum model_dialect dialect = data[0] % (MODEL_DIALECT_HARMONY + 1);

		run(&whole, &p, dialect, false, in);
		run(&cut, &p, dialect, true, in);
		if (!str_eq(buf_str(whole.text), buf_str(cut.text)))
			abort();
		if (!names && whole.text->len > in.len)
			abort();
	}
	pool_release(&p);
	return 0;
}
