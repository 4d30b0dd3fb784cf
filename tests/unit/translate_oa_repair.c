/* SPDX-License-Identifier: MIT */
/* What of a refusal can be mended, with the words of real servers. */
#include "config.h"

#include "translate/oa_repair.h"

#include "tests/unit/unit.h"

#define SENT                                                                             \
	"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a "             \
	"\\\",\\\\\"}],"                                                                 \
	"\"max_tokens\":32000,\"stream\":true,\"stream_options\":{\"include_usage\":"    \
	"true},"                                                                         \
	"\"top_p\":0.5,\"stop\":[\"}\",\"]\"],\"nvext\":{\"extra_fields\":[\"stop_"      \
	"reason\"]},"                                                                    \
	"\"chat_template_kwargs\":{\"enable_thinking\":true}}"
#define FIELDS(text)                                                                     \
	"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a "             \
	"\\\",\\\\\"}]" text "}"
#define TOKENS	",\"max_tokens\":32000,\"stream\":true"
#define OPTIONS ",\"stream_options\":{\"include_usage\":true}"
#define TOP_P	",\"top_p\":0.5"
#define STOP	",\"stop\":[\"}\",\"]\"]"
#define NVEXT	",\"nvext\":{\"extra_fields\":[\"stop_reason\"]}"
#define KWARGS	",\"chat_template_kwargs\":{\"enable_thinking\":true}"

static const struct row {
	const char *name;
	int status;
	const char *body;
	const char *mended; /* NULL: nothing can be mended */
} rows[] = {
	{ "Dynamo names two", 400,
	  "{\"message\":\"Validation: Unsupported parameter(s): `nvext`, "
	  "`chat_template_kwargs`\",\"type\":\"Bad Request\",\"code\":400}",
	  FIELDS(TOKENS OPTIONS TOP_P STOP) },
	{ "Dynamo on stream_options", 400,
	  "{\"message\":\"Validation: The 'stream_options' field is only allowed when "
	  "'stream' is set to true.\",\"type\":\"Bad Request\",\"code\":400}",
	  FIELDS(TOKENS TOP_P STOP NVEXT KWARGS) },
	{ "vLLM counts stops", 400,
	  "{\"error\":{\"message\":\"2 validation errors:\\n  {'type': 'too_long', "
	  "'loc': "
	  "'body.stop', 'msg': 'List should have at most 4 items after validation, not "
	  "5', 'input': ['top_p']}\",\"type\":\"Bad Request\",\"param\":\"body.stop\","
	  "\"code\":400}}",
	  FIELDS(TOKENS OPTIONS TOP_P NVEXT KWARGS) },
	{ "NIM 1.x", 422,
	  "{\"type\":\"urn:inference-service:problem-details:unprocessable-entity\","
	  "\"title\":\"Unprocessable Entity\",\"status\":422,\"detail\":\"body -> "
	  "nvext\\n "
	  " Extra inputs are not permitted (type=extra_forbidden)\"}",
	  FIELDS(TOKENS OPTIONS TOP_P STOP KWARGS) },
	{ "FastAPI", 422,
	  "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"top_p\"],"
	  "\"msg\":"
	  "\"Extra inputs are not permitted\",\"input\":0.5}]}",
	  FIELDS(TOKENS OPTIONS STOP NVEXT KWARGS) },
	{ "Python in a string", 400,
	  "{\"error\":\"[{'type':'extra_forbidden','loc':('body','stop'),'input':['x']}]"
	  "\"}",
	  FIELDS(TOKENS OPTIONS TOP_P NVEXT KWARGS) },
	{ "Mistral's tokenizer", 400,
	  "{\"error\":{\"message\":\"chat_template is not supported for Mistral "
	  "tokenizers.\",\"type\":\"BadRequestError\",\"code\":400}}",
	  FIELDS(TOKENS OPTIONS TOP_P STOP NVEXT) },
	{ "a word is no field", 400, "{\"error\":\"please stop that, the top_parts\"}",
	  NULL },
	{ "a field that was not sent", 400,
	  "{\"message\":\"Validation: Unsupported parameter(s): `reasoning_effort`\"}",
	  NULL },
	{ "the model and the messages stay", 400,
	  "{\"message\":\"Unsupported parameter(s): `model`, `messages`, `stream`\"}",
	  NULL },
	{ "what the user wrote does not count", 400,
	  "{\"error\":{\"message\":\"1 validation error:\\n  {'type': 'x', 'loc': "
	  "'body.messages', 'input': 'say `top_p`'}\",\"code\":400}}",
	  NULL },
	{ "another status", 403, "{\"message\":\"`top_p`\"}", NULL },
	{ "max_tokens above the limit", 400,
	  "{\"error\":{\"message\":\"max_tokens=32000 cannot be greater than "
	  "max_model_len=8192. Please request fewer output tokens. "
	  "(parameter=max_tokens, value=32000)\",\"code\":400}}",
	  FIELDS(",\"max_tokens\":8192,\"stream\":true" OPTIONS TOP_P STOP NVEXT
			 KWARGS) },
	{ "prompt and answer together", 400,
	  "{\"error\":{\"message\":\"This model's maximum context length is 40000 "
	  "tokens. "
	  "However, you requested 42000 tokens (10000 in the messages, 32000 in the "
	  "completion). Please reduce the length of the messages or completion.\","
	  "\"code\":400}}",
	  FIELDS(",\"max_tokens\":29872,\"stream\":true" OPTIONS TOP_P STOP NVEXT
			 KWARGS) },
	{ "too little room for an answer", 400,
	  "{\"error\":{\"message\":\"This model's maximum context length is 40000 "
	  "tokens. "
	  "However, you requested 71000 tokens (39000 in the messages, 32000 in the "
	  "completion).\",\"code\":400}}",
	  NULL },
	{ "the prompt alone", 400,
	  "{\"error\":{\"message\":\"This model's maximum context length is 65536 "
	  "tokens. "
	  "However, your prompt contains at least 65537 input tokens, which exceeds this "
	  "limit even without any output tokens.\",\"code\":400}}",
	  NULL },
};

static struct pool pool;

START_TEST(a_refusal_is_mended)
{
	const struct row *row = &rows[_i];
	struct oa_error_in in = { .status = row->status,
				  .body = str_of(row->body),
				  .model_id = STR("m") };
	struct oa_error error;
	struct oa_repair repair;
	struct buf *body;

	pool_init(&pool, NULL);
	body = pool_buf(&pool, 4096);
	buf_adds(body, str_of(SENT));
	oa_error_read(&error, &pool, &in);
	ck_assert_msg(oa_repair_find(&repair, &error, in.body, buf_str(body)) ==
			      (row->mended != NULL),
		      "%s", row->name);
	oa_repair_apply(&repair, body);
	buf_addc(body, '\0');
	ck_assert_str_eq(body->data, row->mended ? row->mended : SENT);
	pool_release(&pool);
}
END_TEST

START_TEST(what_is_known_is_applied_before)
{
	struct oa_repair known = { .drop = UINT32_MAX, .max_tokens = 40000 };
	struct buf b;

	buf_init(&b, 4096);
	buf_adds(&b, str_of(SENT));
	oa_repair_apply(&known, &b);
	buf_addc(&b, '\0');
	ck_assert_str_eq(b.data, FIELDS(TOKENS));
	buf_release(&b);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("oa_repair");
	TCase *t = tcase_create("[U3.1 U5.1]");

	tcase_add_loop_test(t, a_refusal_is_mended, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, what_is_known_is_applied_before);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(make_suite)
