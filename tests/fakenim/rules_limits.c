/* SPDX-License-Identifier: MIT */
/* Limits of length, of time and of work, and calls written as text. */
#include "config.h"

#include <pthread.h>
#include <time.h>

#include "tests/fakenim/play.h"
#include "tests/fakenim/rules.h"
#include "tests/fakenim/stats.h"
#include "tests/fakenim/strict.h"

#define WELL "role\ntext Hello there.\nend stop\nusage\ndone\n"

enum { BYTES_PER_TOKEN = 4, GRANTS_MAX = 1024, WINDOW_MS = 60000, SLOW_MS = 300 };

static void refuse(struct turn *t, int status, struct str body)
{
	conn_answer(t->c, status, "application/json", NULL, body);
	t->a.has_ended = true;
}

/* ---- length */

struct need {
	long long window, prompt, answer;
};

static struct need need_of(struct turn *t)
{
	struct json_object *max = strict_get(t->body, "max_tokens", json_type_int);

	return (struct need){ .window = (long long)t->number[0],
			      .prompt = (long long)(t->c->body.len / BYTES_PER_TOKEN),
			      .answer = max ? json_object_get_int64(max) : 16 };
}

static void refuse_vllm(struct turn *t, struct str sentence)
{
	refuse(t, 400,
	       pool_strf(&t->c->pool,
			 "{\"error\":{\"message\":\"%s\",\"type\":\"BadRequestError\","
			 "\"param\":null,\"code\":400}}",
			 sentence.ptr));
}

static bool fits(struct turn *t, struct need n)
{
	if (n.prompt + n.answer > n.window)
		return false;
	play(t, WELL);
	return true;
}

void rules_ctx_dynamo(struct turn *t)
{
	struct need n = need_of(t);

	if (n.prompt <= n.window)
		play(t, WELL);
	else
		refuse(t, 400,
		       pool_strf(&t->c->pool,
				 "{\"message\":\"This model's maximum context length is "
				 "%lld tokens. However, your messages resulted in %lld "
				 "tokens. Please reduce the length of the messages.\","
				 "\"type\":\"Bad Request\",\"code\":400}",
				 n.window, n.prompt));
}

void rules_ctx_vllm(struct turn *t)
{
	struct need n = need_of(t);

	if (!fits(t, n))
		refuse_vllm(t,
			    pool_strf(&t->c->pool,
				      "This model's maximum context length is %lld "
				      "tokens. However, you requested %lld output tokens "
				      "and your prompt contains at least %lld input "
				      "tokens, for a total of at least %lld tokens.",
				      n.window, n.answer, n.prompt, n.prompt + n.answer));
}

void rules_ctx_vllm_old(struct turn *t)
{
	struct need n = need_of(t);

	if (!fits(t, n))
		refuse_vllm(t,
			    pool_strf(&t->c->pool,
				      "This model's maximum context length is %lld "
				      "tokens. However, you requested %lld tokens "
				      "(%lld in the messages, %lld in the completion). "
				      "Please reduce the length of the messages or "
				      "completion.",
				      n.window, n.prompt + n.answer, n.prompt, n.answer));
}

void rules_ctx_vllm_max(struct turn *t)
{
	struct need n = need_of(t);

	if (n.answer <= n.window)
		play(t, WELL);
	else
		refuse_vllm(t,
			    pool_strf(&t->c->pool,
				      "max_tokens=%lld cannot be greater than "
				      "max_model_len=%lld. Please request fewer output "
				      "tokens. (parameter=max_tokens, value=%lld)",
				      n.answer, n.window, n.answer));
}

void rules_ctx_vllm_negative(struct turn *t)
{
	struct need n = need_of(t);
	long long left = n.window - n.prompt;

	if (left > 0)
		play(t, WELL);
	else
		refuse_vllm(t, pool_strf(&t->c->pool,
					 "max_tokens must be at least 1, got %lld. "
					 "(parameter=max_tokens, value=%lld)",
					 left, left));
}

void rules_ctx_sglang(struct turn *t)
{
	struct need n = need_of(t);

	if (n.prompt <= n.window)
		play(t, WELL);
	else
		refuse_vllm(t, pool_strf(&t->c->pool,
					 "The input (%lld tokens) is longer than the "
					 "model's context length (%lld tokens).",
					 n.prompt, n.window));
}

/* ---- time: what was granted in the last 60 s, for all models of one kind */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	long long at_ms, cost;
} grants[GRANTS_MAX];
static size_t grant_count;

static long long clock_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* True when cost more would be within most; then it is counted. */
static bool grant(long long cost, long long most)
{
	long long now = clock_now(), used = 0;
	bool is_within;

	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < grant_count; i++)
		if (now - grants[i].at_ms < WINDOW_MS)
			used += grants[i].cost;
	is_within = used + cost <= most && grant_count < GRANTS_MAX;
	if (is_within) {
		grants[grant_count].at_ms = now;
		grants[grant_count++].cost = cost;
	}
	(void)pthread_mutex_unlock(&lock);
	return is_within;
}

