/* SPDX-License-Identifier: MIT */
/*
 * The page, from top to bottom: is all well, lanes, what runs now, people, models,
 * history, errors. It is whole without the script; the script asks for it again and puts
 * what has changed in the old one's place, so each part has an id that stays.
 */
#include "config.h"

#include "status/advice.h"
#include "status/assets.h"
#include "status/fields.h"
#include "status/forms.h"
#include "status/health.h"
#include "status/html.h"
#include "status/page.h"

static void put_head(struct buf *b, const struct status_view *v)
{
	buf_lit(b,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		"<meta name=\"color-scheme\" content=\"light dark\">"
		"<noscript><meta http-equiv=\"refresh\" "
		"content=\"10\"></noscript><title>");
	buf_addf(b, "nim: %s</title><style>", health_word(v->s));
	buf_adds(b, str_of(assets_style));
	buf_lit(b, "</style></head><body>");
}

static void put_well(struct buf *b, const struct status_view *v)
{
	const struct shm_snapshot *s = v->s;
	const char *word = health_word(s);

	buf_addf(b, "<p id=\"well\" class=\"%s\" role=\"status\">", word);
	if (strcmp(word, "ok") == 0) {
		buf_addf(b, "All is well: %u of %u workers busy, %u lane%s open.",
			 s->busy, s->workers, s->lane_count,
			 s->lane_count == 1 ? "" : "s");
	} else {
		for (int i = 0; i < HEALTH_CHECKS; i++)
			if (!health_checks[i].is_well(s))
				buf_addf(b, "%s ", health_checks[i].problem);
	}
	buf_lit(b, "</p>");
}

static void put_when(struct buf *b, const struct status_view *v)
{
	buf_addf(b,
		 "<p id=\"when\">As of <time data-unix=\"%lld\">%lld s after "
		 "1970</time>, up "
		 "for ",
		 (long long)v->s->wall_s, (long long)v->s->wall_s);
	html_ms(b, (v->s->wall_s - v->s->start_wall_s) * 1000);
	buf_lit(b, ".</p>");
}

static void put_foot(struct buf *b, const struct status_view *v)
{
	buf_lit(b, "</main><footer><p>nim ");
	html_text(b, str_of(v->env->version));
	buf_lit(b,
		" · the same for programs: <a href=\"/status?json\">JSON</a>, "
		"<a href=\"/status?auto\">lines</a>, <a href=\"/metrics\">metrics</a>");
	if (!v->has_names && !v->me)
		buf_lit(b, " · names are shown with an admin's token");
	buf_lit(b, "</p></footer><script>");
	buf_adds(b, str_of(assets_script));
	buf_lit(b, "</script></body></html>\n");
}

/* ---- one's own */

static void put_own(struct buf *b, const struct status_view *v)
{
	const struct person *me = v->me;
	const struct shm_person_row *row = NULL;

	for (uint32_t i = 0; i < v->s->person_count; i++)
		if (v->s->people[i].row == me->row)
			row = &v->s->people[i];
	page_begin(b, "me", "Your account");
	if (!row) {
		buf_lit(b, "<p>Nothing has been asked yet.</p>");
	} else {
		page_list_begin(b);
		page_item(b, "Name", status_clean(v->pool, me->name));
		page_item_count(b, "Requests today", row->sum.today_requests,
				(uint64_t)me->requests_per_day);
		page_item_count(b, "Tokens today", row->sum.today_tokens,
				(uint64_t)me->tokens_per_day);
		page_item_count(b, "Waiting now", row->waiting, 0);
		page_item_count(b, "Being answered now", row->running,
				(uint64_t)me->streams);
		page_item_count(b, "Requests ever", row->sum.by[SHM_requests], 0);
		page_item_count(b, "Tokens in, ever",
				row->sum.by[SHM_input_tokens] +
					row->sum.by[SHM_cached_tokens],
				0);
		page_item_count(b, "Tokens out, ever", row->sum.by[SHM_output_tokens], 0);
		page_list_end(b);
	}
	page_end(b);
	page_own_lanes(b, v);
}

void form_page(struct buf *b, const struct status_view *v)
{
	put_head(b, v);
	buf_lit(b, "<header><h1>nim</h1>");
	put_well(b, v);
	put_when(b, v);
	buf_lit(b, "</header><main>");
	if (v->me) {
		put_own(b, v);
	} else {
		page_lanes(b, v);
		page_now(b, v);
		page_people(b, v);
		page_models(b, v);
		page_history(b, v);
		page_errors(b, v);
	}
	put_foot(b, v);
}
