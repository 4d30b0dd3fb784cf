/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/html.h"

enum { COLUMN = 8, HEIGHT = 60, BAR = 160 };

void html_text(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.ptr[i]) {
		case '&':
			buf_lit(b, "&amp;");
			break;
		case '<':
			buf_lit(b, "&lt;");
			break;
		case '>':
			buf_lit(b, "&gt;");
			break;
		case '"':
			buf_lit(b, "&quot;");
			break;
		case '\'':
			buf_lit(b, "&#39;");
			break;
		default:
			buf_addc(b, text.ptr[i]);
		}
}

void html_count(struct buf *b, uint64_t number)
{
	char digits[24], *at = digits + sizeof(digits) - 1;
	int count = 0;

	*at = '\0';
	do {
		if (count && count % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + number % 10);
		number /= 10;
		count++;
	} while (number && at > digits + 1);
	buf_adds(b, str_of(at));
}

void html_ms(struct buf *b, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		buf_lit(b, "–");
	else if (ms < 1000)
		buf_addf(b, "%lld ms", (long long)ms);
	else if (s < 10)
		buf_addf(b, "%lld.%lld s", (long long)s, (long long)(ms % 1000 / 100));
	else if (s < 120)
		buf_addf(b, "%lld s", (long long)s);
	else if (s < 7200)
		buf_addf(b, "%lld min", (long long)(s / 60));
	else if (s < 172800)
		buf_addf(b, "%lld h %lld min", (long long)(s / 3600),
			 (long long)(s % 3600 / 60));
	else
		buf_addf(b, "%lld days", (long long)(s / 86400));
}

void html_bar(struct buf *b, uint64_t part, uint64_t whole, const char *class)
{
	uint64_t full = whole ? part * BAR / whole : 0;

	if (full > BAR)
		full = BAR;
	buf_addf(b,
		 "<svg class=\"bar %s\" viewBox=\"0 0 %d 10\" aria-hidden=\"true\">"
		 "<rect class=\"rest\" width=\"%d\" height=\"10\" rx=\"2\"/>"
		 "<rect class=\"full\" width=\"%llu\" height=\"10\" rx=\"2\"/></svg>",
		 class, BAR, BAR, (unsigned long long)full);
}

static uint64_t value_of(const struct shm_part *p, bool is_tokens)
{
	return is_tokens ? p->tokens : p->requests;
}

static void put_column(struct buf *b, size_t at, uint64_t from, uint64_t height,
		       const char *class)
{
	if (height)
		buf_addf(b,
			 "<rect class=\"%s\" x=\"%zu\" y=\"%llu\" width=\"%d\" "
			 "height=\"%llu\"/>",
			 class, at * COLUMN + 1,
			 (unsigned long long)(HEIGHT - from - height), COLUMN - 2,
			 (unsigned long long)height);
}

void html_columns(struct buf *b, const struct shm_part *parts, size_t count,
		  bool is_tokens, const char *what)
{
	uint64_t most = 1, all = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t value = value_of(&parts[i], is_tokens);

		most = value > most ? value : most;
		all += value;
	}
	buf_addf(b, "<figure><figcaption>%s: ", what);
	html_count(b, all);
	buf_lit(b, " in all, at most ");
	html_count(b, all ? most : 0);
	buf_addf(b,
		 "</figcaption><svg class=\"columns\" viewBox=\"0 0 %zu %d\" "
		 "role=\"img\" ",
		 count * COLUMN, HEIGHT);
	buf_addf(b, "preserveAspectRatio=\"none\" aria-label=\"%s, as columns\">", what);
	for (size_t i = 0; i < count; i++) {
		uint64_t value = value_of(&parts[i], is_tokens);
		uint64_t failed = is_tokens ? 0 : parts[i].failed;
		uint64_t high = value * HEIGHT / most, low = failed * HEIGHT / most;

		if (value && !high)
			high = 1;
		if (low > high)
			low = high;
		put_column(b, i, 0, low, "failed");
		put_column(b, i, low, high - low, "good");
	}
	buf_lit(b, "</svg></figure>");
}
