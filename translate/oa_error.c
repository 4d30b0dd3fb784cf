/* SPDX-License-Identifier: MIT */
/*
 * Tables: words that matter more than the status, then statuses.  The sentences say what
 * is wrong and what to do, to the person in front of the client or to whoever runs the
 * proxy.
 */
#include "config.h"

#include "translate/oa_error.h"

#include "translate/oa_said.h"

enum { ASKED_MAX = 3600 };

/* What a sentence is made of: %M model, %A as asked for, %S what the upstream said. */
struct rule {
	int status; /* 0 ends the table: everything else */
	enum an_error_kind kind;
	bool is_transient;
	bool want_no_retry;
	const char *sentence;
};

static const char refused_key[] =
	"The upstream refused the proxy's own API key (%C%S). This is not about your "
	"credentials: whoever runs the proxy must check NVIDIA_API_KEY.";
static const char busy[] =
	"The upstream has no free capacity for the model %M (%C). Please try again.";
static const char failed[] = "The upstream failed (%C). Please try again.";
static const char not_offered[] =
	"The upstream does not offer the model %M%A (%C%S). Choose another id in "
	"models.conf.";

/* Sentences that decide whatever status they come with (NIM: 400, 429, 503 and in a 200).
 */
static const struct {
	const char *words;
	struct rule rule;
} by_words[] = {
	{ "DEGRADED function cannot be invoked",
	  { 529, AN_OVERLOADED, true, false, busy } },
	{ "ResourceExhausted", { 529, AN_OVERLOADED, true, false, busy } },
	{ "total request limit reached", { 529, AN_OVERLOADED, true, false, busy } },
	{ "temporarily overloaded", { 529, AN_OVERLOADED, true, false, busy } },
	{ "is not ready", { 503, AN_OVERLOADED, true, false, busy } },
	{ "single tool-calls at once",
	  { 400, AN_API, false, true,
	    "The model %M takes one tool call a message. Whoever runs the proxy should "
	    "set "
	    "single_calls = true for it in models.conf." } },
	{ "with a length of 9",
	  { 400, AN_API, false, true,
	    "The model %M wants ids of nine letters and digits. Whoever runs the proxy "
	    "should set short_ids = true for it in models.conf." } },
};

/* The gateway: 404 without a body while no worker has registered the model. */
static const struct rule not_ready = {
	404, AN_OVERLOADED, true, false,
	"The upstream has not started the model %M yet. Please "
	"try again."
};

static const struct rule by_status[] = {
	{ 400, AN_INVALID_REQUEST, false, false,
	  "The upstream refused the request (%C%S)." },
	{ 401, AN_API, false, true, refused_key },
	{ 402, AN_API, false, true, refused_key },
	{ 403, AN_API, false, true, refused_key },
	{ 404, AN_NOT_FOUND, false, false, not_offered },
	{ 408, AN_OVERLOADED, true, false, failed },
	{ 409, AN_OVERLOADED, true, false, failed },
	{ 410, AN_NOT_FOUND, false, false, not_offered },
	{ 413, AN_TOO_LARGE, false, false,
	  "The request is larger than the upstream accepts (%C). Shorten the "
	  "conversation." },
	{ 422, AN_INVALID_REQUEST, false, false,
	  "The upstream refused the request (%C%S)." },
	{ 425, AN_OVERLOADED, true, false, failed },
	{ 429, AN_RATE_LIMIT, true, false,
	  "The upstream's rate limit for the proxy's API key is used up (%C). Please try "
	  "again in a moment." },
	{ 501, AN_BAD_UPSTREAM, false, true,
	  "The upstream does not support what was asked for (%C)." },
	{ 502, AN_OVERLOADED, true, false, failed },
	{ 503, AN_OVERLOADED, true, false, busy },
	{ 504, AN_TIMEOUT, true, false,
	  "The upstream took too long (%C). Please try again, with a shorter "
	  "conversation "
	  "if it happens often." },
	{ 529, AN_OVERLOADED, true, false, busy },
};

/* The rest by hundreds. */
static const struct rule by_class[] = {
	{ 0, AN_OVERLOADED, true, false,
	  "The upstream reported an error. Please try again." },
	{ 1, AN_BAD_UPSTREAM, true, false, failed },
	{ 2, AN_BAD_UPSTREAM, true, false,
	  "The upstream's answer (%C) was not one. Please try again." },
	{ 3, AN_BAD_UPSTREAM, false, true,
	  "The upstream answered with a redirect (%C), which the proxy never follows. "
	  "Whoever "
	  "runs the proxy must check NVIDIA_BASE_URL." },
	{ 4, AN_API, false, true,
	  "The upstream refused the proxy's request (%C%S). Whoever runs the proxy "
	  "should "
	  "look into its log." },
	{ 5, AN_OVERLOADED, true, false, failed },
};

