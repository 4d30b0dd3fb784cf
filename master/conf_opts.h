/* SPDX-License-Identifier: MIT */
/*
 * The settings table: one row a setting drives the parser, `nim check`, the help and the
 * sample file.
 */
#ifndef NIM_MASTER_CONF_OPTS_H
#define NIM_MASTER_CONF_OPTS_H

#include <stdio.h>

#include "master/conf.h"

enum conf_type { CONF_INT, CONF_BOOL, CONF_STRING };

struct conf_opt {
	const char *name; /* path in the file: "workers.max" */
	enum conf_type type;
	size_t offset;	    /* in struct conf: int64_t, bool or struct str */
	int64_t min, max;   /* CONF_INT; inclusive */
	int64_t by_default; /* CONF_INT, CONF_BOOL */
	const char *unit;   /* "ms", "bytes", "characters", "" … */
	const char *help;   /* one sentence, without a full stop */
	const char *text;   /* CONF_STRING: the default */
	const char *(*problem)(
		struct str value); /* CONF_STRING: what is wrong, or NULL */
};

extern const struct conf_opt conf_opts[];
extern const size_t conf_opt_count;

void conf_opts_defaults(struct conf *c);
/* Reads all settings of root into *c. Errors go to c->errors, unknown names among them.
 */
void conf_opts_read(struct conf *c, const char *file, const config_setting_t *root);
/* The name of the list nearest to word (edit distance at most 3, and below its length),
 * or NULL. */
const char *conf_nearest(const char *word, const char *const *names, size_t count);

/* What is wrong with a word for the log level, or NULL. */
const char *conf_opt_level_problem(struct str word);

/* One line a setting: name, default, unit and help. */
void conf_opts_print_help(FILE *to);
/* One line for each setting whose value is not its default. */
void conf_opts_print_changed(const struct conf *c, FILE *to);

#endif
