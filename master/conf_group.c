/* SPDX-License-Identifier: MIT */
/* libconfig 1.5 knows no schema; this is the little of one that three files need. */
#include "config.h"

#include "master/conf_group.h"

#include "master/conf_opts.h"

enum { MEMBERS_MAX = 16 };

static const char *type_words(int type)
{
	switch (type) {
	case CONFIG_TYPE_STRING:
		return "text in quotes";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONF_TEXTS:
		return "text in quotes, or several as in [ \"a\", \"b\" ]";
	default:
		return "a whole number";
	}
}

static bool is_texts(const config_setting_t *s)
{
	int length = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return false;
	for (int i = 0; i < length; i++)
		if (config_setting_type(config_setting_get_elem(s, (unsigned)i)) !=
		    CONFIG_TYPE_STRING)
			return false;
	return true;
}

static bool has_type(const config_setting_t *s, int type)
{
	int is = config_setting_type(s);

	if (type == CONF_TEXTS)
		return is == CONFIG_TYPE_STRING || is_texts(s);
	return is == type || (type == CONFIG_TYPE_INT && is == CONFIG_TYPE_INT64);
}

static void refuse_unknown(struct conf *c, const char *file, const config_setting_t *s,
			   const char *list, const struct conf_member *members,
			   size_t count)
{
	const char *names[MEMBERS_MAX];
	const char *nearest;

	for (size_t i = 0; i < count && i < MEMBERS_MAX; i++)
		names[i] = members[i].name;
	nearest = conf_nearest(config_setting_name(s), names, count);
	if (!nearest)
		nearest = members[0].name;
	conf_error(c, file, s, "%s: unknown name \"%s\"; did you mean \"%s\"?", list,
		   config_setting_name(s), nearest);
}

static void check_member(struct conf *c, const char *file, const config_setting_t *s,
			 const char *list, const struct conf_member *members,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[i].name, config_setting_name(s)) != 0)
			continue;
		if (!has_type(s, members[i].type))
			conf_error(c, file, s, "%s: %s must be %s", list, members[i].name,
				   type_words(members[i].type));
		return;
	}
	refuse_unknown(c, file, s, list, members, count);
}

static void check_group(struct conf *c, const char *file, const config_setting_t *group,
			const char *list, const struct conf_member *members, size_t count)
{
	if (!config_setting_is_group(group)) {
		conf_error(c, file, group,
			   "%s: each element must be a group, as in { %s = …; }", list,
			   members[0].name);
		return;
	}
	for (int i = 0; i < config_setting_length(group); i++)
		check_member(c, file, config_setting_get_elem(group, (unsigned)i), list,
			     members, count);
	for (size_t i = 0; i < count; i++)
		if (members[i].is_required &&
		    !config_setting_get_member(group, members[i].name))
			conf_error(c, file, group, "%s: %s is missing", list,
				   members[i].name);
}

int conf_group_list(struct conf *c, const char *file, const config_setting_t *root,
		    const char *name, const struct conf_member *members, size_t count,
		    config_setting_t **list)
{
	config_setting_t *s = config_setting_get_member(root, name);
	int errors = c->error_count;

	if (!s)
		return 0;
	if (!config_setting_is_list(s)) {
		conf_error(c, file, s, "%s: must be a list, as in ( { %s = …; } )", name,
			   members[0].name);
		return -1;
	}
	for (int i = 0; i < config_setting_length(s); i++)
		check_group(c, file, config_setting_get_elem(s, (unsigned)i), name,
			    members, count);
	*list = s;
	return c->error_count == errors ? config_setting_length(s) : -1;
}

struct str conf_group_str(struct conf *c, const config_setting_t *group, const char *name)
{
	const char *text = NULL;

	if (config_setting_lookup_string(group, name, &text) != CONFIG_TRUE)
		return (struct str){ NULL, 0 };
	return pool_str(&c->pool, str_of(text));
}

size_t conf_group_texts(struct conf *c, const config_setting_t *group, const char *name,
			struct str **texts)
{
	const config_setting_t *s = config_setting_get_member(group, name);
	bool is_one = s && config_setting_type(s) == CONFIG_TYPE_STRING;
	int count = is_one ? 1 : s ? config_setting_length(s) : 0;

	*texts = pool_array(&c->pool, (size_t)count, sizeof(struct str));
	for (int i = 0; i < count; i++)
		(*texts)[i] = pool_str(
			&c->pool, str_of(is_one ? config_setting_get_string(s)
						: config_setting_get_string_elem(s, i)));
	return (size_t)count;
}

int64_t conf_group_int(const config_setting_t *group, const char *name, int64_t otherwise)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	if (!s)
		return otherwise;
	return config_setting_type(s) == CONFIG_TYPE_INT ? config_setting_get_int(s)
							 : config_setting_get_int64(s);
}

bool conf_group_bool(const config_setting_t *group, const char *name, bool otherwise)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s ? config_setting_get_bool(s) != 0 : otherwise;
}
