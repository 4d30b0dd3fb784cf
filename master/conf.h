/* SPDX-License-Identifier: MIT */
/*
 * The configuration: nim.conf, models.conf beside it, then the environment.  Everything
 * is read and checked before anything is used; what is wrong is told with file, line and
 * the nearest known name.
 *
 * Order of values: default of the settings table, file, environment (only the names in
 * conf_env.c), command line.
 */
#ifndef NIM_MASTER_CONF_H
#define NIM_MASTER_CONF_H

#include <libconfig.h>

#include "translate/buf.h"
#include "translate/pool.h"
#include "worker/env.h"
#include "worker/log.h"

enum { CONF_LISTENERS_MAX = 8 };

struct conf_listen {
	struct str address; /* numeric IPv4 or IPv6, or localhost */
	int port;	    /* 0..65535; 0 lets the kernel choose (it is logged) */
};

struct conf {
	struct pool pool; /* all texts and tables */
	struct worker_settings settings;
	int64_t workers_max;
	int64_t drain_timeout_ms;
	struct conf_listen listen[CONF_LISTENERS_MAX];
	int listen_count;
	struct str user; /* to become when started as root */
	struct str upstream_name;
	struct str base_url;
	struct str api_key;	  /* NVIDIA_API_KEY */
	struct str proxy_api_key; /* PROXY_API_KEY */
	struct models models;
	enum log_level log_level;
	struct str file;	/* nim.conf's path, empty when there is none */
	struct str models_file; /* models.conf's, empty when there is none */
	struct buf errors;	/* one line each: "file:line: what. what to do" */
	struct buf warnings;
	int error_count;
};

/*
 * Reads everything. path: from --config, or NULL: PROXY_CONFIG, then ./nim.conf, then the
 * installed one (SYSCONFDIR "/nim/nim.conf"), then none at all (defaults). Returns 0 when
 * it may be used, -1 with c->errors otherwise. conf_release() in both cases.
 */
int conf_read(struct conf *c, const char *path);
void conf_release(struct conf *c);

/* For the parts of conf: adds an error line; setting may be NULL (no line number then).
 */
void conf_error(struct conf *c, const char *file, const config_setting_t *setting,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for what is only worth a word. */
void conf_warn(struct conf *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* conf_file.c: lists of groups, and reading one file. */
struct conf_member; /* of a group: conf_group.h */
/*
 * Parses a file. Returns 0; -1 with an error line. cfg is initialised in both cases and
 * wants config_destroy().
 */
int conf_parse(struct conf *c, config_t *cfg, const char *file);

/* conf_models.c */
void conf_models_read(struct conf *c, const char *file, const config_setting_t *root);
/* conf_env.c: the environment's overrides, and what only stands there (keys). */
void conf_env_read(struct conf *c);
/* http:// on loopback or https://, host, port and path only: what is wrong with it, or
 * NULL. */
const char *conf_url_problem(struct str url);

#endif
