/* SPDX-License-Identifier: MIT */
/*
 * Any bytes: what jcheck() passes, json-c parses, and what jput_tree() makes of the tree
 * passes again and stays as it is from then on.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "translate/jcheck.h"
#include "translate/jget.h"
#include "translate/jput.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 64 << 20 };

/* Parses a checked text and writes it again. */
static void write_again(struct str text, struct buf *out)
{
	struct jcheck_error error;
	struct json_object *root = jget_parse(text);
	assert(root || str_eq(str_trim(text), STR("null")));
	jput_tree(out, root);
	assert(!out->has_failed);
	assert(jcheck(buf_str(out), &error) == 0);
	json_object_put(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct jcheck_error error = { NULL, size + 1 };
	struct buf once, twice;
	buf_init(&once, OUT_MAX);
	buf_init(&twice, OUT_MAX);
	if (jcheck(text, &error) == 0) {
		write_again(text, &once);
		write_again(buf_str(&once), &twice);
		assert(str_eq(buf_str(&once), buf_str(&twice)));
	} else {
		assert(error.reason && error.offset <= size);
	}
	/* as the inside of a string, any bytes become valid JSON */
	buf_clear(&once);
	jput_str(&once, text);
	assert(jcheck(buf_str(&once), &error) == 0);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
