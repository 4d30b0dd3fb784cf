/* SPDX-License-Identifier: MIT */
/* Pieces of the page: escaped text, numbers for people, and drawings. */
#ifndef NIM_STATUS_HTML_H
#define NIM_STATUS_HTML_H

#include "status/view.h"

/* Text between tags or in a quoted attribute (HTML standard, 13.3): & < > " '. */
void html_text(struct buf *b, struct str text);
/* 1,234,567 */
void html_count(struct buf *b, uint64_t number);
/* "350 ms", "2.5 s", "3 min", "4 h 10 min"; "–" below 0. */
void html_ms(struct buf *b, int64_t ms);
/* A bar of which a part is full, for who sees it; the numbers stand beside it. */
void html_bar(struct buf *b, uint64_t part, uint64_t whole, const char *class);
/* Columns over time, of each the failed part below the good one. what: for who cannot see
 * it, and as the drawing's title. */
void html_columns(struct buf *b, const struct shm_part *parts, size_t count,
		  bool is_tokens, const char *what);

#endif
