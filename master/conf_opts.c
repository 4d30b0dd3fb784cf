/* SPDX-License-Identifier: MIT */
/* The rows.  A new setting is a row here, a line in etc/nim.conf and a test. */
#include "config.h"

#include "master/conf_opts.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define SET(field) offsetof(struct conf, settings.field)
#define OWN(field) offsetof(struct conf, field)
enum { HOUR_MS = 3600 * 1000, MAX_BODY = 32 << 20 };

const char *conf_opt_level_problem(struct str word)
{
	enum log_level level;

	return log_level_read(word, &level) < 0 ? "must be error, warn, info or debug"
						: NULL;
}

static const char *user_problem(struct str name)
{
	return name.len == 0 ? "must be the name of a user" : NULL;
}

static const char *order_problem(struct str word)
{
	return str_eq(word, STR("person")) || str_eq(word, STR("arrival"))
		       ? NULL
		       : "must be person or arrival";
}

static const char *path_problem(struct str path)
{
	return path.len > 0 && path.ptr[0] != '/' ? "must be an absolute path" : NULL;
}

/* clang-format off */
#define INT(name_, at, min_, max_, default_, unit_, help_)                        \
	{ .name = (name_), .type = CONF_INT, .offset = (at), .min = (min_),       \
	  .max = (max_), .by_default = (default_), .unit = (unit_), .help = (help_) }
#define BOOL(name_, at, default_, help_)                                          \
	{ .name = (name_), .type = CONF_BOOL, .offset = (at),                     \
	  .by_default = (default_), .unit = "", .help = (help_) }
#define TEXT(name_, at, default_, problem_, help_)                                \
	{ .name = (name_), .type = CONF_STRING, .offset = (at), .text = (default_), \
	  .problem = (problem_), .unit = "", .help = (help_) }
/* clang-format on */

const struct conf_opt conf_opts[] = {
	INT("workers.max", OWN(workers_max), 1, 4000, 64, "processes",
	    "connections that are served at the same time"),
	INT("commit_after", SET(commit_after_ms), -1, 60000, 80, "ms",
	    "how long an answer's head waits for the upstream's status; 0 sends it at "
	    "once, -1 waits"),
	INT("ping_interval", SET(ping_interval_ms), 100, 120000, 15000, "ms",
	    "silence after which a ping goes to the client"),
	INT("event_interval", SET(event_interval_ms), 100, 740000, 600000, "ms",
	    "time of nothing but pings after which an empty delta is sent (Claude Code "
	    "waits 750 s)"),
	INT("text_delta_chars", SET(delta_chars), 0, 4096, 6, "characters",
	    "longest piece of streamed text; 0 passes text on as it comes"),
	INT("head_timeout", SET(head_timeout_ms), 100, HOUR_MS, 10000, "ms",
	    "how long a request's head may take"),
	INT("body_timeout", SET(body_timeout_ms), 100, HOUR_MS, 60000, "ms",
	    "how long a request's body may take, plus a second for each 64 KiB"),
	INT("body_max", SET(body_max_bytes), 1024, MAX_BODY, MAX_BODY, "bytes",
	    "largest request body"),
	INT("send_timeout", SET(send_timeout_ms), 100, HOUR_MS, 30000, "ms",
	    "how long a client may take nothing of its answer"),
	INT("waiting_max", SET(waiting_max), 1, 100000, 10000, "connections",
	    "connections whose request the gate waits for"),
	INT("connect_timeout", SET(connect_timeout_ms), 100, 600000, 10000, "ms",
	    "how long connecting to the upstream may take"),
	INT("first_byte_timeout", SET(first_byte_timeout_ms), 100, HOUR_MS, 300000, "ms",
	    "how long the upstream may take to its first event"),
	INT("gap_timeout", SET(gap_timeout_ms), 100, HOUR_MS, 180000, "ms",
	    "longest silence between two events of the upstream"),
	INT("total_timeout", SET(total_timeout_ms), 100, 24 * HOUR_MS, 900000, "ms",
	    "longest streamed answer, from the request's arrival"),
	INT("reply_timeout", SET(reply_timeout_ms), 100, HOUR_MS, 290000, "ms",
	    "longest answer that is not streamed (Claude Code waits 300 s)"),
	INT("ride_out", SET(ride_out_ms), 0, HOUR_MS, 120000, "ms",
	    "how long a begun answer without content retries an upstream that fails"),
	INT("rpm", OWN(rpm), 1, SHM_RPM_MAX, 40, "requests",
	    "how many a lane lets through in a window"),
	INT("window", OWN(window_ms), 100, HOUR_MS, 61000, "ms",
	    "length of a lane's window; the upstream's minute, and a second for the way"),
	INT("spacing", OWN(spacing_ms), 0, 60000, 25, "ms",
	    "shortest time between two requests of a lane"),
	BOOL("paced", OWN(is_paced), 1,
	     "lanes have a window; false for a NIM of your own, without such a limit"),
	INT("max_wait", SET(max_wait_ms), 0, HOUR_MS, 120000, "ms",
	    "longest wait for a lane that is begun; who would wait longer gets 429"),
	TEXT("order", OWN(order_word), "person", order_problem,
	     "who is next in a lane: person (served least recently first) or arrival"),
	BOOL("spread", SET(rules.want_spread), 1,
	     "who has had his share of the window goes on evenly, not all at once"),
	INT("bench", SET(bench_ms), 0, HOUR_MS, 10000, "ms",
	    "how long a lane rests after a 429 without Retry-After, doubling; 0: not"),
	INT("bench_max", SET(bench_most_ms), 0, HOUR_MS, 120000, "ms",
	    "longest such rest"),
	INT("key_doubts", SET(key_doubts), 0, 1000, 2, "answers",
	    "so many 401 in a row disable a lane until the next start or reload; 0: "
	    "none"),
	TEXT("state_dir", OWN(state_dir), "", path_problem,
	     "where the accounts are kept; empty: $STATE_DIRECTORY, else /var/lib/nim "
	     "for "
	     "root, else ~/.local/state/nim"),
	BOOL("status_open", OWN(status_open), 0,
	     "on loopback the status shows names, and what runs now, to everybody"),
	INT("drain_timeout", OWN(drain_timeout_ms), 0, HOUR_MS, 10000, "ms",
	    "how long running answers may go on after the signal to stop"),
	BOOL("http2", SET(use_http2), 0, "HTTP/2 to the upstream, where it offers it"),
	TEXT("pdf_to_text", SET(pdf_to_text), "/usr/bin/pdftotext", path_problem,
	     "the program that takes the text out of PDFs; empty turns it off"),
	TEXT("log_level", OWN(log_level_word), "info", conf_opt_level_problem,
	     "what is logged: error, warn, info or debug"),
	TEXT("user", OWN(user), "nobody", user_problem,
	     "whom the program becomes when it is started as root"),
};
const size_t conf_opt_count = sizeof(conf_opts) / sizeof(conf_opts[0]);

