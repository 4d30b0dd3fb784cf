/* SPDX-License-Identifier: MIT */
/* The table; wordings are the real servers', as far as they have been recorded. */
#include "config.h"

#include "tests/fakenim/behave.h"

#include <time.h>

#include "tests/fakenim/echo.h"
#include "tests/fakenim/play.h"
#include "tests/fakenim/rules.h"
#include "tests/fakenim/said.h"

/* clang-format off */
#define HELLO "role\ntext Hello\ntext , this \ntext is the \ntext simulated \n" \
	"text NIM.\n"
#define END "end stop\nusage\ndone\n"
#define NORMAL HELLO END
#define TOOLS_END "end tool_calls\nusage\ndone\n"
#define THREE "role\ntext One \ntext two \ntext three \n"
#define REFUSE(code, text) \
	.status = (code), .type = "application/json", .body = (text)
/* clang-format on */

static const char many_words[][8] = { "the ",	"proxy ", "reads ", "a ",
				      "piece ", "of ",	  "text ",  "and ",
				      "sends ", "it ",	  "on ",    "to ",
				      "the ",	"one ",	  "who ",   "asked " };

static void say_words(struct turn *t, int64_t count, int64_t pause_ms)
{
	answer_delta(&t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	for (int64_t i = 0; i < count && !t->c->is_gone; i++) {
		if (pause_ms)
			conn_sleep(t->c, pause_ms);
		answer_text(&t->a, str_of(many_words[i % 16]));
	}
	play(t, END);
}

static void run_text(struct turn *t)
{
	say_words(t, (int64_t)t->number[0], 0);
}

static void run_paced(struct turn *t)
{
	say_words(t, (int64_t)t->number[0], (int64_t)t->number[1]);
}

/* Each word is the moment at which it is said, in microseconds (CLOCK_MONOTONIC). */
static void run_clock(struct turn *t)
{
	answer_delta(&t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	for (int i = 0; i < (int)t->number[0] && !t->c->is_gone; i++) {
		struct timespec now;

		conn_sleep(t->c, (int64_t)t->number[1]);
		(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for it */
		answer_text(&t->a,
			    pool_strf(&t->c->pool, "%lld ",
				      now.tv_sec * 1000000LL + now.tv_nsec / 1000));
	}
	play(t, END);
}

static void run_endless(struct turn *t)
{
	say_words(t, INT64_MAX, 5);
}

static void run_flood(struct turn *t)
{
	say_words(t, INT64_MAX, 0);
}

/* Does not look whether the client is there; only a failed write tells. */
static void run_blind(struct turn *t)
{
	for (int i = 0; i < 36000 && !t->c->is_gone; i++) {
		struct conn nobody = { .fd = -1 };

		answer_text(&t->a, STR("word "));
		conn_sleep(&nobody, 100);
	}
	answer_end(&t->a);
}

static void run_bigline(struct turn *t)
{
	struct buf *b = pool_buf(&t->c->pool, 1 << 20);

	while (b->len < (1 << 20) - 64)
		buf_lit(b, "0123456789abcdef");
	answer_text(&t->a, buf_str(b));
	play(t, END);
}

const struct behave behave_rows[] = {
	/* A good answer, in many forms. */
	{ "normal", .script = NORMAL },
	{ "assistant", .run = said_assistant },
	{ "echo", .run = echo_user },
	{ "ctx-echo", .run = echo_request },
	{ "text-#", .run = run_text },
	{ "paced-#-#", .run = run_paced },
	{ "clock-#-#", .run = run_clock },
	{ "burst-#", .run = run_text, .form = FORM_BURST },
	{ "crlf", .script = NORMAL, .form = FORM_CRLF },
	{ "nospace", .script = NORMAL, .form = FORM_NOSPACE },
	{ "drip", .script = "role\ntext Grüße \ntext 世界 \ntext 🙂\n" END,
	  .form = FORM_DRIP },
	{ "drip-crlf", .script = NORMAL, .form = FORM_DRIP | FORM_CRLF },
	{ "role-every", .script = NORMAL, .form = FORM_ROLE_EVERY },
	{ "comments",
	  .script = "raw : keep-alive\\n\\n\nrole\ntext Hello\nraw :\\n\\n\n"
		    "raw : {\"input_tokens\":5,\"output_tokens\":1}\\n\\n\ntext , this \n"
		    "raw event: llm_metrics\\ndata: {\"input_tokens\":5}\\n\\n\n"
		    "raw event: reasoning_dispatch\\ndata: "
		    "{\"index\":0,\"reasoning_content\":\"no\"}"
		    "\\n\\n\nraw id: 7\\nretry: 1000\\n\\n\ntext works.\n" END },
	{ "nulls",
	  .script = "delta "
		    "{'role':null,'content':null,'reasoning_content':null,'tool_calls':"
		    "null}\n" HELLO "delta {'content':null,'tool_calls':null}\n" END },
	{ "empties",
	  .script =
		  "role\ndelta {'content':''}\ntext Hel\ndelta {'content':''}\ndelta {}\n"
		  "text lo\ndelta {'content':'','reasoning_content':''}\n" END },
	{ "no-choices",
	  .script =
		  "role\ndata {'id':'x','object':'chat.completion.chunk'}\n" HELLO END },
	{ "garbage",
	  .script = "data {not json\nrole\ntext Hello\ndata null\ndata []\ndata 5\ndata\n"
		    "text  there\n" END },
	{ "bigline", .run = run_bigline },
	{ "no-done", .script = HELLO "end stop\nusage\nclose\n" },
	{ "stale", .script = NORMAL "stale\n" },
	{ "hints",
	  .script = "bare HTTP/1.1 103 Early Hints\\nLink: </x>\\n\\n\n" NORMAL },
	{ "http10",
	  .script = "bare HTTP/1.0 200 OK\\nContent-Type: text/event-stream\\n\\ndata: "
		    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},"
		    "\"finish_reason\":\"stop\"}]}\\n\\ndata: [DONE]\\n\\n\nfin\n" },
	{ "not-utf8",
	  .script = "role\ntext Hello\nraw data: {\"choices\":[{\"index\":0,\"delta\":"
		    "{\"content\":\" \xff\xc3(\xed\xa0\x80\"}}]}\\n\\n\n" END },
	{ "surrogates", .script = "role\ndelta {'content':'A\\ud83d'}\ndelta "
				  "{'content':'\\ude42B'}\n" END },
	{ "finish-twice",
	  .script = HELLO "end stop\ntext never\nend stop\nusage\ndone\n" },
	{ "finish-null", .script = HELLO "usage\ndone\n" },
	{ "finish-weird",
	  .script = HELLO "end model_context_window_exceeded\nusage\ndone\n" },
	{ "finish-delta",
	  .script = "role\ntext Hello\nend stop {'content':' there'}\nusage\ndone\n" },
	{ "length", .script = HELLO "end length\nusage\ndone\n" },
	{ "filter", .script = HELLO "end content_filter\nusage\ndone\n" },
	{ "empty", .script = "role\n" END },
	{ "usage-none", .script = NORMAL, .form = FORM_USAGE_NONE },
	{ "usage-every", .script = NORMAL, .form = FORM_USAGE_EVERY },
	{ "usage-null", .script = NORMAL, .form = FORM_USAGE_NULL },
	{ "usage-cached", .script = NORMAL, .form = FORM_USAGE_CACHED },

	/* Reasoning. */
	{ "reasoning",
	  .script =
		  "role\nreason Let me \nreason think. \nreason Yes.\ntext The answer \n"
		  "text is 4.\n" END },
	{ "reasoning-vllm",
	  .script = "role\nvreason Let me \nvreason think.\ntext The answer \n"
		    "text is 4.\n" END },
	{ "reasoning-both",
	  .script = "role\ndelta {'reasoning':'Let me','reasoning_content':'Let me'}\n"
		    "delta {'reasoning':' think.','reasoning_content':' think.'}\n"
		    "text The answer is 4.\n" END },
	{ "reasoning-interleaved",
	  .script = "role\nreason First. \ntext One. \nreason Second. \n"
		    "text Two.\n" END },
	{ "reasoning-only",
	  .script =
		  "role\nreason I think and \nreason think\nend length\nusage\ndone\n" },
	{ "reasoning-tool", .script = "role\nreason I need the tool.\ncall 0 call_r1 @1 "
				      "{\"path\":\"/\"}\n" TOOLS_END },
	{ "think-inline",
	  .script = "role\ntext <thi\ntext nk>Let me \ntext think.<\ntext /think>\n"
		    "text \\n\\nThe answer \ntext is 4.\n" END },
	{ "think-orphan", .script = "role\ntext Let me think.\ntext </think>\\n\\n\ntext "
				    "The answer is 4.\n" END },
	{ "think-unclosed", .script = "role\ntext <think>Let me \ntext think on\n" END },
	{ "think-literal", .script = "role\ntext Write:\\n```\\n<think>\ntext "
				     "x</think>\\n```\\nDone.\n" END },

	/* Tools. */
	{ "tool-split",
	  .script = "role\ncall 0 call_s1 @1\nargs 0 {\"p\nargs 0 ath\":\nargs 0  \"/t\n"
		    "args 0 mp\"\nargs 0 }\n" TOOLS_END },
	{ "tool-whole",
	  .script = "role\ncall 0 functions.ls:0 @1 {\"path\": \"/tmp\"}\n" TOOLS_END },
	{ "tool-text", .script = "role\ntext I will look.\ncall 0 call_t1 @1 {\"path\": "
				 "\"/tmp\"}\n" TOOLS_END },
	{ "tool-two",
	  .script = "role\ntext Two at once.\ncall 0 call_a1 @1\nargs 0 {\"path\":\n"
		    "args 0 \"/a\"}\ncall 1 call_b2 @2\nargs 1 {\"path\":\nargs 1 "
		    "\"/b\"}\n" TOOLS_END },
	{ "tool-three",
	  .script = "role\ncall 0 call_1 @1 {\"path\":\"/a\"}\ncall 1 call_2 @1 "
		    "{\"path\":\"/b\"}\ncall 2 call_3 @1 {\"path\":\"/c\"}\n" TOOLS_END },
	{ "tool-interleaved",
	  .script = "role\ncall 0 call_a1 @1\ncall 1 call_b2 @2\nargs 0 {\"path\":\n"
		    "args 1 {\"path\":\nargs 0 \"/a\"\nargs 1 \"/b\"\nargs 0 }\n"
		    "args 1 }\n" TOOLS_END },
	{ "tool-text-after",
	  .script = "role\ntext Before.\ncall 0 call_x @1 {\"path\":\"/a\"}\n"
		    "text After.\n" TOOLS_END },
	{ "tool-noid", .script = "role\ncall 0 - @1 {\"path\":\"/a\"}\ncall 1 - @2 "
				 "{\"path\":\"/b\"}\n" TOOLS_END },
	{ "tool-dupid",
	  .script = "role\ncall 0 call_d @1 {\"path\":\"/a\"}\ncall 1 call_d @2 "
		    "{\"path\":\"/b\"}\n" TOOLS_END },
	{ "tool-index0",
	  .script = "role\ncall 0 call_a @1 {\"path\":\"/a\"}\ncall 0 call_b @2 "
		    "{\"path\":\"/b\"}\n" TOOLS_END },
	{ "tool-namerepeat", .script = "role\ncall 0 call_n @1 {\"pa\ncall 0 call_n @1 "
				       "th\":\"/a\"}\n" TOOLS_END },
	{ "tool-unknown",
	  .script = "role\ncall 0 call_u no_such_tool {\"path\":\"/a\"}\n" TOOLS_END },
	{ "tool-args-empty", .script = "role\ncall 0 call_e @1\n" TOOLS_END },
	{ "tool-args-null",
	  .script = "role\ndelta {'tool_calls':[{'index':0,'id':'call_n','type':"
		    "'function','function':{'name':'get_weather','arguments':null}}]}"
		    "\n" TOOLS_END },
	{ "tool-args-object",
	  .script = "role\ndelta {'tool_calls':[{'index':0,'id':'call_o','type':"
		    "'function','function':{'name':'get_weather','arguments':"
		    "{'path':'/tmp'}}}]}\n" TOOLS_END },
	{ "tool-args-fenced", .script = "role\ncall 0 call_f @1 "
					"```json\\n{\"path\":\"/a\"}\\n```\n" TOOLS_END },
	{ "tool-args-double",
	  .script = "role\ncall 0 call_d @1 \"{\\\"path\\\":\\\"/a\\\"}\"\n" TOOLS_END },
	{ "tool-args-cut",
	  .script = "role\ntext Well.\ncall 0 call_c @1\nargs 0 {\"path\": \"/t\n"
		    "end length\nusage\ndone\n" },
	{ "tool-args-bad",
	  .script = "role\ncall 0 call_c @1\nargs 0 {\"path\": \"/t\n" TOOLS_END },
	{ "finish-stop-tools",
	  .script = "role\ncall 0 call_z @1 {\"path\":\"/a\"}\n" END },
	{ "finish-tools-none", .script = HELLO TOOLS_END },

	/* As Dynamo 1.6.1 says it. */
	{ "dynamo-call",
	  .script =
		  "delta {'content':'I look. ','role':'assistant'}\ndelta {'content':'',"
		  "'tool_calls':[{'index':0,'id':'call-5f0c1d2e-0000-4000-8000-"
		  "000000000001','type':'function','function':{'name':'get_weather',"
		  "'arguments':'{}'}}]}\n" TOOLS_END },
	{ "dynamo-two",
	  .script =
		  "delta {'role':'assistant','content':'','tool_calls':[{'index':0,'id':"
		  "'functions.get_weather:0','type':'function','function':{'name':"
		  "'get_weather','arguments':'{}'}},{'index':1,'id':"
		  "'functions.read_file:1','type':'function','function':{'name':"
		  "'read_file','arguments':'{}'}}]}\n" TOOLS_END },
	{ "dynamo-cut",
	  .script =
		  "delta {'content':'I look. ','role':'assistant'}\nend length "
		  "{'content':'','tool_calls':[{'index':0,'id':'call-1','type':'function'"
		  ","
		  "'function':{'name':'get_weather','arguments':'{\\'path\\': \\'/t\\'}'"
		  "}}]}\nusage\ndone\n" },
	{ "dynamo-forced-cut",
	  .script = "role\ncall 0 call_f @1 {\"path\":\nargs 0 \"/t\nend tool_calls\n"
		    "end length\nusage\ndone\n" },
	{ "dynamo-swallowed",
	  .script =
		  "delta {'content':'','role':'assistant'}\nend stop\ndata {'choices':[],"
		  "'usage':{'prompt_tokens':9,'completion_tokens':19,'total_tokens':28}}"
		  "\n"
		  "done\n" },
	{ "dynamo-stop", .script = "delta {'content':'Hel','role':'assistant'}\ndata "
				   "{'choices':[{'index':0,"
				   "'delta':{},'finish_reason':'stop'}],'nvext':{'stop_"
				   "reason':'lo'}}\nusage"
				   "\ndone\n" },
	{ "dynamo-error", .script = THREE
			  "data {'error':{'message':'Internal server error','type':"
			  "'internal_server_error','code':500}}\ndone\n" },
	{ "dynamo-ctx",
	  .script = "raw data: {\"error\":{\"message\":\"This model's maximum context "
		    "length "
		    "is 65536 tokens. However, your prompt contains at least 65537 input "
		    "tokens, which exceeds this limit even without any output tokens.\","
		    "\"type\":\"invalid_request_error\",\"code\":400}}\\n\\n\ndone\n" },
	{ "404-empty", .status = 404, .body = "" },

	/* Silence. */
	{ "silent-#", .script = "head\nsleep #1\n" NORMAL },
	{ "silenthead-#", .script = "sleep #1\n" NORMAL },
	{ "stall-#", .script = THREE "sleep #1\ntext four.\n" END },
	{ "hang", .script = "head\nrole\nhang\n" },
	{ "hang-text", .script = THREE "hang\n" },
	{ "endless", .run = run_endless },
	{ "flood", .run = run_flood },
	{ "slow-close", .run = run_blind },

	/* Ends that are none. */
	{ "cut", .script = THREE "rst\n" },
	{ "cut-fin", .script = THREE "fin\n" },
	{ "cut-clean", .script = THREE "close\n" },
	{ "cut-done", .script = THREE "done\n" },
	{ "cut-tool", .script = "role\ncall 0 call_c @1\nargs 0 {\"path\": \"/t\nrst\n" },
	{ "cut-behind",
	  .script = "role\ncall 0 call_c @1 {\"path\":\"/a\"}\ntext And\nrst\n" },
	{ "cut-behind-tool",
	  .script = "role\ntext Well.\ncall 0 call_c @1 {\"path\":\"/a\"}\nrst\n" },
	{ "cut-half", .script = "role\nraw data: {\"id\":\"x\",\"cho\nrst\n" },
	{ "cut-held", .script = "role\ntext   <thi\nrst\n" },
	{ "cut-thinking", .script = "role\nreason Let me think\nrst\n" },
	{ "err-event", .script = THREE
		       "raw event: error\\ndata: {\"message\":\"worker lost\",\"type\":"
		       "\"Service Unavailable\",\"code\":503}\\n\\n\ndone\n" },
	{ "err-data", .script = THREE
		      "data {'error':{'message':'Service temporarily unavailable',"
		      "'type':'service_unavailable','code':503}}\ndone\n" },
	{ "err-first",
	  .script = "data {'error':{'message':'Service temporarily unavailable','type':"
		    "'service_unavailable','code':503}}\ndone\n" },
	{ "err-first-400", .script = "data {'error':{'message':'no such thing','type':"
				     "'invalid_request_error','code':400}}\ndone\n" },
	{ "err-urn",
	  .script =
		  "data "
		  "{'type':'urn:inference-service:problem-details:internal-server-error',"
		  "'title':'Internal Server Error','status':500,'detail':'x'}\ndone\n" },
	{ "200-empty", .script = "head\nclose\n" },
	{ "200-json-error", REFUSE(200, "{\"error\":{\"message\":\"Service temporarily "
					"unavailable\",\"type\":\"x\",\"code\":503}}") },
	{ "200-html", .status = 200, .type = "text/html",
	  .body = "<html>Sign in</html>" },
	{ "200-gzip", .status = 200, .type = "text/event-stream",
	  .fields = "Content-Encoding: gzip\r\n", .body = "\x1f\x8b" },
	{ "close", .script = "fin\n" },
	{ "close-head", .script = "bare HTTP/1.1 200 OK\\nContent-Type: text/ev\nfin\n" },
	{ "reset", .script = "rst\n" },
	{ "bad-status",
	  .script = "bare HTTP/1.1 2x0 OK\\nContent-Length: 0\\n\\n\nfin\n" },
	{ "no-http", .script = "bare SSH-2.0-OpenSSH_9.2\\n\nfin\n" },

	/* Servers with rules of their own. */
	{ "strict-dynamo", .run = rules_dynamo },
	{ "strict-nim1", .run = rules_nim1 },
	{ "strict-nim1-list", .run = rules_nim1_list },
	{ "strict-nim1-repr", .run = rules_nim1_repr },
	{ "no-stream-options", .run = rules_no_stream_options },
	{ "mistral", .run = rules_mistral },
	{ "llama-single", .run = rules_llama },
	{ "strict-order", .run = rules_order },
	{ "deepseek-echo", .run = rules_deepseek },
	{ "hang-no-ctk", .run = rules_ctk },
	{ "ctx-dynamo-#", .run = rules_ctx_dynamo },
	{ "ctx-vllm-new-#", .run = rules_ctx_vllm },
	{ "ctx-vllm-old-#", .run = rules_ctx_vllm_old },
	{ "ctx-vllm-max-#", .run = rules_ctx_vllm_max },
	{ "ctx-vllm-neg-#", .run = rules_ctx_vllm_negative },
	{ "ctx-sglang-#", .run = rules_ctx_sglang },
	{ "429-window-#", .run = rules_window },
	{ "429-tpm-#", .run = rules_tokens },
	{ "503-worker-#", .run = rules_busy },
	{ "503-as-429-#", .run = rules_busy_429 },
	{ "503-stream-#", .run = rules_busy_stream },
	{ "202-poll", .run = rules_202 },
	{ "202", .status = 202, .type = "application/json", .body = "{}",
	  .fields = "NVCF-REQID: 11112222-3333-4444-5555-666677778888\r\n"
		    "NVCF-STATUS: pending-evaluation\r\n" },
	{ "dialect-#-#-#", .run = rules_dialect },
	{ "413-early", .script = NORMAL }, /* refused while the body is read (conn.c) */

	/* Refusals. */
	{ "400",
	  REFUSE(400, "{\"error\":{\"message\":\"something is wrong with it\",\"type\":"
		      "\"BadRequestError\",\"param\":null,\"code\":400}}") },
	{ "400-echo",
	  REFUSE(400, "{\"error\":{\"message\":\"1 validation error:\\n  {'type': "
		      "'string_type', 'loc': 'body.messages', 'msg': 'Input should be a "
		      "valid string', 'input': '$U'}\",\"type\":\"Bad Request\","
		      "\"param\":\"body.messages\",\"code\":400}}") },
	{ "401", REFUSE(401, "{\"status\":401,\"title\":\"Unauthorized\",\"detail\":"
			     "\"Authentication failed\"}") },
	{ "401-empty", .status = 401, .body = "" },
	{ "403", REFUSE(403, "{\"status\":403,\"title\":\"Forbidden\",\"detail\":"
			     "\"Authorization failed\"}") },
	{ "404-account",
	  REFUSE(404, "{\"status\":404,\"title\":\"Not Found\",\"detail\":\"Function "
		      "'11112222-3333-4444-5555-666677778888': Not found for account "
		      "'AbCdEfGhIjKl-MnOp'\"}") },
	{ "404-plain", .status = 404, .type = "text/plain",
	  .body = "404 page not found\n" },
	{ "404-dynamo",
	  REFUSE(404, "{\"message\":\"Model not found\",\"type\":\"Not Found\","
		      "\"code\":404}") },
	{ "410",
	  REFUSE(410,
		 "{\"status\":410,\"title\":\"Gone\",\"detail\":\"The model '$M' has "
		 "reached its end of life on 2026-07-27T00:00:00Z and is no longer "
		 "available.\"}") },
	{ "422",
	  REFUSE(422, "{\"type\":\"urn:inference-service:problem-details:unprocessable-"
		      "entity\",\"title\":\"Unprocessable Entity\",\"status\":422,"
		      "\"detail\":\"body -> foo\\n  Extra inputs are not permitted\","
		      "\"requestId\":\"11112222-3333-4444-5555-666677778888\"}") },
	{ "degraded-#",
	  REFUSE(400,
		 "{\"status\":400,\"title\":\"Bad Request\",\"detail\":\"Function id "
		 "'11112222-3333-4444-5555-666677778888': DEGRADED function cannot be "
		 "invoked\"}"),
	  .times = -1 },
	{ "ctx-vllm",
	  REFUSE(400, "{\"error\":{\"message\":\"This model's maximum context length is "
		      "65536 tokens. However, your prompt contains at least 65537 input "
		      "tokens, which exceeds this limit even without any output tokens. "
		      "Please reduce the length of the input prompt. "
		      "(parameter=input_tokens, value=65537)\",\"type\":"
		      "\"BadRequestError\",\"param\":\"input_tokens\",\"code\":400}}") },
	{ "no-tools", .run = rules_no_tools },
	{ "429-bare", REFUSE(429, "{\"status\":429,\"title\":\"Too Many Requests\"}") },
	{ "429-after-#", REFUSE(429, "{\"status\":429,\"title\":\"Too Many Requests\"}"),
	  .fields = "Retry-After: #\r\n", .times = 1 },
	{ "429-date", REFUSE(429, "{\"status\":429,\"title\":\"Too Many Requests\"}"),
	  .fields = "Retry-After: Fri, 31 Dec 2032 23:59:59 GMT\r\n" },
	{ "429-garbage", REFUSE(429, "{\"status\":429,\"title\":\"Too Many Requests\"}"),
	  .fields = "Retry-After: soon\r\n" },
	{ "429-long", REFUSE(429, "{\"status\":429,\"title\":\"Too Many Requests\"}"),
	  .fields = "Retry-After: 18000\r\n" },
	{ "500",
	  REFUSE(500, "{\"status\":500,\"title\":\"Internal Server Error\",\"detail\":"
		      "\"Internal error while making inference request\"}") },
	{ "502-html", .status = 502, .type = "text/html",
	  .body = "<html><head><title>502 Bad "
		  "Gateway</title></head><body><center><h1>502 Bad "
		  "Gateway</h1></center><hr><center>nginx</center></body></html>" },
	{ "503-worker",
	  REFUSE(503, "{\"error\":{\"message\":\"ResourceExhausted: Worker local "
		      "total request limit reached (16/16)\",\"type\":\"Service "
		      "Unavailable\",\"code\":503}}") },
	{ "504-empty", .status = 504, .fields = "Nvcf-Status: errored\r\n", .body = "" },
	{ "529", REFUSE(529, "{\"message\":\"Service temporarily overloaded\",\"type\":"
			     "\"Overloaded\",\"code\":529}") },
	{ "503-not-ready", REFUSE(503, "{\"error\":{\"message\":\"Service is not "
				       "ready\",\"code\":503}}") },
	{ "redirect", .status = 302, .fields = "Location: /v1/chat/completions\r\n",
	  .body = "" },
	{ "redirect-307", .status = 307, .fields = "Location: /v1/chat/completions\r\n",
	  .body = "" },
};

const size_t behave_count = sizeof(behave_rows) / sizeof(behave_rows[0]);
