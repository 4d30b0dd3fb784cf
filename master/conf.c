/* SPDX-License-Identifier: MIT */
/* Finding the files, reading them in order, and saying everything that is wrong with them
 * at once. */
#include "config.h"

#include "master/conf.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/conf_group.h"
#include "master/conf_opts.h"

enum { TEXT_MAX = 64 << 10, LINE_MAX_LEN = 1024 };

static const struct conf_member listen_members[] = {
	{ "address", CONFIG_TYPE_STRING, true },
	{ "port", CONFIG_TYPE_INT, true },
};
static const struct conf_member upstream_members[] = {
	{ "name", CONFIG_TYPE_STRING, true },
	{ "base_url", CONFIG_TYPE_STRING, true },
};

static void add_line(struct buf *to, const char *format, va_list args)
{
	char line[LINE_MAX_LEN];

	(void)vsnprintf(line, sizeof(line), format, args);
	buf_adds(to, str_of(line));
	buf_lit(to, "\n");
}

void conf_error(struct conf *c, const char *file, const config_setting_t *setting,
		const char *format, ...)
{
	va_list args;

	if (file && setting)
		buf_addf(&c->errors, "%s:%u: ", file,
			 config_setting_source_line(setting));
	else if (file)
		buf_addf(&c->errors, "%s: ", file);
	va_start(args, format);
	add_line(&c->errors, format, args);
	va_end(args);
	c->error_count++;
}

void conf_warn(struct conf *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&c->warnings, format, args);
	va_end(args);
}

/* The folder of a path, with the slash; "" for none. */
static struct str folder_of(struct conf *c, struct str path)
{
	const char *slash = strrchr(path.ptr, '/');

	return pool_str(
		&c->pool,
		(struct str){ path.ptr, slash ? (size_t)(slash - path.ptr) + 1 : 0 });
}

int conf_parse(struct conf *c, config_t *cfg, const char *file)
{
	struct str folder = folder_of(c, str_of(file));
	FILE *f;
	int result;

	config_init(cfg);
	config_set_include_dir(cfg, folder.len ? folder.ptr : "./");
	f = fopen(file, "re");
	if (!f) {
		conf_error(c, file, NULL, "cannot be opened: %s", strerror(errno));
		return -1;
	}
	result = config_read(cfg, f);
	(void)fclose(f); /* only read */
	if (result == CONFIG_TRUE)
		return 0;
	buf_addf(&c->errors, "%s:%d: ", file, config_error_line(cfg));
	conf_error(c, NULL, NULL,
		   "%s here or just above; each setting is name = value; and lists have "
		   "no comma at the "
		   "end",
		   config_error_text(cfg));
	return -1;
}

static void read_listen(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "listen", listen_members, 2, &list);

	if (list && count == 0)
		conf_error(c, file, list, "listen: the list is empty");
	if (count > CONF_LISTENERS_MAX) {
		conf_error(c, file, list, "listen: at most %d addresses",
			   CONF_LISTENERS_MAX);
		return;
	}
	for (int i = 0; i < count; i++) {
		const config_setting_t *group =
			config_setting_get_elem(list, (unsigned)i);
		int64_t port = conf_group_int(group, "port", 0);

		if (port < 0 || port > 65535)
			conf_error(c, file, group,
				   "listen: port is out of range; give 0 to 65535");
		c->listen[i].address = conf_group_str(c, group, "address");
		c->listen[i].port = (int)port;
	}
	if (count > 0)
		c->listen_count = count;
}

static void read_upstreams(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count =
		conf_group_list(c, file, root, "upstreams", upstream_members, 2, &list);
	const config_setting_t *group;
	const char *problem;

	if (count > 1)
		conf_error(c, file, list, "upstreams: this version knows one");
	if (count != 1)
		return;
	group = config_setting_get_elem(list, 0);
	c->upstream_name = conf_group_str(c, group, "name");
	c->base_url = conf_group_str(c, group, "base_url");
	problem = conf_url_problem(c->base_url);
	if (problem)
		conf_error(c, file, group, "upstreams: base_url %s", problem);
}

