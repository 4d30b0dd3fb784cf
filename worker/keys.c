/* SPDX-License-Identifier: MIT */
/* Lengths and contents of keys are compared only as digests, so timing tells nothing
 * about them. */
#include "config.h"

#include "worker/keys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/socket.h>

/* All are compared, whoever it is; the last one that fits is taken. */
const struct person *keys_find(const struct people *people, struct str candidate)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t found = people->count;

	SHA256((const uint8_t *)(candidate.ptr ? candidate.ptr : ""), candidate.len,
	       digest);
	for (size_t i = 0; i < people->count; i++) {
		const struct person *p = &people->list[i];
		int differs = CRYPTO_memcmp(digest, p->token_sha256, sizeof(digest));

		if ((differs == 0) & p->has_token & !p->is_disabled)
			found = i;
	}
	return found < people->count && candidate.len ? &people->list[found] : NULL;
}

struct str keys_behind(struct str authorization, struct str scheme)
{
	if (authorization.len < scheme.len ||
	    !str_eq_nocase((struct str){ authorization.ptr, scheme.len }, scheme))
		return (struct str){ NULL, 0 };
	return str_trim((struct str){ authorization.ptr + scheme.len,
				      authorization.len - scheme.len });
}

const struct person *keys_person(const struct worker_env *env, const struct http *http)
{
	const struct person *first, *second;

	if (!env->people.has_file && !env->people.list[0].has_token)
		return &env->people.list[0];
	first = keys_find(&env->people, http_field(http, STR("x-api-key")));
	second = keys_find(
		&env->people,
		keys_behind(http_field(http, STR("authorization")), STR("bearer ")));
	return first ? first : second;
}

bool keys_is_loopback_socket(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return false;
	if (address.ss_family == AF_INET)
		return (ntohl(((struct sockaddr_in *)&address)->sin_addr.s_addr) >> 24) ==
		       127;
	if (address.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(
			&((struct sockaddr_in6 *)&address)->sin6_addr);
	return false;
}

/* The host of host[:port], without the brackets of an IPv6 address. */
static struct str host_name(struct str host)
{
	const char *end;

	if (host.len && host.ptr[0] == '[') {
		end = memchr(host.ptr, ']', host.len);
		return end ? (struct str){ host.ptr + 1, (size_t)(end - host.ptr - 1) }
			   : (struct str){ NULL, 0 };
	}
	end = host.len ? memchr(host.ptr, ':', host.len) : NULL;
	return (struct str){ host.ptr, end ? (size_t)(end - host.ptr) : host.len };
}

static bool is_loopback_name(struct str name)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (str_eq_nocase(name, STR("localhost")))
		return true;
	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool keys_is_loopback_host(struct str host)
{
	return is_loopback_name(host_name(host));
}

bool keys_is_browser(const struct http *http, int client_fd)
{
	struct str site = http_field(http, STR("sec-fetch-site"));
	struct str host = http_field(http, STR("host"));

	if (http_field(http, STR("origin")).len)
		return true;
	if (site.len && !str_eq_nocase(site, STR("none")) &&
	    !str_eq_nocase(site, STR("same-origin")))
		return true;
	return host.len && keys_is_loopback_socket(client_fd) &&
	       !keys_is_loopback_host(host);
}
