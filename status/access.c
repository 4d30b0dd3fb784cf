/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/keys.h"

enum { BASIC_MAX = 512 };

static bool has_token(const struct http *http)
{
	return http_field(http, STR("authorization")).len ||
	       http_field(http, STR("x-api-key")).len;
}

/* user:password in base64 (RFC 7617); the user may be anything. */
static const struct person *find_basic(const struct people *people, struct str coded)
{
	unsigned char text[BASIC_MAX];
	const unsigned char *colon;
	int len;

	if (coded.len == 0 || coded.len % 4 != 0 || coded.len / 4 * 3 > sizeof(text))
		return NULL;
	len = EVP_DecodeBlock(text, (const unsigned char *)coded.ptr, (int)coded.len);
	if (len < 0)
		return NULL;
	for (size_t i = 1; i <= 2 && len > 0;
	     i++) /* what stands for nothing decodes to 0 */
		len -= coded.ptr[coded.len - i] == '=';
	colon = memchr(text, ':', (size_t)len);
	if (!colon)
		return NULL;
	return keys_find(people, (struct str){ (const char *)colon + 1,
					       (size_t)(text + len - colon - 1) });
}

static const struct person *find_person(const struct worker_env *env,
					const struct http *http)
{
	const struct person *p = keys_person(env, http);

	if (p)
		return p;
	return find_basic(
		&env->people,
		keys_behind(http_field(http, STR("authorization")), STR("basic ")));
}

/* This end's address and port as a Host field would have them. */
static bool is_own_address(int fd, struct str host)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char ip[INET6_ADDRSTRLEN] = "", with_port[80], alone[64];
	bool is_v6;
	int port;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return false;
	is_v6 = address.ss_family == AF_INET6;
	port = ntohs(is_v6 ? ((struct sockaddr_in6 *)&address)->sin6_port
			   : ((struct sockaddr_in *)&address)->sin_port);
	(void)inet_ntop(address.ss_family,
			is_v6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
			      : (void *)&((struct sockaddr_in *)&address)->sin_addr,
			ip, sizeof(ip));
	(void)snprintf(alone, sizeof(alone), is_v6 ? "[%s]" : "%s", ip);
	(void)snprintf(with_port, sizeof(with_port), "%s:%d", alone, port);
	return str_eq_nocase(host, str_of(alone)) ||
	       str_eq_nocase(host, str_of(with_port));
}

/* This machine's own name, with or without a port. */
static bool is_own_name(struct str host)
{
	char name[256] = "";
	size_t len;

	if (gethostname(name, sizeof(name) - 1) < 0)
		return false;
	len = strlen(name);
	return len > 0 && host.len >= len &&
	       str_eq_nocase((struct str){ host.ptr, len }, (struct str){ name, len }) &&
	       (host.len == len || host.ptr[len] == ':');
}

static bool is_foreign(const struct http *http, int fd, bool is_loopback)
{
	struct str host = http_field(http, STR("host"));

	if (keys_is_browser(http, fd))
		return true;
	if (host.len == 0 || is_loopback)
		return false; /* HTTP/1.0 has none; loopback has been looked at */
	return !is_own_address(fd, host) && !is_own_name(host);
}

enum access access_of(const struct worker_env *env, const struct http *http, int fd,
		      const struct person **person)
{
	bool is_loopback = keys_is_loopback_socket(fd);
	bool is_everybodys = !env->people.has_file && !env->people.list[0].has_token;
	bool is_owner;

	*person = NULL;
	if (is_foreign(http, fd, is_loopback))
		return ACCESS_FOREIGN;
	*person = find_person(env, http);
	if (has_token(http) && !*person)
		return ACCESS_NONE;
	if (is_everybodys)
		return is_loopback ? ACCESS_NAMES : ACCESS_NONE;
	/* Without people.conf the one key is its owner's. */
	is_owner = *person && (!env->people.has_file || (*person)->is_admin);
	if (is_owner || (is_loopback && env->status_open))
		return ACCESS_NAMES;
	return is_loopback || *person ? ACCESS_NUMBERS : ACCESS_NONE;
}
