/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/page.h"

#include "status/html.h"

void page_begin(struct buf *b, const char *id, const char *title)
{
	buf_addf(b,
		 "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 "
		 "id=\"%s-title\">%s</h2>",
		 id, id, id, title);
}

void page_end(struct buf *b)
{
	buf_lit(b, "</section>");
}

void page_table_begin(struct buf *b, const char *label, const char *heads)
{
	buf_addf(b,
		 "<div class=\"scroll\" role=\"region\" aria-label=\"%s, a table\" "
		 "tabindex=\"0\"><table><thead><tr><th scope=\"col\">",
		 label);
	for (; *heads; heads++) {
		if (*heads == '|')
			buf_lit(b, "</th><th scope=\"col\">");
		else
			buf_addc(b, *heads);
	}
	buf_lit(b, "</th></tr></thead><tbody>");
}

void page_table_end(struct buf *b)
{
	buf_lit(b, "</tbody></table></div>");
}

void page_list_begin(struct buf *b)
{
	buf_lit(b, "<dl>");
}

void page_list_end(struct buf *b)
{
	buf_lit(b, "</dl>");
}

void page_item(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, "<div><dt>%s</dt><dd>", name);
	html_text(b, value);
	buf_lit(b, "</dd></div>");
}

void page_item_count(struct buf *b, const char *name, uint64_t value, uint64_t limit)
{
	buf_addf(b, "<div><dt>%s</dt><dd>", name);
	html_count(b, value);
	if (limit) {
		buf_lit(b, " of ");
		html_count(b, limit);
	}
	buf_lit(b, "</dd></div>");
}
