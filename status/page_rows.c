/* SPDX-License-Identifier: MIT */
/* People, models, history and errors. */
#include "config.h"

#include "status/advice.h"
#include "status/html.h"
#include "status/page.h"

enum { ROWS_MOST = 100, ERRORS_MOST = 10 };

static void put_number(struct buf *b, uint64_t number)
{
	buf_lit(b, "<td class=\"number\">");
	html_count(b, number);
	buf_lit(b, "</td>");
}

static void put_ms(struct buf *b, int64_t ms)
{
	buf_lit(b, "<td class=\"number\">");
	html_ms(b, ms);
	buf_lit(b, "</td>");
}

static void put_name(struct buf *b, struct str name)
{
	buf_lit(b, "<tr><th scope=\"row\">");
	html_text(b, name);
	buf_lit(b, "</th>");
}

static void put_more(struct buf *b, uint32_t count)
{
	if (count > ROWS_MOST)
		buf_addf(b, "<p>%u more stand in the JSON.</p>", count - ROWS_MOST);
}

static uint64_t failures(const struct shm_sum *sum)
{
	return sum->by[SHM_upstream_errors] + sum->by[SHM_rate_limited] +
	       sum->by[SHM_overloaded];
}

/* ---- people */

static void put_person(struct buf *b, const struct status_view *v, uint32_t i,
		       uint64_t all_today)
{
	const struct shm_person_row *p = &v->s->people[i];

	put_name(b, status_person_name(v, i));
	put_number(b, p->sum.today_requests);
	put_number(b, p->sum.today_tokens);
	put_number(b, p->waiting);
	put_number(b, p->running);
	buf_lit(b, "<td class=\"wide\">");
	html_bar(b, p->sum.today_requests, all_today, "");
	buf_addf(b, " %llu %%</td></tr>",
		 (unsigned long long)(all_today ? p->sum.today_requests * 100 / all_today
						: 0));
}

void page_people(struct buf *b, const struct status_view *v)
{
	uint64_t all = v->s->total.today_requests;

	page_begin(b, "people", "People");
	page_table_begin(
		b, "People",
		"Person|Requests today|Tokens today|Waiting|Running|Share of today");
	for (uint32_t i = 0; i < v->s->person_count && i < ROWS_MOST; i++)
		put_person(b, v, i, all);
	page_table_end(b);
	put_more(b, v->s->person_count);
	page_end(b);
}

/* ---- models */

/* Of the time in which tokens came: from the first one to the end. */
static void put_speed(struct buf *b, const struct shm_sum *sum)
{
	uint64_t ms = sum->sums_ms[SHM_HIST_duration];

	ms -= sum->sums_ms[SHM_HIST_first_token] < ms ? sum->sums_ms[SHM_HIST_first_token]
						      : ms;
	if (ms == 0 || sum->by[SHM_output_tokens] == 0)
		buf_lit(b, "<td class=\"number\">–</td>");
	else
		put_number(b, sum->by[SHM_output_tokens] * 1000 / ms);
}

static void put_model(struct buf *b, const struct status_view *v, uint32_t i)
{
	const struct shm_model_row *m = &v->s->models[i];

	put_name(b, status_model_name(v, i));
	put_number(b, m->sum.by[SHM_requests]);
	put_ms(b, shm_sum_quantile_ms(&m->sum, SHM_HIST_first_token, 0.5));
	put_ms(b, shm_sum_quantile_ms(&m->sum, SHM_HIST_first_token, 0.95));
	put_speed(b, &m->sum);
	put_number(b, failures(&m->sum));
	if (m->brake)
		buf_addf(b, "<td><b class=\"warn\">%u at once</b></td></tr>", m->brake);
	else
		buf_lit(b, "<td>none</td></tr>");
}

void page_models(struct buf *b, const struct status_view *v)
{
	page_begin(b, "models", "Models");
	page_table_begin(
		b, "Models",
		"Model|Requests|First token, median|95 %|Tokens a second|Failed|Brake");
	for (uint32_t i = 0; i < v->s->model_count && i < ROWS_MOST; i++)
		put_model(b, v, i);
	page_table_end(b);
	put_more(b, v->s->model_count);
	page_end(b);
}

/* ---- history */

void page_history(struct buf *b, const struct status_view *v)
{
	page_begin(b, "history", "The last hour and day");
	html_columns(b, v->s->hour, SHM_HOUR, false, "Requests a minute, the last hour");
	html_columns(b, v->s->hour, SHM_HOUR, true, "Tokens a minute, the last hour");
	html_columns(b, v->s->day, SHM_DAY_PARTS, false,
		     "Requests a quarter of an hour, the last day");
	html_columns(b, v->s->day, SHM_DAY_PARTS, true,
		     "Tokens a quarter of an hour, the last day");
	page_end(b);
}

/* ---- errors */

static void put_error(struct buf *b, const struct status_view *v,
		      const struct shm_error *e)
{
	struct str person = status_person_of(v, e->person);
	struct str lane = status_lane_of(v, e->lane);

	buf_lit(b, "<tr><td class=\"number\">");
	html_ms(b, (v->s->wall_s - e->wall_s) * 1000);
	buf_addf(b, " ago</td><th scope=\"row\">%s", advice_type(e));
	if (e->upstream_status)
		buf_addf(b, " (upstream %u)", e->upstream_status);
	buf_lit(b, "</th><td>");
	html_text(b, person.len ? person : STR("–"));
	buf_lit(b, "</td><td>");
	html_text(b, lane.len ? lane : STR("–"));
	buf_lit(b, "</td><td class=\"advice\">");
	html_text(b, str_of(advice_of(e)));
	buf_lit(b, "</td></tr>");
}

void page_errors(struct buf *b, const struct status_view *v)
{
	page_begin(b, "errors", "The last errors");
	if (v->s->error_count == 0) {
		buf_lit(b, "<p>None.</p>");
	} else {
		page_table_begin(b, "The last errors",
				 "When|Error|Person|Lane|What to do");
		for (uint32_t i = 0; i < v->s->error_count && i < ERRORS_MOST; i++)
			put_error(b, v, &v->s->errors[i]);
		page_table_end(b);
	}
	page_end(b);
}
