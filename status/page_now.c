/* SPDX-License-Identifier: MIT */
/* What runs now: a letter for each worker, and the requests themselves. */
#include "config.h"

#include "status/html.h"
#include "status/page.h"

static void put_board(struct buf *b, const struct status_view *v)
{
	buf_lit(b, "<pre class=\"board\" role=\"img\" aria-label=\"One letter for each "
		   "worker: ");
	buf_addf(b, "%u idle, %u busy\">", v->s->idle, v->s->busy);
	for (uint32_t i = 0; i < v->s->worker_count; i++)
		if (v->s->slots[i].kind == SHM_WORKER)
			html_text(b, (struct str){ &v->s->slots[i].state, 1 });
	buf_lit(b, "</pre><p class=\"legend\">_ idle, R reads the request, Q waits for "
		   "its lane, "
		   "U waits for the upstream, W answers, S starts, L leaves");
	if (v->s->gate_waiting)
		buf_addf(b, "; %u connections have no worker yet", v->s->gate_waiting);
	buf_lit(b, "</p>");
}

static const char *doing(char state)
{
	return state == SHM_QUEUED     ? "waits for its lane"
	       : state == SHM_UPSTREAM ? "waits for the upstream"
	       : state == SHM_WRITING  ? "is answered"
				       : "is read";
}

static void put_cell(struct buf *b, struct str text)
{
	buf_lit(b, "<td>");
	html_text(b, text);
	buf_lit(b, "</td>");
}

static void put_request(struct buf *b, const struct status_view *v,
			const struct shm_worker_row *w)
{
	buf_lit(b, "<tr><th scope=\"row\">");
	html_text(b, status_person_of(v, w->person));
	buf_lit(b, "</th>");
	put_cell(b, status_clean(v->pool, str_of(w->model)));
	put_cell(b, status_lane_of(v, w->lane));
	put_cell(b, str_of(doing(w->state)));
	buf_lit(b, "<td>");
	html_ms(b, w->request_ms / 1000 * 1000);
	buf_lit(b, "</td><td>");
	html_count(b, w->output_tokens);
	buf_lit(b, "</td></tr>");
}

void page_now(struct buf *b, const struct status_view *v)
{
	bool has_any = false;

	page_begin(b, "now", "Now");
	put_board(b, v);
	for (uint32_t i = 0; i < v->s->worker_count && v->has_names; i++) {
		if (!v->s->slots[i].has_request)
			continue;
		if (!has_any)
			page_table_begin(b, "Requests that run",
					 "Person|Model|Lane|It|Since|Tokens so far");
		has_any = true;
		put_request(b, v, &v->s->slots[i]);
	}
	if (has_any)
		page_table_end(b);
	else if (v->has_names)
		buf_lit(b, "<p>No request runs.</p>");
	page_end(b);
}
