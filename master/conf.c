/* SPDX-License-Identifier: MIT */
/* Finding the files, reading them in order, and the checks that need all of them. */
#include "config.h"

#include "master/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/conf_opts.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

enum { MESSAGES_MAX = 64 << 10 }; /* some hundred lines; nobody reads more */

/* Where the files are looked for when nobody names them. */
static const char *const folders[] = { ".", SYSCONFDIR "/nim" };
enum { FOLDERS = sizeof(folders) / sizeof(folders[0]) };

static const char default_url[] = "https://integrate.api.nvidia.com/v1";

__attribute__((format(printf, 4, 0))) static void
add_line(struct buf *to, const char *file, const config_setting_t *setting,
	 const char *format, va_list args)
{
	const char *own = setting ? config_setting_source_file(setting) : NULL;
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	if (file)
		buf_addf(to, "%s:", own ? own : file);
	if (file && setting)
		buf_addf(to, "%u:", config_setting_source_line(setting));
	buf_addf(to, "%s%s\n", file ? " " : "", text);
}

void conf_error(struct conf *c, const char *file, const config_setting_t *setting,
		const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&c->errors, file, setting, format, args);
	va_end(args);
	c->error_count++;
}

void conf_warn(struct conf *c, const char *file, const config_setting_t *setting,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&c->warnings, file, setting, format, args);
	va_end(args);
}

void conf_error_at(struct conf *c, const char *file, unsigned line, const char *what)
{
	buf_addf(&c->errors, "%s:%u: %s\n", file, line, what);
	c->error_count++;
}

/* The file of that name in the first folder that has it, or nothing. */
static struct str find(struct conf *c, const char *name)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		struct str path = pool_strf(&c->pool, "%s/%s", folders[i], name);

		if (access(path.ptr, F_OK) == 0)
			return path;
	}
	return (struct str){ NULL, 0 };
}

/* models.conf and people.conf beside nim.conf. */
static struct str find_beside(struct conf *c, const char *name)
{
	const char *slash;
	struct str path;

	if (c->file.len == 0)
		return find(c, name);
	slash = strrchr(c->file.ptr, '/');
	path = pool_strf(&c->pool, "%.*s%s", slash ? (int)(slash + 1 - c->file.ptr) : 0,
			 c->file.ptr, name);
	return access(path.ptr, F_OK) == 0 ? path : (struct str){ NULL, 0 };
}

static void read_file(struct conf *c, const char *file,
		      void (*const *readers)(struct conf *, const char *,
					     const config_setting_t *),
		      size_t count)
{
	config_t cfg;

	if (conf_file_parse(c, &cfg, file) == 0)
		for (size_t i = 0; i < count; i++)
			readers[i](c, file, config_root_setting(&cfg));
	config_destroy(&cfg);
}

static void read_files(struct conf *c, const char *path)
{
	static void (*const server[])(struct conf *, const char *,
				      const config_setting_t *) = { conf_opts_read,
								    conf_lists_read };
	static void (*const models[])(struct conf *, const char *,
				      const config_setting_t *) = { conf_models_read };
	static void (*const people[])(struct conf *, const char *,
				      const config_setting_t *) = { conf_people_read };

	if (!path || !*path)
		path = getenv("PROXY_CONFIG");
	c->file = path && *path ? pool_str(&c->pool, str_of(path)) : find(c, "nim.conf");
	c->models_file = find_beside(c, "models.conf");
	if (c->people_file.len == 0)
		c->people_file = find_beside(c, "people.conf");
	if (c->file.len > 0)
		read_file(c, c->file.ptr, server, 2);
	if (c->models_file.len > 0)
		read_file(c, c->models_file.ptr, models, 1);
	if (c->people_file.len > 0)
		read_file(c, c->people_file.ptr, people, 1);
}

/* A stranger on the network must not be able to spend the key. */
static void check_addresses(struct conf *c)
{
	for (int i = 0; i < c->listen_count; i++)
		if (!conf_address_problem(c->listen[i].address) &&
		    !conf_address_is_loopback(c->listen[i].address) &&
		    c->proxy_api_key.len == 0 && !c->people.has_file)
			conf_error(c, NULL, NULL,
				   "listening on %s needs a key for the clients: name "
				   "people in people.conf (nim user add), set "
				   "PROXY_API_KEY in the environment, or listen on "
				   "127.0.0.1",
				   c->listen[i].address.ptr);
}

