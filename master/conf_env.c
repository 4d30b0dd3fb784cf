/* SPDX-License-Identifier: MIT */
/*
 * The environment: eight names override the files, and no other is read as
 * a setting.  An empty value counts as not set.
 */
#include "config.h"

#include "master/conf.h"

#include <stdlib.h>

#include "master/conf_opts.h"

/* A reader takes the value (never empty) and returns what is wrong with it, or NULL. */
struct variable {
	const char *name;
	const char *(*read)(struct conf *c, struct str value);
};

/* It goes into a header field: visible ASCII only (RFC 9110, 5.5). */
static const char *read_key(struct conf *c, struct str value, struct str *to)
{
	value = str_trim(value);
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '!' || value.ptr[i] > '~')
			return "holds a blank, a control character or a letter beyond "
			       "ASCII; copy the key again";
	*to = pool_str(&c->pool, value);
	return NULL;
}

static const char *read_api_key(struct conf *c, struct str value)
{
	return read_key(c, value, &c->api_key);
}

static const char *read_proxy_key(struct conf *c, struct str value)
{
	return read_key(c, value, &c->proxy_api_key);
}

static const char *read_base_url(struct conf *c, struct str value)
{
	const char *problem = conf_url_problem(value);

	if (!problem) {
		c->base_url = pool_str(&c->pool, value);
		c->upstream_name = STR("environment");
	}
	return problem;
}

static const char *read_model(struct conf *c, struct str value)
{
	if (value.len > MODELS_NAME_MAX)
		return "is too long for a model";
	c->models.default_model = pool_str(&c->pool, value);
	return NULL;
}

/* The two address variables replace all listeners of the file by one. */
static struct conf_listen *own_listener(struct conf *c)
{
	if (c->listen_count == 0)
		c->listen[0] = conf_listen_default;
	c->listen_count = 1;
	return &c->listen[0];
}

static const char *read_host(struct conf *c, struct str value)
{
	const char *problem = conf_address_problem(value);

	if (!problem)
		own_listener(c)->address = pool_str(&c->pool, value);
	return problem;
}

static const char *read_port(struct conf *c, struct str value)
{
	uint64_t port;

	if (str_to_u64(value, 65535, &port) < 0)
		return "must be a number from 0 to 65535";
	own_listener(c)->port = (int)port;
	return NULL;
}

static const char *read_log_level(struct conf *c, struct str value)
{
	const char *problem = conf_opt_level_problem(value);

	if (!problem)
		c->log_level_word = pool_str(&c->pool, value);
	return problem;
}

static const struct variable variables[] = {
	{ "NVIDIA_API_KEY", read_api_key },
	{ "NVIDIA_BASE_URL", read_base_url },
	{ "DEFAULT_NVIDIA_MODEL", read_model },
	{ "PROXY_HOST", read_host },
	{ "PROXY_PORT", read_port },
	{ "PROXY_API_KEY", read_proxy_key },
	{ "LOG_LEVEL", read_log_level },
	/* PROXY_CONFIG names the file: conf.c */
};

void conf_env_read(struct conf *c)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i].name);
		const char *problem;

		if (!value || !*value)
			continue;
		problem = variables[i].read(c, str_of(value));
		if (problem)
			conf_error(c, NULL, NULL, "%s %s", variables[i].name, problem);
	}
}
