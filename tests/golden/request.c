/* SPDX-License-Identifier: MIT */
/*
 * The request side by examples: an Anthropic request beside the chat body it becomes.
 *
 * Sections of a case: `=== request`, the client's body; `=== model` with words (flags
 * below, think, switch, system, effort, max_output=N, stops=N: the model it is for;
 * without it a plain one); then what is expected:
 * `=== body` the whole, `=== member NAME` one member of it, `=== absent NAME` a member
 * that must not be there, or `=== error`, the sentence it is refused with. Expected JSON
 * may be laid out for reading; order counts.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>

#include "tests/golden/golden.h"
#include "translate/jget.h"
#include "translate/jput.h"
#include "translate/oa_request.h"

enum { WHY_MAX = 4096, TEXT_MAX = 4 << 20 };

struct run {
	const struct golden_case *c;
	struct pool *pool;
	struct buf *body;
	struct json_object *tree; /* of body */
	struct jget_error error;
	bool is_refused;
	char why[WHY_MAX];
};

static bool fail(struct run *r, const char *what, struct str expected, struct str got)
{
	(void)snprintf(r->why, sizeof(r->why), "%s\n# expected: %.*s\n# got:      %.*s",
		       what, (int)expected.len, expected.ptr, (int)got.len, got.ptr);
	return false;
}

static struct json_object *fragment(struct pool *p, const char *text)
{
	struct json_object *root = jget_parse(str_of(text));

	pool_own_json(p, root);
	return root;
}

static const struct {
	const char *word;
	size_t at; /* of a bool in struct model */
} flags[] = {
	{ "vision", offsetof(struct model, has_vision) },
	{ "top_k", offsetof(struct model, takes_top_k) },
	{ "echo_reasoning", offsetof(struct model, echoes_reasoning) },
	{ "single_calls", offsetof(struct model, has_single_calls) },
	{ "short_ids", offsetof(struct model, has_short_ids) },
	{ "plain_schemas", offsetof(struct model, has_plain_schemas) },
};

static struct model make_model(struct run *r)
{
	const struct golden_section *s = golden_find(r->c, "model");
	struct model m = { .id = STR("vendor/model") };

	if (!s)
		return m;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		*(bool *)((char *)&m + flags[i].at) = golden_has_word(s, flags[i].word);
	m.max_output = golden_number(s, "max_output", 0);
	m.stops = golden_number(s, "stops", 0);
	if (golden_has_word(s, "switch")) /* whose switch is the effort itself */
		m.think_on = fragment(r->pool, "{\"reasoning_effort\":\"medium\"}");
	if (golden_has_word(s, "effort")) {
		m.efforts[m.effort_count++] = STR("low");
		m.efforts[m.effort_count++] = STR("high");
	}
	if (golden_has_word(s, "think")) {
		m.think_on = fragment(r->pool,
				      "{\"chat_template_kwargs\":{\"thinking\":true}}");
		m.think_off = fragment(r->pool,
				       "{\"chat_template_kwargs\":{\"thinking\":false}}");
	}
	if (golden_has_word(s, "system")) {
		m.system_on = STR("/think");
		m.system_off = STR("/no_think");
	}
	return m;
}

static void translate(struct run *r)
{
	struct model model = make_model(r);
	struct an_request request;
	struct oa_names names;

	r->body = pool_buf(r->pool, OA_REQUEST_MAX);
	if (an_request_read(&request, r->pool, golden_text(r->c, "request"), true,
			    &r->error) < 0 ||
	    oa_request_put(r->body, &request, &model, &names, r->pool, &r->error) < 0) {
		r->is_refused = true;
		return;
	}
	r->tree = jget_parse(buf_str(r->body));
	pool_own_json(r->pool, r->tree);
}

/* JSON that was laid out for reading, as the translation would write it. */
static struct str compact(struct run *r, struct str text)
{
	struct buf *b = pool_buf(r->pool, TEXT_MAX);
	struct json_object *root = jget_parse(text);

	jput_tree(b, root);
	json_object_put(root);
	return buf_str(b);
}

static struct str member(struct run *r, struct str name)
{
	struct buf *b = pool_buf(r->pool, TEXT_MAX);
	struct json_object *node = jget_member(r->tree, pool_str(r->pool, name).ptr);

	if (node)
		jput_tree(b, node);
	return buf_str(b);
}

static bool check_section(struct run *r, const struct golden_section *s)
{
	struct str got = { NULL, 0 }, expected;

	if (str_eq(s->name, STR("error"))) {
		got = str_of(r->error.text);
		expected = str_trim(s->text);
		return str_eq(got, expected) || fail(r, "error", expected, got);
	}
	if (str_eq(s->name, STR("request")) || str_eq(s->name, STR("model")))
		return true;
	if (r->is_refused)
		return fail(r, "refused", s->text, str_of(r->error.text));
	if (str_eq(s->name, STR("absent")))
		return member(r, s->words).len == 0 ||
		       fail(r, "there all the same", s->words, member(r, s->words));
	expected = compact(r, s->text);
	if (str_eq(s->name, STR("body")))
		got = buf_str(r->body);
	else if (str_eq(s->name, STR("member")))
		got = member(r, s->words);
	return str_eq(got, expected) || fail(r, "differs", expected, got);
}

static bool test_case(const struct golden_case *c, unsigned number)
{
	struct pool pool;
	struct run r = { .c = c, .pool = &pool };
	bool is_right = true;

	pool_init(&pool, NULL);
	translate(&r);
	if (r.is_refused != (golden_find(c, "error") != NULL))
		is_right = fail(&r, r.is_refused ? "refused" : "not refused",
				STR("the other"), str_of(r.error.text));
	for (size_t i = 0; i < c->count && is_right; i++)
		is_right = check_section(&r, &c->sections[i]);
	printf("%sok %u - %.*s\n", is_right ? "" : "not ", number, STR_ARG(c->name));
	if (!is_right)
		printf("# %s\n", r.why);
	pool_release(&pool);
	return is_right;
}

int main(int argc, char **argv)
{
	return golden_main(argc, argv, test_case);
}
