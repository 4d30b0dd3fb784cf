/* SPDX-License-Identifier: MIT */
/* The sections of the page (form_page.c puts them in order), and their furniture. */
#ifndef NIM_STATUS_PAGE_H
#define NIM_STATUS_PAGE_H

#include "status/view.h"

void page_lanes(struct buf *b, const struct status_view *v);
void page_now(struct buf *b, const struct status_view *v);
void page_people(struct buf *b, const struct status_view *v);
void page_models(struct buf *b, const struct status_view *v);
void page_history(struct buf *b, const struct status_view *v);
void page_errors(struct buf *b, const struct status_view *v);
/* The windows of the lanes that v->me may use, without anybody's name. */
void page_own_lanes(struct buf *b, const struct status_view *v);

/* A section with a heading. */
void page_begin(struct buf *b, const char *id, const char *title);
void page_end(struct buf *b);
/* A table that scrolls by itself where the screen is narrow. heads: with | in between. */
void page_table_begin(struct buf *b, const char *label, const char *heads);
void page_table_end(struct buf *b);
void page_list_begin(struct buf *b);
void page_list_end(struct buf *b);
void page_item(struct buf *b, const char *name, struct str value);
/* limit 0: there is none */
void page_item_count(struct buf *b, const char *name, uint64_t value, uint64_t limit);

#endif
