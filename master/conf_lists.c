/* SPDX-License-Identifier: MIT */
/* The lists of nim.conf: where to listen, and which upstream to ask. */
#include "config.h"

#include <arpa/inet.h>

#include "master/conf_group.h"

static const struct conf_member listen_members[] = {
	{ "address", CONFIG_TYPE_STRING, true },
	{ "port", CONFIG_TYPE_INT, true },
};
static const struct conf_member upstream_members[] = {
	{ "name", CONFIG_TYPE_STRING, true },
	{ "base_url", CONFIG_TYPE_STRING, true },
};

const struct conf_listen conf_listen_default = { { "127.0.0.1", 9 }, 8787 };

bool conf_address_is_loopback(struct str address)
{
	unsigned char bytes[16] = { 0 };
	char text[INET6_ADDRSTRLEN];

	if (str_eq_nocase(address, STR("localhost")))
		return true;
	if (address.len >= sizeof(text))
		return false;
	memcpy(text, address.ptr, address.len);
	text[address.len] = '\0';
	if (inet_pton(AF_INET, text, bytes) == 1)
		return bytes[0] == 127;
	return inet_pton(AF_INET6, text, bytes) == 1 &&
	       memcmp(bytes, &in6addr_loopback, sizeof(bytes)) == 0;
}

const char *conf_address_problem(struct str address)
{
	unsigned char bytes[16];

	if (str_eq(address, STR("localhost")) ||
	    (address.len > 0 && (inet_pton(AF_INET, address.ptr, bytes) == 1 ||
				 inet_pton(AF_INET6, address.ptr, bytes) == 1)))
		return NULL;
	return "is no address to listen on; give one in numbers (127.0.0.1, ::1, "
	       "0.0.0.0) "
	       "or localhost";
}

static void read_listen(struct conf *c, const char *file, const char *list,
			const config_setting_t *group, struct conf_listen *to)
{
	struct str address = conf_group_str(c, group, "address");
	int64_t port = conf_group_int(group, "port", 0);
	const char *problem = conf_address_problem(address);

	if (problem)
		conf_error(c, file, group, "%s: \"%s\" %s", list, address.ptr, problem);
	if (port < 0 || port > 65535)
		conf_error(c, file, group,
			   "%s: port %lld is out of range; give 0 to 65535", list,
			   (long long)port);
	*to = (struct conf_listen){ address, (int)port };
}

static void read_listeners(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "listen", listen_members, 2, &list);

	if (count < 0 || !list)
		return;
	if (count == 0 || count > CONF_LISTENERS_MAX) {
		conf_error(c, file, list, "listen: give 1 to %d addresses",
			   CONF_LISTENERS_MAX);
		return;
	}
	for (int i = 0; i < count; i++)
		read_listen(c, file, "listen", config_setting_get_elem(list, (unsigned)i),
			    &c->listen[i]);
	c->listen_count = count;
}

/* An empty list is no status at all. */
static void read_status(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "status", listen_members, 2, &list);

	if (count < 0 || !list)
		return;
	c->has_status = true;
	if (count > CONF_LISTENERS_MAX) {
		conf_error(c, file, list, "status: give at most %d addresses",
			   CONF_LISTENERS_MAX);
		return;
	}
	for (int i = 0; i < count; i++)
		read_listen(c, file, "status", config_setting_get_elem(list, (unsigned)i),
			    &c->status[i]);
	c->status_count = count;
}

static void read_upstreams(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count =
		conf_group_list(c, file, root, "upstreams", upstream_members, 2, &list);
	const config_setting_t *first;
	const char *problem;

	if (count < 0 || !list)
		return;
	if (count != 1) {
		conf_error(c, file, list,
			   "upstreams: give one; this version asks no more");
		return;
	}
	first = config_setting_get_elem(list, 0);
	c->upstream_name = conf_group_str(c, first, "name");
	c->base_url = conf_group_str(c, first, "base_url");
	problem = conf_url_problem(c->base_url);
	if (problem)
		conf_error(c, file, first, "upstreams: base_url %s", problem);
}

void conf_lists_read(struct conf *c, const char *file, const config_setting_t *root)
{
	read_listeners(c, file, root);
	read_status(c, file, root);
	read_upstreams(c, file, root);
}