/* Read elsewhere, or by a later version: known, but no rows. */
static const char *const own_names[] = { "listen", "status", "upstreams", "workers" };
static const char *const later_names[] = { "workers.spare_min", "workers.spare_max" };
enum {
	OWN_NAMES = sizeof(own_names) / sizeof(own_names[0]),
	LATER_NAMES = sizeof(later_names) / sizeof(later_names[0]),
	NAME_MAX_LEN = 64,
	NEAR = 3, /* edits */
};

void conf_opts_defaults(struct conf *c)
{
	for (size_t i = 0; i < conf_opt_count; i++) {
		char *at = (char *)c + conf_opts[i].offset;

		if (conf_opts[i].type == CONF_INT)
			*(int64_t *)at = conf_opts[i].by_default;
		else if (conf_opts[i].type == CONF_BOOL)
			*(bool *)at = conf_opts[i].by_default != 0;
		else
			*(struct str *)at = str_of(conf_opts[i].text);
	}
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1];
	size_t len = strlen(b);

	if (len > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[len];
}

const char *conf_nearest(const char *word, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	size_t best = NEAR + 1;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, names[i]);

		if (d < best && d < strlen(word)) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

static bool is_in(const char *word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, names[i]) == 0)
			return true;
	return false;
}

static const struct conf_opt *find(const char *name)
{
	for (size_t i = 0; i < conf_opt_count; i++)
		if (strcmp(conf_opts[i].name, name) == 0)
			return &conf_opts[i];
	return NULL;
}

static void refuse_unknown(struct conf *c, const char *file, const config_setting_t *s,
			   const char *name)
{
	const char *names[64];
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; i < conf_opt_count; i++)
		names[count++] = conf_opts[i].name;
	for (size_t i = 0; i < OWN_NAMES; i++)
		names[count++] = own_names[i];
	for (size_t i = 0; i < LATER_NAMES; i++)
		names[count++] = later_names[i];
	nearest = conf_nearest(name, names, count);
	if (nearest)
		conf_error(c, file, s, "unknown setting \"%s\"; did you mean \"%s\"?",
			   name, nearest);
	else
		conf_error(c, file, s, "unknown setting \"%s\"; nim help proxy lists all",
			   name);
}