static const struct rule *find_rule(int status, struct str said, struct str body)
{
	for (size_t i = 0; i < sizeof(by_words) / sizeof(by_words[0]); i++)
		if (str_contains_nocase(said, str_of(by_words[i].words)))
			return &by_words[i].rule;
	if (status == 404 && str_trim(body).len == 0)
		return &not_ready;
	for (size_t i = 0; i < sizeof(by_status) / sizeof(by_status[0]); i++)
		if (by_status[i].status == status)
			return &by_status[i];
	return &by_class[status >= 100 && status < 600 ? status / 100 : 0];
}

static void put_name(struct buf *b, struct pool *p, struct str name)
{
	buf_addc(b, '"');
	buf_adds(b, oa_said_redact(p, name, 128));
	buf_addc(b, '"');
}

static struct str write_sentence(struct pool *p, const struct rule *rule, int status,
				 struct str said, const struct oa_error_in *in)
{
	struct buf *b = pool_buf(p, 2048);
	for (const char *at = rule->sentence; *at; at++) {
		if (*at != '%') {
			buf_addc(b, *at);
			continue;
		}
		switch (*++at) {
		case 'C':
			buf_addf(b, "%d", status > 0 ? status : rule->status);
			break;
		case 'M':
			put_name(b, p, in->model_id);
			break;
		case 'A':
			if (in->model_asked.len == 0 ||
			    str_eq(in->model_asked, in->model_id))
				break;
			buf_lit(b, ", asked for as ");
			put_name(b, p, in->model_asked);
			break;
		case 'S':
			if (said.len > 0)
				buf_lit(b, ": ");
			buf_adds(b, said);
			break;
		}
	}
	return buf_str(b);
}

/* Retry-After for the client: what was asked for, in its range. */
static int client_retry(enum an_error_kind kind, int asked)
{
	if (asked > 0)
		return asked < OA_RETRY_MAX ? asked : OA_RETRY_MAX;
	return kind == AN_RATE_LIMIT ? OA_RETRY_DEFAULT : 0;
}

void oa_error_read(struct oa_error *out, struct pool *p, const struct oa_error_in *in)
{
	struct oa_said said;
	oa_said_read(&said, p, in->body);
	int status = in->status == 0 || in->status == 200 ? said.status : in->status;
	*out = (struct oa_error){ .status = status, .said = said.clean };
	out->retry_after = oa_error_retry_after(in->retry_after, in->now_s);
	bool may_be_limit = status == 0 || status == 400 || status == 413 ||
			    status == 422 || status == 500;
	if (may_be_limit &&
	    oa_limits_read(&out->limit, p, said.whole, in->body, in->input_estimate)) {
		out->error.kind = AN_INVALID_REQUEST;
		out->error.message = out->limit.sentence;
		return;
	}
	const struct rule *rule = find_rule(status, said.whole, in->body);
	out->is_transient = rule->is_transient;
	out->is_busy = rule->sentence == busy;
	out->error = (struct an_error){
		.kind = rule->kind,
		.message = write_sentence(p, rule, status, said.clean, in),
		.want_no_retry = rule->want_no_retry,
	};
	if (rule->is_transient)
		out->error.retry_after = client_retry(rule->kind, out->retry_after);
}

static int clamp(int64_t seconds)
{
	return seconds < 1 ? 1 : seconds > ASKED_MAX ? ASKED_MAX : (int)seconds;
}

/* count digits at text; -1 when they aren't. */
static int digits(const char *text, int count)
{
	int number = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + text[i] - '0';
	}
	return number;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; month 0 to 11. */
static int64_t days(int year, int month, int day)
{
	static const int before[] = { 0,   31,	59,  90,  120, 151,
				      181, 212, 243, 273, 304, 334 };
	int y = year - (month < 2); /* the leap day of this year counts from March on */
	int64_t leaps = y / 4 - y / 100 + y / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
	return (year - 1970) * INT64_C(365) + leaps + before[month] + day - 1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) as Unix time; -1 when it isn't one.
 */
static int64_t read_date(struct str text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	if (text.len != 29 || memcmp(text.ptr + 3, ", ", 2) != 0 ||
	    memcmp(text.ptr + 25, " GMT", 4) != 0)
		return -1;
	int day = digits(text.ptr + 5, 2), year = digits(text.ptr + 12, 4);
	int hour = digits(text.ptr + 17, 2), minute = digits(text.ptr + 20, 2);
	int second = digits(text.ptr + 23, 2);
	int month = 0;
	while (month < 12 && memcmp(months + 3 * month, text.ptr + 8, 3) != 0)
		month++;
	if (day < 1 || day > 31 || month == 12 || year < 1970 || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59 || second < 0 || second > 60)
		return -1;
	return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

int oa_error_retry_after(struct str header, int64_t now_s)
{
	header = str_trim(header);
	if (header.len == 0)
		return 0;
	size_t n = 0;
	int64_t seconds = 0;
	while (n < header.len && header.ptr[n] >= '0' && header.ptr[n] <= '9') {
		seconds = seconds * 10 + header.ptr[n++] - '0';
		if (seconds > ASKED_MAX)
			seconds = ASKED_MAX;
	}
	if (n == header.len)
		return clamp(seconds);
	int64_t at = read_date(header);
	return at < 0 ? 0 : clamp(at - now_s);
}