static void read_level(struct conf *c, const char *file, const config_setting_t *root)
{
	const config_setting_t *s = config_setting_get_member(root, "log_level");
	const char *word = s ? config_setting_get_string(s) : NULL;

	if (s && (!word || log_level_read(str_of(word), &c->log_level) < 0))
		conf_error(
			c, file, s,
			"log_level: must be \"error\", \"warn\", \"info\" or \"debug\"");
}

static void read_main(struct conf *c)
{
	config_t cfg;

	if (conf_parse(c, &cfg, c->file.ptr) == 0) {
		const config_setting_t *root = config_root_setting(&cfg);

		conf_opts_read(c, c->file.ptr, root);
		read_listen(c, c->file.ptr, root);
		read_upstreams(c, c->file.ptr, root);
		read_level(c, c->file.ptr, root);
	}
	config_destroy(&cfg);
}

/* models.conf lies beside nim.conf. */
static void read_models(struct conf *c)
{
	struct str folder = folder_of(c, c->file);
	struct str file = pool_strf(&c->pool, "%smodels.conf", folder.ptr);
	config_t cfg;

	if (access(file.ptr, F_OK) != 0)
		return;
	c->models_file = file;
	if (conf_parse(c, &cfg, file.ptr) == 0)
		conf_models_read(c, file.ptr, config_root_setting(&cfg));
	config_destroy(&cfg);
}

static struct str find_file(struct conf *c, const char *path)
{
	const char *candidates[] = { "./nim.conf", SYSCONFDIR "/nim/nim.conf" };

	if (!path)
		path = getenv("PROXY_CONFIG");
	if (path && *path)
		return pool_str(&c->pool, str_of(path));
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (access(candidates[i], F_OK) == 0)
			return str_of(candidates[i]);
	return (struct str){ NULL, 0 };
}

static void set_defaults(struct conf *c)
{
	conf_opts_defaults(c);
	c->listen[0] = (struct conf_listen){ STR("127.0.0.1"), 8787 };
	c->listen_count = 1;
	c->upstream_name = STR("nvidia");
	c->base_url = STR("https://integrate.api.nvidia.com/v1");
}

static struct str without_slash(struct str url)
{
	while (url.len && url.ptr[url.len - 1] == '/')
		url.len--;
	return url;
}

/* What only shows when everything has been read. */
static void check_whole(struct conf *c)
{
	if (c->models.default_model.len == 0 && c->models.count == 0 &&
	    c->models.alias_count == 0)
		conf_error(c, NULL, NULL,
			   "no model is configured: put default_model = "
			   "\"vendor/model\"; into a "
			   "models.conf beside nim.conf, or set DEFAULT_NVIDIA_MODEL");
	if (c->api_key.len == 0 && str_has_prefix(c->base_url, STR("https://")))
		conf_warn(c,
			  "NVIDIA_API_KEY is not set: %.*s will refuse requests, unless "
			  "it is a "
			  "server of your own that asks for no key",
			  STR_ARG(c->base_url));
}

int conf_read(struct conf *c, const char *path)
{
	memset(c, 0, sizeof(*c));
	pool_init(&c->pool, NULL);
	buf_init(&c->errors, TEXT_MAX);
	buf_init(&c->warnings, TEXT_MAX);
	set_defaults(c);
	c->file = find_file(c, path);
	if (c->file.len) {
		read_main(c);
		read_models(c);
	}
	conf_env_read(c);
	c->base_url = without_slash(c->base_url);
	if (c->error_count == 0)
		check_whole(c);
	return c->error_count ? -1 : 0;
}

void conf_release(struct conf *c)
{
	buf_release(&c->errors);
	buf_release(&c->warnings);
	pool_release(&c->pool);
}
