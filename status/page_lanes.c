/* SPDX-License-Identifier: MIT */
/* Lanes as live windows: how full, when the next place is free, who waits. */
#include "config.h"

#include "status/html.h"
#include "status/page.h"

static void put_state(struct buf *b, const struct shm_lane_row *l)
{
	if (l->is_disabled) {
		buf_lit(b, "<b class=\"bad\">disabled: its key was refused</b>");
	} else if (l->benched_ms > 0) {
		buf_lit(b, "<b class=\"warn\">rests after a 429, ");
		html_ms(b, l->benched_ms);
		buf_lit(b, " more</b>");
	} else if (l->rpm && l->used >= l->rpm) {
		buf_lit(b, "full");
	} else {
		buf_lit(b, "open");
	}
}

/* Whose requests wait for it: those of people whose lane or pool it is. */
static void put_queue(struct buf *b, const struct status_view *v,
		      const struct shm_lane_row *l)
{
	const char *before = " (";

	html_count(b, l->waiting);
	if (l->waiting == 0 || !v->has_names)
		return;
	for (size_t i = 0; i < v->env->people.count; i++) {
		const struct person *p = &v->env->people.list[i];
		uint32_t at =
			p->row < SHM_PERSONS_MAX ? v->s->person_at[p->row] : UINT16_MAX;

		if (at >= v->s->person_count || v->s->people[at].waiting == 0 ||
		    !people_may_use(v->env->segment, p, l->row))
			continue;
		buf_adds(b, str_of(before));
		html_text(b, status_person_name(v, at));
		buf_addf(b, " %u", v->s->people[at].waiting);
		before = ", ";
	}
	if (before[0] == ',')
		buf_addc(b, ')');
}

static void put_lane(struct buf *b, const struct status_view *v,
		     const struct shm_lane_row *l, struct str name)
{
	buf_lit(b, "<tr><th scope=\"row\">");
	html_text(b, name);
	buf_lit(b, "</th><td class=\"wide\">");
	if (l->rpm) {
		html_bar(b, l->used, l->rpm, l->used >= l->rpm ? "full-lane" : "");
		buf_addf(b, " %u of %u", l->used, l->rpm);
	} else {
		buf_lit(b, "no limit");
	}
	if (l->tokens_per_minute) {
		buf_lit(b, "<br>");
		html_count(b, (uint64_t)l->tokens_used);
		buf_lit(b, " of ");
		html_count(b, (uint64_t)l->tokens_per_minute);
		buf_lit(b, " tokens");
	}
	buf_lit(b, "</td><td>");
	if (l->next_free_ms > 0)
		html_ms(b, l->next_free_ms);
	else
		buf_lit(b, "now");
	buf_lit(b, "</td><td>");
	put_queue(b, v, l);
	buf_lit(b, "</td><td>");
	put_state(b, l);
	buf_lit(b, "</td></tr>");
}

static const char heads[] = "Lane|Window|Next is free|Waiting|State";

void page_lanes(struct buf *b, const struct status_view *v)
{
	page_begin(b, "lanes", "Lanes");
	page_table_begin(b, "Lanes", heads);
	for (uint32_t i = 0; i < v->s->lane_count; i++)
		put_lane(b, v, &v->s->lanes[i], status_lane_name(v, i));
	page_table_end(b);
	page_end(b);
}

void page_own_lanes(struct buf *b, const struct status_view *v)
{
	unsigned number = 1;

	page_begin(b, "lanes", "Your lanes");
	page_table_begin(b, "Your lanes", heads);
	for (uint32_t i = 0; i < v->s->lane_count; i++)
		if (people_may_use(v->env->segment, v->me, v->s->lanes[i].row))
			put_lane(b, v, &v->s->lanes[i],
				 pool_strf(v->pool, "%u", number++));
	page_table_end(b);
	page_end(b);
}
