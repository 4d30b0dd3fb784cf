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
	bool is_secret;
};

/* Values that were taken out of the environment: a reload needs them again. */
static struct {
	char name[64];
	char value[1024];
} secrets[64];
enum { SECRETS = sizeof(secrets) / sizeof(secrets[0]) };

struct str conf_env_secret(const char *name)
{
	const char *value = getenv(name);
	size_t i = 0;

	while (i < SECRETS && secrets[i].name[0] && strcmp(secrets[i].name, name) != 0)
		i++;
	if (i == SECRETS || strlen(name) >= sizeof(secrets[i].name))
		return str_of(value);
	if (value && strlen(value) < sizeof(secrets[i].value)) {
		memcpy(secrets[i].name, name, strlen(name) + 1);
		memcpy(secrets[i].value, value, strlen(value) + 1);
	} else if (value) {
		return str_of(value);
	}
	return str_of(secrets[i].value);
}

void conf_env_forget(void)
{
	for (size_t i = 0; i < SECRETS && secrets[i].name[0]; i++) {
		char *value = getenv(secrets[i].name);

		if (value)
			explicit_bzero(value, strlen(value));
		(void)unsetenv(secrets[i].name); /* fails for a bad name only */
	}
}

static const char *read_key(struct conf *c, struct str value, struct str *to)
{
	const char *problem;

	value = str_trim(value);
	problem = conf_key_problem(value);
	if (!problem)
		*to = pool_str(&c->pool, value);
	return problem;
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
	{ "NVIDIA_API_KEY", read_api_key, true },
	{ "NVIDIA_BASE_URL", read_base_url, false },
	{ "DEFAULT_NVIDIA_MODEL", read_model, false },
	{ "PROXY_HOST", read_host, false },
	{ "PROXY_PORT", read_port, false },
	{ "PROXY_API_KEY", read_proxy_key, true },
	{ "LOG_LEVEL", read_log_level, false },
	/* PROXY_CONFIG names the file: conf.c */
};

void conf_env_read(struct conf *c)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *name = variables[i].name;
		struct str value = variables[i].is_secret ? conf_env_secret(name)
							  : str_of(getenv(name));
		const char *problem;

		if (value.len == 0)
			continue;
		problem = variables[i].read(c, value);
		if (problem)
			conf_error(c, NULL, NULL, "%s %s", name, problem);
	}
}
