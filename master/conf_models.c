/* SPDX-License-Identifier: MIT */
/* models.conf: which model answers for which name, and what each needs to be told. */
#include "config.h"

#include "master/conf_group.h"
#include "master/conf_opts.h"
#include "translate/jcheck.h"
#include "translate/jget.h"

enum { TOKENS_MAX = 1 << 30, STOPS_MAX = 32 };

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
	{ "efforts", CONFIG_TYPE_STRING, false },
	{ "stops", CONFIG_TYPE_INT, false },
	{ "top_k", CONFIG_TYPE_BOOL, false },
	{ "echo_reasoning", CONFIG_TYPE_BOOL, false },
	{ "single_calls", CONFIG_TYPE_BOOL, false },
	{ "short_ids", CONFIG_TYPE_BOOL, false },
	{ "plain_schemas", CONFIG_TYPE_BOOL, false },
	{ "tool_text", CONFIG_TYPE_STRING, false },
};
static const char *const dialects[] = {
	[MODEL_DIALECT_NONE] = "none",	     [MODEL_DIALECT_KIMI] = "kimi",
	[MODEL_DIALECT_HERMES] = "hermes",   [MODEL_DIALECT_QWEN] = "qwen",
	[MODEL_DIALECT_GLM] = "glm",	     [MODEL_DIALECT_DEEPSEEK] = "deepseek",
	[MODEL_DIALECT_MINIMAX] = "minimax", [MODEL_DIALECT_LLAMA] = "llama",
	[MODEL_DIALECT_MISTRAL] = "mistral", [MODEL_DIALECT_HARMONY] = "harmony",
};
/* What a fragment must not hold, because the proxy says it itself. */
static const char *const own_fields[] = {
	"model", "messages",	    "stream", "stream_options",	     "max_tokens",
	"tools", "tool_choice",	    "stop",   "temperature",	     "top_p",
	"top_k", "response_format", "nvext",  "parallel_tool_calls",
};
static const char *const top_names[] = { "default_model", "aliases", "models" };
enum {
	ALIAS_MEMBERS = sizeof(alias_members) / sizeof(alias_members[0]),
	MODEL_MEMBERS = sizeof(model_members) / sizeof(model_members[0]),
	TOP_NAMES = sizeof(top_names) / sizeof(top_names[0]),
	DIALECTS = sizeof(dialects) / sizeof(dialects[0]),
	OWN_FIELDS = sizeof(own_fields) / sizeof(own_fields[0]),
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
	for (size_t i = 0; i < OWN_FIELDS; i++)
		if (json_object_object_get_ex(root, own_fields[i], NULL))
			conf_error(c, file, group,
				   "models: %s must not hold \"%s\": the proxy writes it",
				   name, own_fields[i]);
	return root;
}

/* Words with blanks between them. */
static void read_efforts(struct conf *c, const char *file, const config_setting_t *group,
			 struct model *m)
{
	struct str rest = conf_group_str(c, group, "efforts");

	while ((rest = str_trim(rest)).len > 0) {
		size_t len = 0;

		while (len < rest.len && rest.ptr[len] != ' ')
			len++;
		if (m->effort_count == MODEL_EFFORTS_MAX) {
			conf_error(c, file, group, "models: efforts holds more than %d",
				   MODEL_EFFORTS_MAX);
			return;
		}
		m->efforts[m->effort_count++] = (struct str){ rest.ptr, len };
		rest = (struct str){ rest.ptr + len, rest.len - len };
	}
}

static enum model_dialect read_dialect(struct conf *c, const char *file,
				       const config_setting_t *group)
{
	struct str name = conf_group_str(c, group, "tool_text");
	const char *nearest;

	for (size_t i = 0; i < DIALECTS; i++)
		if (str_eq(name, str_of(dialects[i])))
			return (enum model_dialect)i;
	nearest = name.len ? conf_nearest(name.ptr, dialects, DIALECTS) : NULL;
	if (name.len)
		conf_error(c, file, group,
			   "models: tool_text \"%s\" is not known; did you mean \"%s\"?",
			   name.ptr, nearest ? nearest : "none");
	return MODEL_DIALECT_NONE;
}

static int64_t read_stops(struct conf *c, const char *file, const config_setting_t *group)
{
	int64_t value = conf_group_int(group, "stops", 0);

	if (value < 0 || value > STOPS_MAX)
		conf_error(c, file, group, "models: stops is out of range; give 0 to %d",
			   STOPS_MAX);
	return value;
}

static void read_quirks(struct conf *c, const char *file, const config_setting_t *group,
			struct model *m)
{
	m->stops = read_stops(c, file, group);
	m->takes_top_k = conf_group_bool(group, "top_k", false);
	m->echoes_reasoning = conf_group_bool(group, "echo_reasoning", false);
	m->has_single_calls = conf_group_bool(group, "single_calls", false);
	m->has_short_ids = conf_group_bool(group, "short_ids", false);
	m->has_plain_schemas = conf_group_bool(group, "plain_schemas", false);
	m->dialect = read_dialect(c, file, group);
	read_efforts(c, file, group, m);
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
	read_quirks(c, file, group, m);
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
