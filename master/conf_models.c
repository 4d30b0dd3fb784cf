/* SPDX-License-Identifier: MIT */
/* models.conf: which model answers for which name, and what each needs to be told. */
#include "config.h"

#include "master/conf_group.h"
#include "master/conf_opts.h"
#include "translate/jcheck.h"
#include "translate/jget.h"

enum { TOKENS_MAX = 1 << 30 };

static const struct conf_member alias_members[] = {
	{ "from", CONFIG_TYPE_STRING, true },
	{ "to", CONFIG_TYPE_STRING, true },
};
static const struct conf_member model_members[] = {
	{ "id", CONFIG_TYPE_STRING, true },
	{ "context", CONFIG_TYPE_INT, false },
	{ "max_output", CONFIG_TYPE_INT, false },
	{ "vision", CONFIG_TYPE_BOOL, false },
	{ "think_on", CONFIG_TYPE_STRING, false },
	{ "think_off", CONFIG_TYPE_STRING, false },
	{ "system_on", CONFIG_TYPE_STRING, false },
	{ "system_off", CONFIG_TYPE_STRING, false },
};
static const char *const top_names[] = { "default_model", "aliases", "models" };
enum {
	ALIAS_MEMBERS = sizeof(alias_members) / sizeof(alias_members[0]),
	MODEL_MEMBERS = sizeof(model_members) / sizeof(model_members[0]),
	TOP_NAMES = sizeof(top_names) / sizeof(top_names[0]),
};

static int64_t read_tokens(struct conf *c, const char *file,
			   const config_setting_t *group, const char *name)
{
	int64_t value = conf_group_int(group, name, 0);

	if (value < 0 || value > TOKENS_MAX)
		conf_error(c, file, group,
			   "models: %s is out of range; give 0 to %d tokens", name,
			   TOKENS_MAX);
	return value;
}

/* A fragment that is merged into requests: a JSON object as text. */
static struct json_object *read_fragment(struct conf *c, const char *file,
					 const config_setting_t *group, const char *name)
{
	struct str text = conf_group_str(c, group, name);
	struct jcheck_error error;
	struct json_object *root;

	if (text.len == 0)
		return NULL;
	if (jcheck(text, &error) < 0) {
		conf_error(c, file, group, "models: %s is not JSON: %s at byte %zu", name,
			   error.reason, error.offset);
		return NULL;
	}
	root = jget_parse(text);
	pool_own_json(&c->pool, root);
	if (!json_object_is_type(root, json_type_object)) {
		conf_error(c, file, group,
			   "models: %s must be a JSON object, as in \"{\\\"a\\\":1}\"",
			   name);
		return NULL;
	}
	return root;
}

static void read_model(struct conf *c, const char *file, const config_setting_t *group,
		       struct model *m)
{
	m->id = conf_group_str(c, group, "id");
	m->context = read_tokens(c, file, group, "context");
	m->max_output = read_tokens(c, file, group, "max_output");
	m->has_vision = conf_group_bool(group, "vision", false);
	m->think_on = read_fragment(c, file, group, "think_on");
	m->think_off = read_fragment(c, file, group, "think_off");
	m->system_on = conf_group_str(c, group, "system_on");
	m->system_off = conf_group_str(c, group, "system_off");
	if (m->id.len == 0)
		conf_error(c, file, group, "models: id is empty");
	for (struct model *other = c->models.list; other < m; other++)
		if (str_eq(other->id, m->id))
			conf_error(c, file, group, "models: \"%s\" stands here twice",
				   m->id.ptr);
}

static void read_models(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "models", model_members, MODEL_MEMBERS,
				    &list);

	if (count <= 0)
		return;
	c->models.list = pool_array(&c->pool, (size_t)count, sizeof(struct model));
	for (int i = 0; i < count; i++)
		read_model(c, file, config_setting_get_elem(list, (unsigned)i),
			   &c->models.list[i]);
	c->models.count = (size_t)count;
}

static void read_aliases(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "aliases", alias_members,
				    ALIAS_MEMBERS, &list);

	if (count <= 0)
		return;
	c->models.aliases =
		pool_array(&c->pool, (size_t)count, sizeof(struct model_alias));
	for (int i = 0; i < count; i++) {
		const config_setting_t *group =
			config_setting_get_elem(list, (unsigned)i);
		struct model_alias *alias = &c->models.aliases[i];

		alias->from = conf_group_str(c, group, "from").ptr;
		alias->to = conf_group_str(c, group, "to");
		if (alias->to.len == 0 || !*alias->from)
			conf_error(c, file, group,
				   "aliases: from and to must not be empty");
	}
	c->models.alias_count = (size_t)count;
}

static void check_names(struct conf *c, const char *file, const config_setting_t *root)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);
		const char *nearest = conf_nearest(name, top_names, TOP_NAMES);

		if (nearest && strcmp(nearest, name) == 0)
			continue;
		conf_error(c, file, s, "unknown name \"%s\"; did you mean \"%s\"?", name,
			   nearest ? nearest : "models");
	}
}

void conf_models_read(struct conf *c, const char *file, const config_setting_t *root)
{
	config_setting_t *s = config_setting_get_member(root, "default_model");

	check_names(c, file, root);
	if (s && config_setting_type(s) != CONFIG_TYPE_STRING)
		conf_error(c, file, s, "default_model: must be text in quotes");
	else if (s)
		c->models.default_model =
			pool_str(&c->pool, str_of(config_setting_get_string(s)));
	read_aliases(c, file, root);
	read_models(c, file, root);
}

/* The word default stands for the default model, wherever that was set. */
void conf_models_settle(struct conf *c)
{
	for (size_t i = 0; i < c->models.alias_count; i++)
		if (str_eq(c->models.aliases[i].to, STR("default")))
			c->models.aliases[i].to = c->models.default_model;
}
