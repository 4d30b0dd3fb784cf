/* SPDX-License-Identifier: MIT */
/*
 * What the simulated NIM does when it is asked for the model mock/NAME: one row a name.
 * A # in a row's name stands for a number, -once behind any name means "the first time,
 * afterwards as mock/normal", and @anything behind it is ignored (it only gives a test
 * a count of its own).
 */
#ifndef NIM_FAKENIM_BEHAVE_H
#define NIM_FAKENIM_BEHAVE_H

#include <json-c/json.h>

#include "tests/fakenim/answer.h"

enum { BEHAVE_NUMBERS = 3 };

struct behave;

/* One request that has passed all checks. */
struct turn {
	struct conn *c;
	struct json_object *body;
	struct str model; /* as asked for */
	const struct behave *row;
	double number[BEHAVE_NUMBERS]; /* what stood in the place of # */
	struct answer a;
};

struct behave {
	const char *name;
	const char *script; /* play.h; NULL: run does it */
	unsigned form;	    /* enum answer_form */
	void (*run)(struct turn *t);
	/* A refusal in place of a stream when status is set. */
	int status;
	const char *type;   /* Content-Type, NULL for none */
	const char *fields; /* further header lines with CRLF, or NULL */
	const char *body;   /* $M: the model, $U: the last user text */
	int times; /* 0 always; n: the first n times, then normal; -1: n is number[0] */
};

/*
 * Finds the row for a model and sets t->row and t->number; false when there is none.
 * any_model: ids outside of mock/ are the assistant.
 */
bool behave_find(struct turn *t, bool any_model);
/* Answers the request. t->a.c->is_gone says that the client left before the end. */
void behave_run(struct turn *t);

extern const struct behave behave_rows[]; /* rows.c */
extern const size_t behave_count;

#endif