static void read_int(struct conf *c, const char *file, const config_setting_t *s,
		     const struct conf_opt *opt)
{
	int type = config_setting_type(s);
	long long value;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		conf_error(c, file, s, "%s: must be a whole number (%s)", opt->name,
			   opt->unit);
		return;
	}
	value = type == CONFIG_TYPE_INT ? config_setting_get_int(s)
					: config_setting_get_int64(s);
	if (value < opt->min || value > opt->max) {
		conf_error(c, file, s, "%s: %lld is out of range; give %lld to %lld %s",
			   opt->name, value, (long long)opt->min, (long long)opt->max,
			   opt->unit);
		return;
	}
	*(int64_t *)((char *)c + opt->offset) = value;
}

static void read_bool(struct conf *c, const char *file, const config_setting_t *s,
		      const struct conf_opt *opt)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		conf_error(c, file, s, "%s: must be true or false", opt->name);
	else
		*(bool *)((char *)c + opt->offset) = config_setting_get_bool(s) != 0;
}

static void read_string(struct conf *c, const char *file, const config_setting_t *s,
			const struct conf_opt *opt)
{
	struct str value = str_of(config_setting_get_string(s));
	const char *problem;

	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		conf_error(c, file, s, "%s: must be text in quotes", opt->name);
		return;
	}
	problem = opt->problem ? opt->problem(value) : NULL;
	if (problem)
		conf_error(c, file, s, "%s: \"%s\" %s", opt->name, value.ptr, problem);
	else
		*(struct str *)((char *)c + opt->offset) = pool_str(&c->pool, value);
}

static void (*const readers[])(struct conf *, const char *, const config_setting_t *,
			       const struct conf_opt *) = {
	[CONF_INT] = read_int,
	[CONF_BOOL] = read_bool,
	[CONF_STRING] = read_string,
};

static void read_one(struct conf *c, const char *file, const config_setting_t *s,
		     const char *prefix)
{
	char name[NAME_MAX_LEN * 2];
	const struct conf_opt *opt;

	(void)snprintf(name, sizeof(name), "%s%s", prefix, config_setting_name(s));
	opt = find(name);
	if (opt)
		readers[opt->type](c, file, s, opt);
	else if (is_in(name, later_names, LATER_NAMES))
		conf_warn(c, file, s, "\"%s\" is not used by this version", name);
	else if (!is_in(name, own_names, OWN_NAMES))
		refuse_unknown(c, file, s, name);
}

void conf_opts_read(struct conf *c, const char *file, const config_setting_t *root)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);

		if (strcmp(config_setting_name(s), "workers") != 0) {
			read_one(c, file, s, "");
		} else if (!config_setting_is_group(s)) {
			conf_error(c, file, s,
				   "workers: must be a group, as in { max = 64; }");
		} else {
			for (int j = 0; j < config_setting_length(s); j++)
				read_one(c, file, config_setting_get_elem(s, (unsigned)j),
					 "workers.");
		}
	}
}

void conf_opts_print_help(FILE *to)
{
	for (size_t i = 0; i < conf_opt_count; i++) {
		const struct conf_opt *opt = &conf_opts[i];
		char value[32];

		if (opt->type == CONF_INT)
			(void)snprintf(value, sizeof(value), "%lld",
				       (long long)opt->by_default);
		else
			(void)snprintf(value, sizeof(value), "%s",
				       opt->type == CONF_BOOL
					       ? (opt->by_default ? "true" : "false")
					       : opt->text);
		(void)fprintf(to, "  %s = %s%s%s\n      %s\n", opt->name, value,
			      *opt->unit ? " " : "", opt->unit, opt->help);
	}
}

void conf_opts_print_changed(const struct conf *c, FILE *to)
{
	for (size_t i = 0; i < conf_opt_count; i++) {
		const struct conf_opt *opt = &conf_opts[i];
		const char *at = (const char *)c + opt->offset;

		if (opt->type == CONF_STRING) {
			struct str text = *(const struct str *)at;

			if (!str_eq(text, str_of(opt->text)))
				(void)fprintf(to, "  %s = \"%s\"\n", opt->name, text.ptr);
		} else if (opt->type == CONF_BOOL) {
			bool value = *(const bool *)at;

			if (value != (opt->by_default != 0))
				(void)fprintf(to, "  %s = %s\n", opt->name,
					      value ? "true" : "false");
		} else if (*(const int64_t *)at != opt->by_default) {
			(void)fprintf(to, "  %s = %lld %s\n", opt->name,
				      (long long)*(const int64_t *)at, opt->unit);
		}
	}
}
