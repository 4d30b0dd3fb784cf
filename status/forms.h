/* SPDX-License-Identifier: MIT */
/*
 * The forms of the status.  Each appends a whole document to b.  What stands in them and
 * what it means is in the manual, nim-status(5).
 */
#ifndef NIM_STATUS_FORMS_H
#define NIM_STATUS_FORMS_H

#include "status/view.h"

void form_json(struct buf *b, const struct status_view *v);
void form_auto(struct buf *b, const struct status_view *v);
/* Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
void form_metrics(struct buf *b, const struct status_view *v, bool is_open);
void form_page(struct buf *b, const struct status_view *v);
/* Of one person: his own account and what he may still ask. */
void form_me_json(struct buf *b, const struct status_view *v);

#endif
