/* SPDX-License-Identifier: MIT */
/*
 * Four server stacks stand behind one gateway, and each has its own envelope (NIM:
 * gateway problem JSON, Dynamo flat, vLLM and SGLang error object, NIM 1.x and FastAPI
 * detail).
 */
#include "config.h"

#include "translate/oa_said.h"

#include "translate/buf.h"
#include "translate/jcheck.h"
#include "translate/jget.h"
#include "translate/utf8.h"

enum {
	BODY_MAX = 64 << 10, /* what is looked at; the longest seen is a few KB */
	TOKEN_MIN = 20,	     /* a mixed run from here on looks like an id or a key */
	HEX_MIN = 32,
	UUID_LEN = 36,
};

/* A status as number or text; 0 for anything else. */
static int status_member(struct json_object *object, const char *name)
{
	struct json_object *node = jget_member(object, name);
	uint64_t status = 0;
	if (json_object_is_type(node, json_type_int)) {
		int64_t number = json_object_get_int64(node);
		status = number > 0 && number < 600 ? (uint64_t)number : 0;
	} else if (json_object_is_type(node, json_type_string)) {
		(void)str_to_u64(jget_text(node), 599, &status); /* else it stays 0 */
	}
	return status >= 100 ? (int)status : 0;
}

int oa_said_status(struct json_object *root)
{
	static const char *const names[] = { "code", "status" };
	struct json_object *error = jget_member(root, "error");
	for (int i = 0; i < 2 && json_object_is_type(error, json_type_object); i++)
		if (status_member(error, names[i]) > 0)
			return status_member(error, names[i]);
	for (int i = 0; i < 2; i++)
		if (status_member(root, names[i]) > 0)
			return status_member(root, names[i]);
	return 0;
}

/* The string member when it is there and not empty. */
static bool take(struct json_object *object, const char *name, struct str *text)
{
	struct json_object *node = jget_member(object, name);
	if (!json_object_is_type(node, json_type_string) ||
	    json_object_get_string_len(node) == 0)
		return false;
	*text = jget_text(node);
	return true;
}

/* loc: ["body","stop",0] as body.stop.0 */
static void put_location(struct buf *b, struct json_object *loc)
{
	if (!json_object_is_type(loc, json_type_array))
		return;
	size_t count = json_object_array_length(loc);
	for (size_t i = 0; i < count; i++) {
		struct json_object *part = json_object_array_get_idx(loc, i);
		if (i > 0)
			buf_addc(b, '.');
		if (json_object_is_type(part, json_type_string))
			buf_adds(b, jget_text(part));
		else if (json_object_is_type(part, json_type_int))
			buf_addf(b, "%lld", (long long)json_object_get_int64(part));
	}
	if (count > 0)
		buf_lit(b, ": ");
}

/* FastAPI: {"detail":[{"loc":[…],"msg":"…"},…]} */
static bool take_details(struct pool *p, struct json_object *root, struct str *text)
{
	struct json_object *array = jget_member(root, "detail");
	if (!json_object_is_type(array, json_type_array))
		return false;
	struct buf *b = pool_buf(p, BODY_MAX);
	size_t count = json_object_array_length(array);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		struct str msg;
		if (!json_object_is_type(item, json_type_object) ||
		    !take(item, "msg", &msg))
			continue;
		if (b->len > 0)
			buf_lit(b, "; ");
		put_location(b, jget_member(item, "loc"));
		buf_adds(b, msg);
	}
	*text = buf_str(b);
	return b->len > 0;
}

static void read_object(struct oa_said *said, struct pool *p, struct json_object *root)
{
	struct json_object *error = jget_member(root, "error");
	said->status = oa_said_status(root);
	if (json_object_is_type(error, json_type_object) &&
	    take(error, "message", &said->whole))
		return;
	if (take(root, "error", &said->whole) || take(root, "message", &said->whole) ||
	    take(root, "detail", &said->whole) || take_details(p, root, &said->whole))
		return;
	(void)take(root, "title", &said->whole); /* else nothing was said */
}

static bool is_html(struct str text)
{
	return str_contains_nocase(text, STR("<html")) ||
	       str_contains_nocase(text, STR("<!doctype"));
}

/* Tags become blanks; what stands in <style>, <script> or <title> is text like any other.
 */