static void answer_within(struct turn *t, long long cost)
{
	if (grant(cost, (long long)t->number[0]))
		play(t, WELL);
	else
		refuse(t, 429, STR("{\"status\":429,\"title\":\"Too Many Requests\"}"));
}

void rules_window(struct turn *t)
{
	answer_within(t, 1);
}

void rules_tokens(struct turn *t)
{
	answer_within(t, (long long)(t->c->body.len / BYTES_PER_TOKEN));
}

/* ---- work: so many requests at once */

static int at_work;

static bool begin_work(struct turn *t)
{
	bool is_free;

	(void)pthread_mutex_lock(&lock);
	is_free = at_work < (int)t->number[0];
	at_work += is_free;
	(void)pthread_mutex_unlock(&lock);
	return is_free;
}

static void work(struct turn *t)
{
	conn_sleep(t->c, SLOW_MS);
	play(t, WELL);
	(void)pthread_mutex_lock(&lock);
	at_work--;
	(void)pthread_mutex_unlock(&lock);
}

static struct str exhausted(struct turn *t, const char *format)
{
	struct buf *b = pool_buf(&t->c->pool, 4096);
	int most = (int)t->number[0];

	for (; *format; format++)
		if (*format == '%')
			buf_addf(b,
				 "ResourceExhausted: Worker local total request limit "
				 "reached (%d/%d)",
				 most, most);
		else
			buf_addc(b, *format);
	return buf_str(b);
}

void rules_busy(struct turn *t)
{
	if (begin_work(t))
		work(t);
	else
		refuse(t, 503,
		       exhausted(t, "{\"error\":{\"message\":\"%\",\"type\":\"Service "
				    "Unavailable\",\"code\":503}}"));
}

void rules_busy_429(struct turn *t)
{
	if (begin_work(t))
		work(t);
	else
		refuse(t, 429, exhausted(t, "{\"detail\":\"%\"}"));
}

void rules_busy_stream(struct turn *t)
{
	if (begin_work(t)) {
		work(t);
		return;
	}
	answer_data(&t->a,
		    exhausted(t, "{\"error\":{\"message\":\"%\",\"type\":\"Service "
				 "Unavailable\",\"code\":503}}"));
	play(t, "done\n");
}

/* ---- calls as text, said in pieces of five bytes; @ stands for the tool's name */

static const char *const dialects[] = {
	"Look.<|tool_calls_section_begin|><|tool_call_begin|>functions.@:0<|tool_call_"
	"argument_begin|>{\"path\": \"/a\"}<|tool_call_end|><|tool_calls_section_end|>",
	"Look.<tool_call>{\"name\": \"@\", \"arguments\": {\"path\": "
	"\"/a\"}}</tool_call>",
	"Look.<tool_call><function=@><parameter=path>/a</parameter></function></"
	"tool_call>",
	"Look.<tool_call>@<arg_key>path</arg_key><arg_value>/a</arg_value></tool_call>",
	"Look.<｜DSML｜tool_calls><｜DSML｜invoke name=\"@\"><｜DSML｜parameter "
	"name=\"path\" "
	"string=\"true\">/a</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜tool_calls>",
	"Look.<minimax:tool_call><invoke name=\"@\"><parameter "
	"name=\"path\">/a</parameter>"
	"</invoke></minimax:tool_call>",
	"<|python_tag|>{\"name\": \"@\", \"parameters\": {\"path\": \"/a\"}}",
	"Look.[TOOL_CALLS][{\"name\": \"@\", \"arguments\": {\"path\": \"/a\"}}]",
	"<|channel|>commentary to=functions.@ <|constrain|>json<|message|>{\"path\": "
	"\"/a\"}"
	"<|call|>",
};
enum { DIALECTS = sizeof(dialects) / sizeof(dialects[0]), PIECE = 5 };

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static struct str fill(struct turn *t, const char *format, struct str name)
{
	struct buf *b = pool_buf(&t->c->pool, 4096);

	for (; *format; format++)
		if (*format == '@')
			buf_adds(b, name);
		else
			buf_addc(b, *format);
	return buf_str(b);
}

/* number[0] the row above, number[1] 1: a name nobody declared, number[2] 1: as thoughts
 */
void rules_dialect(struct turn *t)
{
	size_t row = (size_t)t->number[0] % DIALECTS;
	struct str name = t->number[1] > 0 ? STR("no_such_tool") : play_tool_name(t, 0);
	struct str said = fill(t, dialects[row], name);

	answer_delta(&t->a, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	for (size_t at = 0, end; at < said.len; at = end) {
		struct str piece;

		end = at + PIECE < said.len ? at + PIECE : said.len;
		while (end < said.len && is_inside(said.ptr[end]))
			end++;
		piece = (struct str){ said.ptr + at, end - at };
		if (t->number[2] > 0)
			answer_reason(&t->a, "reasoning_content", piece);
		else
			answer_text(&t->a, piece);
	}
	play(t, "end stop\nusage\ndone\n");
}
