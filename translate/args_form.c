/* SPDX-License-Identifier: MIT */
/* Fences and double-encoded arguments, seen only once the whole text is there. */
#include "config.h"

#include "translate/args_form.h"

#include "translate/jcheck.h"
#include "translate/jget.h"

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       c == '_' || c == '-' || c == '+';
}

/* ```json … ```: the backticks and the word behind the first ones go. */
static struct str unfence(struct str text)
{
	while (text.len > 0 && text.ptr[0] == '`')
		text = (struct str){ text.ptr + 1, text.len - 1 };
	while (text.len > 0 && is_word(text.ptr[0]))
		text = (struct str){ text.ptr + 1, text.len - 1 };
	while (text.len > 0 && text.ptr[text.len - 1] == '`')
		text.len--;
	return text;
}

static bool add_decoded(struct str string, struct buf *inner)
{
	struct jcheck_error error;
	if (jcheck(string, &error) != 0)
		return false;
	struct json_object *root = jget_parse(string);
	if (!root)
		return false;
	buf_adds(inner, jget_text(root));
	json_object_put(root);
	return true;
}

/* A string that was cut off: at most an escape at its end goes (\u0041 less a digit). */
static bool add_decoded_cut(struct str string, struct buf *inner)
{
	enum { ESCAPE_LEN = 5 };
	struct buf whole;
	bool is_done = false;
	buf_init(&whole, ARGS_MAX);
	for (size_t cut = 0; cut <= ESCAPE_LEN && cut < string.len && !is_done; cut++) {
		buf_clear(&whole);
		buf_add(&whole, string.ptr, string.len - cut);
		buf_addc(&whole, '"');
		is_done = !whole.has_failed && add_decoded(buf_str(&whole), inner);
	}
	buf_release(&whole);
	return is_done;
}

bool args_form_unwrap(struct str text, struct buf *inner, unsigned *repairs)
{
	text = str_trim(text);
	if (str_has_prefix(text, STR("```"))) {
		buf_adds(inner, unfence(text));
	} else if (str_has_prefix(text, STR("\""))) {
		if (!add_decoded(text, inner)) {
			if (!add_decoded_cut(text, inner))
				return false;
			*repairs |= ARGS_CLOSED;
		}
	} else {
		return false;
	}
	*repairs |= ARGS_UNWRAPPED;
	return !inner->has_failed;
}