static struct str strip_tags(struct pool *p, struct str text)
{
	char *to = pool_alloc(p, text.len);
	bool is_inside = false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '<')
			is_inside = true;
		to[i] = is_inside ? ' ' : text.ptr[i];
		if (text.ptr[i] == '>')
			is_inside = false;
	}
	return (struct str){ to, text.len };
}

void oa_said_read(struct oa_said *said, struct pool *p, struct str body)
{
	struct jcheck_error ignored;
	struct json_object *root = NULL;
	*said = (struct oa_said){ .whole = { "", 0 }, .clean = { "", 0 } };
	if (body.len == 0)
		return;
	if (body.len > BODY_MAX)
		body.len = BODY_MAX;
	if (jcheck(body, &ignored) == 0) {
		root = jget_parse(body);
		pool_own_json(p, root);
	}
	if (json_object_is_type(root, json_type_object))
		read_object(said, p, root);
	else
		said->whole = str_trim(body);
	if (is_html(said->whole))
		said->whole = str_trim(strip_tags(p, said->whole));
	said->clean =
		oa_said_redact(p, said->whole, root ? OA_SAID_MAX : OA_SAID_TEXT_MAX);
}

static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       c == '-' || c == '_';
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* 8-4-4-4-12 hexadecimal digits somewhere in the run. */
static bool has_uuid(struct str run)
{
	for (size_t at = 0; at + UUID_LEN <= run.len; at++) {
		size_t i = 0;
		while (i < UUID_LEN && (i == 8 || i == 13 || i == 18 || i == 23
						? run.ptr[at + i] == '-'
						: is_hex(run.ptr[at + i])))
			i++;
		if (i == UUID_LEN)
			return true;
	}
	return false;
}

/* Upper, lower and digits mixed, or all hexadecimal: nobody's word, nor a model's name.
 */
static bool is_random(struct str run)
{
	bool has_upper = false, has_lower = false, has_digit = false, all_hex = true;
	for (size_t i = 0; i < run.len; i++) {
		char c = run.ptr[i];
		has_upper |= c >= 'A' && c <= 'Z';
		has_lower |= c >= 'a' && c <= 'z';
		has_digit |= c >= '0' && c <= '9';
		all_hex &= is_hex(c);
	}
	return (run.len >= TOKEN_MIN && has_upper && has_lower && has_digit) ||
	       (run.len >= HEX_MIN && all_hex);
}

/* What stands in place of a run of token characters, or the run itself. */
static struct str hide(struct str run, bool is_account)
{
	if (str_contains_nocase(run, STR("nvapi-")) || str_has_prefix(run, STR("sk-")))
		return STR("[key]");
	if (is_account || has_uuid(run) || is_random(run))
		return STR("[id]");
	return run;
}

/* True when what has been written ends with "account '" or the like. */
static bool is_behind_account(struct str text)
{
	while (text.len > 0 && strchr(" '\":=", text.ptr[text.len - 1]))
		text.len--;
	struct str word = STR("account");
	if (text.len < word.len)
		return false;
	return str_eq_nocase((struct str){ text.ptr + text.len - word.len, word.len },
			     word);
}

/* The next run of token characters, or one other character, or a run of blanks. */
static size_t step(struct str rest)
{
	size_t len = 0, wrong = 1;
	while (len < rest.len && is_token(rest.ptr[len]))
		len++;
	if (len > 0)
		return len;
	while (len < rest.len && (unsigned char)rest.ptr[len] <= ' ')
		len++;
	if (len > 0)
		return len;
	len = utf8_step(rest.ptr, rest.len, &wrong);
	return len > 0 ? len : wrong;
}

struct str oa_said_redact(struct pool *p, struct str text, size_t max)
{
	struct buf *b = pool_buf(p, max + sizeof("..."));
	text = str_trim(text);
	while (text.len > 0) {
		size_t len = step(text);
		struct str part = { text.ptr, len };
		size_t wrong;
		if ((unsigned char)*text.ptr <= ' ')
			part = STR(" ");
		else if (is_token(*text.ptr))
			part = hide(part, is_behind_account(buf_str(b)) &&
						  text.ptr[-1] == '\'');
		else if (utf8_step(part.ptr, part.len, &wrong) == 0)
			part = STR("\xef\xbf\xbd");
		if (part.len > max - b->len) {
			buf_lit(b, "...");
			break;
		}
		buf_adds(b, part);
		text.ptr += len;
		text.len -= len;
	}
	return buf_str(b);
}
