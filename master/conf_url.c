/* SPDX-License-Identifier: MIT */
/*
 * What may stand as the upstream's URL.  A key travels to it, so nothing is guessed: the
 * scheme decides between TLS and loopback, and there is no user, query or fragment.
 */
#include "config.h"

#include "master/conf.h"

static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return true;
}

static bool has(struct str text, char c)
{
	return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}

/* The first len bytes of text, and what is behind them. */
static struct str head(struct str text, size_t len)
{
	return (struct str){ text.ptr, len };
}

static struct str tail(struct str text, size_t from)
{
	return (struct str){ text.ptr + from, text.len - from };
}

static size_t length_to(struct str text, char c)
{
	const char *at = text.len > 0 ? memchr(text.ptr, c, text.len) : NULL;

	return at ? (size_t)(at - text.ptr) : text.len;
}

static const char *port_problem(struct str port)
{
	uint64_t number;

	if (port.len == 0)
		return NULL;
	if (*port.ptr != ':' || str_to_u64(tail(port, 1), 65535, &number) < 0 ||
	    number == 0)
		return "has a port that is no number from 1 to 65535";
	return NULL;
}

/* authority is host or host:port; an IPv6 address stands in brackets. */
static const char *authority_problem(struct str authority, bool is_plain)
{
	size_t len = length_to(authority, ':');
	struct str host;

	if (authority.len > 0 && *authority.ptr == '[') {
		len = length_to(authority, ']') + 1;
		if (len > authority.len)
			return "has no ] behind its IPv6 address";
	}
	host = head(authority, len);
	if (host.len == 0)
		return "has no host name";
	if (*host.ptr == '[')
		host = (struct str){ host.ptr + 1, host.len - 2 };
	if (is_plain && !conf_address_is_loopback(host))
		return "must be https:// (http:// is for loopback only: a key must not "
		       "travel in the clear)";
	return port_problem(tail(authority, len));
}

const char *conf_url_problem(struct str url)
{
	bool is_plain = url.len >= 7 && str_eq_nocase(head(url, 7), STR("http://"));
	bool is_tls = url.len >= 8 && str_eq_nocase(head(url, 8), STR("https://"));
	struct str rest, authority;

	if (!is_plain && !is_tls)
		return "must begin with https:// (or http:// on loopback)";
	if (!is_visible(url))
		return "holds a blank, a control character or a letter beyond ASCII";
	rest = tail(url, is_plain ? 7 : 8);
	if (has(rest, '?') || has(rest, '#'))
		return "must end with its path: no ? and no #";
	authority = head(rest, length_to(rest, '/'));
	if (has(authority, '@'))
		return "must not hold a user name or password; the key is NVIDIA_API_KEY";
	return authority_problem(authority, is_plain);
}
