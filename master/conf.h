/* SPDX-License-Identifier: MIT */
/*
 * The configuration: nim.conf, models.conf beside it, then the environment.  Everything
 * is read and checked before anything is used; what is wrong is told with file, line and
 * the nearest known name.
 *
 * Order of values, the later one wins: default of the settings table, file, environment
 * (only the names in conf_env.c), command line.
 */
#ifndef NIM_MASTER_CONF_H
#define NIM_MASTER_CONF_H

#include <libconfig.h>

#include "translate/buf.h"
#include "translate/pool.h"
#include "worker/env.h"
#include "worker/log.h"

enum { CONF_LISTENERS_MAX = 8 }; /* as many as worker_env holds */

struct conf_listen {
	struct str address; /* numeric IPv4 or IPv6, or localhost; NUL-terminated */
	int port;	    /* 0..65535; 0 lets the kernel choose (it is logged) */
};

struct conf {
	struct pool pool; /* all texts and tables */
	struct worker_settings settings;
	int64_t workers_max;
	int64_t drain_timeout_ms;
	struct conf_listen listen[CONF_LISTENERS_MAX];
	int listen_count;
	struct conf_listen status[CONF_LISTENERS_MAX];
	int status_count;
	bool has_status; /* it was set: what cannot be listened on is an error */
	bool status_open;
	struct str user;      /* to become when started as root */
	struct str state_dir; /* as set; conf_state_dir() says where that is */
	int64_t rpm, window_ms, spacing_ms; /* of lanes that do not say */
	bool is_paced;
	struct str order_word;
	bool has_default_lane; /* people.conf names none */
	struct people people;  /* rows and groups are the master's to fill */
	struct str upstream_name;
	struct str base_url;	  /* without a slash at the end */
	bool has_base_url;	  /* it was set, not assumed */
	struct str api_key;	  /* NVIDIA_API_KEY */
	struct str proxy_api_key; /* PROXY_API_KEY */
	struct models models;
	struct str log_level_word;
	enum log_level log_level;
	struct str file;	/* nim.conf's path, empty when there is none */
	struct str models_file; /* models.conf's, empty when there is none */
	struct str people_file; /* people.conf's, empty when there is none */
	struct buf errors;	/* one line each: "file:line: what. what to do" */
	struct buf warnings;
	int error_count;
};

/*
 * Reads everything. path: from --config, or NULL: PROXY_CONFIG, then ./nim.conf, then the
 * installed one (SYSCONFDIR "/nim/nim.conf"), then none at all (defaults). models.conf
 * lies beside nim.conf; without one it is looked for in the same two places. Returns 0
 * when it may be used, -1 with c->errors otherwise. conf_release() in both cases.
 */
int conf_read(struct conf *c, const char *path);
/* The same, with another people.conf: to try one out. */
int conf_read_with(struct conf *c, const char *path, const char *people_file);
/* Where people.conf is, or would be: beside nim.conf; in the pool. */
struct str conf_people_path(struct conf *c);
void conf_release(struct conf *c);

/*
 * For the parts of conf: adds a line to errors, or to warnings. With a setting the line
 * says where it stands (in an included file, if that is where), without one only file;
 * file NULL: neither.
 */
void conf_error(struct conf *c, const char *file, const config_setting_t *setting,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
void conf_warn(struct conf *c, const char *file, const config_setting_t *setting,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with a line number of one's own. */
void conf_error_at(struct conf *c, const char *file, unsigned line, const char *what);

/*
 * conf_file.c: reads and parses a file; @include is relative to its directory. Returns 0,
 * or -1 with an error line. cfg is initialised in both cases and wants config_destroy().
 */
int conf_file_parse(struct conf *c, config_t *cfg, const char *file);
/* The folder that a file lies in; in the pool. */
struct str conf_folder_of(struct conf *c, const char *file);

/* conf_lists.c: listen and upstreams of nim.conf. */
void conf_lists_read(struct conf *c, const char *file, const config_setting_t *root);
extern const struct conf_listen conf_listen_default; /* 127.0.0.1, port 8787 */
/* What is wrong with an address to listen on, or NULL. */
const char *conf_address_problem(struct str address);
bool conf_address_is_loopback(struct str address);

/* conf_models.c: models.conf; then, when the environment is read too, what aliases mean.
 */
void conf_models_read(struct conf *c, const char *file, const config_setting_t *root);
void conf_models_settle(struct conf *c);

/* conf_env.c: the environment's overrides, and what only stands there (keys). */
void conf_env_read(struct conf *c);
/*
 * A variable that holds a secret; empty when it is not set. Its value is kept for the
 * next reading, so that conf_env_forget() can wipe it from the environment.
 */
struct str conf_env_secret(const char *name);
void conf_env_forget(void);

/* conf_people.c: people.conf; then, when the environment is read too, what is missing. */
void conf_people_read(struct conf *c, const char *file, const config_setting_t *root);
void conf_people_settle(struct conf *c);
/* conf_keys.c: the keys of a lane, from wherever its group says. */
struct lane;
void conf_keys_read(struct conf *c, const char *file, const config_setting_t *group,
		    struct lane *lane);
/* What is wrong with a key that goes into a header field, or NULL. */
const char *conf_key_problem(struct str key);
/* Hexadecimal digits to 32 bytes: 0, or -1. */
int conf_digest_read(struct str hex, uint8_t digest[32]);
/*
 * conf_url.c: what is wrong with the upstream's URL, or NULL: it is http:// on loopback
 * or https://, host, port and path only (RFC 3986, 3.2).
 */
const char *conf_url_problem(struct str url);

#endif
