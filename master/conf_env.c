/* SPDX-License-Identifier: MIT */
/* The environment: the eight names that the first proxy of this kind had, and no others.
 */
#include "config.h"

#include "master/conf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

/* The host of an URL behind its scheme, up to port or path; brackets of IPv6 stay. */
static struct str url_host(struct str rest)
{
	size_t len = 0;

	if (rest.len && rest.ptr[0] == '[') {
		while (len < rest.len && rest.ptr[len] != ']')
			len++;
		return (struct str){ rest.ptr, len < rest.len ? len + 1 : 0 };
	}
	while (len < rest.len && rest.ptr[len] != ':' && rest.ptr[len] != '/')
		len++;
	return (struct str){ rest.ptr, len };
}

static bool is_loopback(struct conf *c, struct str host)
{
	struct in_addr v4;
	struct str copy = pool_str(&c->pool, host);

	if (str_eq_nocase(host, STR("localhost")) || str_eq(host, STR("[::1]")))
		return true;
	return inet_pton(AF_INET, copy.ptr, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return text.len > 0;
}

const char *conf_url_problem(struct str url)
{
	struct conf scratch;
	struct str rest = url;
	bool is_plain = str_has_prefix(url, STR("http://"));
	bool is_fine;

	if (!is_visible(url) || url.len > 1024)
		return "must be an address without blanks, such as https://host/v1";
	if (!is_plain && !str_has_prefix(url, STR("https://")))
		return "must begin with https:// (or http:// on this machine)";
	rest.ptr += is_plain ? 7 : 8;
	rest.len -= is_plain ? 7 : 8;
	if (url_host(rest).len == 0)
		return "names no host";
	if (memchr(rest.ptr, '@', rest.len) || memchr(rest.ptr, '?', rest.len) ||
	    memchr(rest.ptr, '#', rest.len))
		return "may hold host, port and path only; the key is NVIDIA_API_KEY";
	if (!is_plain)
		return NULL;
	pool_init(&scratch.pool, NULL);
	is_fine = is_loopback(&scratch, url_host(rest));
	pool_release(&scratch.pool);
	return is_fine ? NULL
		       : "may be http:// on this machine only (127.0.0.1, localhost): "
			 "the "
			 "key would travel readable";
}

static void set_key(struct conf *c, const char *name, struct str value, struct str *key)
{
	if (!is_visible(value) || value.len > 512)
		conf_error(c, NULL, NULL, "%s: must be visible ASCII without blanks",
			   name);
	else
		*key = value;
}

static void read_api_key(struct conf *c, struct str value)
{
	set_key(c, "NVIDIA_API_KEY", value, &c->api_key);
}

static void read_proxy_key(struct conf *c, struct str value)
{
	set_key(c, "PROXY_API_KEY", value, &c->proxy_api_key);
}

static void read_base_url(struct conf *c, struct str value)
{
	const char *problem = conf_url_problem(value);

	if (problem)
		conf_error(c, NULL, NULL, "NVIDIA_BASE_URL %s", problem);
	else
		c->base_url = value;
}

static void read_model(struct conf *c, struct str value)
{
	if (!is_visible(value))
		conf_error(c, NULL, NULL,
			   "DEFAULT_NVIDIA_MODEL: must be a model id without blanks");
	else
		c->models.default_model = value;
}

static void read_host(struct conf *c, struct str value)
{
	c->listen[0].address = value;
	c->listen_count = 1;
}

static void read_port(struct conf *c, struct str value)
{
	uint64_t port;

	if (str_to_u64(value, 65535, &port) < 0)
		conf_error(c, NULL, NULL, "PROXY_PORT: must be a number from 0 to 65535");
	else
		c->listen[0].port = (int)port;
}

static void read_level(struct conf *c, struct str value)
{
	if (log_level_read(value, &c->log_level) < 0)
		conf_error(c, NULL, NULL,
			   "LOG_LEVEL: must be error, warn, info or debug");
}

static const struct {
	const char *name;
	void (*read)(struct conf *c, struct str value);
} rows[] = {
	{ "NVIDIA_API_KEY", read_api_key },
	{ "NVIDIA_BASE_URL", read_base_url },
	{ "DEFAULT_NVIDIA_MODEL", read_model },
	{ "PROXY_HOST", read_host },
	{ "PROXY_PORT", read_port },
	{ "PROXY_API_KEY", read_proxy_key },
	{ "LOG_LEVEL", read_level },
	/* PROXY_CONFIG names the file: conf.c */
};

void conf_env_read(struct conf *c)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = getenv(rows[i].name);

		if (value && *value)
			rows[i].read(c, pool_str(&c->pool, str_of(value)));
	}
}