/* Strangers must not learn who asks what. */
static void check_status(struct conf *c)
{
	for (int i = 0; i < c->status_count; i++)
		if (!conf_address_problem(c->status[i].address) &&
		    !conf_address_is_loopback(c->status[i].address) &&
		    c->proxy_api_key.len == 0 && !c->people.has_file)
			conf_error(c, NULL, NULL,
				   "a status on %s wants tokens: name people in "
				   "people.conf, "
				   "one of them with admin = true, or let it listen on "
				   "127.0.0.1",
				   c->status[i].address.ptr);
}

static void check_upstream(struct conf *c)
{
	if (c->api_key.len == 0 && c->people.lanes[0].key_count == 0 &&
	    str_has_prefix(c->base_url, STR("https://")))
		conf_warn(c, NULL, NULL,
			  "NVIDIA_API_KEY is not set; without a key NVIDIA's catalog "
			  "refuses every request (keys: https://build.nvidia.com)");
}

static void check_models(struct conf *c)
{
	if (c->models.default_model.len > 0 ||
	    (c->error_count > 0 && c->models_file.len == 0))
		return; /* when nim.conf is not there, that is all there is to say */
	if (c->models_file.len == 0)
		conf_error(
			c, NULL, NULL,
			"there is no models.conf%s%s, so no model is known: set "
			"DEFAULT_NVIDIA_MODEL=vendor/model, or put a models.conf there",
			c->file.len > 0 ? " beside " : "",
			c->file.len > 0 ? c->file.ptr : "");
	else
		conf_error(c, c->models_file.ptr, NULL,
			   "default_model is missing: add default_model = "
			   "\"vendor/model\"; or set DEFAULT_NVIDIA_MODEL");
}

static struct str cut_slashes(struct conf *c, struct str url)
{
	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	return pool_str(&c->pool, url);
}

static void settle(struct conf *c)
{
	if (c->listen_count == 0)
		c->listen[c->listen_count++] = conf_listen_default;
	if (!c->has_status) {
		c->status[0] = conf_listen_default;
		c->status[0].port = c->listen[0].port ? c->listen[0].port + 1 : 0;
		c->status_count = c->status[0].port < 65536;
	}
	c->has_base_url = c->base_url.len > 0;
	if (!c->has_base_url) {
		c->upstream_name = STR("nvidia");
		c->base_url = str_of(default_url);
	}
	c->base_url = cut_slashes(c, c->base_url);
	(void)log_level_read(c->log_level_word, &c->log_level); /* checked when read */
	c->settings.rules.by_person = str_eq(c->order_word, STR("person"));
	conf_people_settle(c);
	check_addresses(c);
	check_status(c);
	check_upstream(c);
	check_models(c);
	conf_models_settle(c);
}

struct str conf_people_path(struct conf *c)
{
	const char *slash = c->file.len ? strrchr(c->file.ptr, '/') : NULL;

	if (c->people_file.len)
		return c->people_file;
	return pool_strf(&c->pool, "%.*speople.conf",
			 slash ? (int)(slash + 1 - c->file.ptr) : 0,
			 c->file.len ? c->file.ptr : "");
}

int conf_read(struct conf *c, const char *path)
{
	return conf_read_with(c, path, NULL);
}

int conf_read_with(struct conf *c, const char *path, const char *people_file)
{
	memset(c, 0, sizeof(*c));
	pool_init(&c->pool, NULL);
	buf_init(&c->errors, MESSAGES_MAX);
	buf_init(&c->warnings, MESSAGES_MAX);
	conf_opts_defaults(c);
	c->people_file = pool_str(&c->pool, str_of(people_file));
	read_files(c, path);
	conf_env_read(c);
	settle(c);
	return c->error_count == 0 ? 0 : -1;
}

void conf_release(struct conf *c)
{
	buf_release(&c->errors);
	buf_release(&c->warnings);
	pool_release(&c->pool);
}
