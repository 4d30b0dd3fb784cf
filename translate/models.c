/* SPDX-License-Identifier: MIT */
/*
 * From the name a client asks for to a row of the table.  Few rows, few requests: a plain
 * search is fast enough and keeps the order of the file, which is the order of
 * precedence.
 */
#include "config.h"

#include "translate/models.h"

#include <fnmatch.h>

static const struct model *find_id(const struct models *m, struct str id)
{
	for (size_t i = 0; i < m->count; i++)
		if (str_eq(m->list[i].id, id))
			return &m->list[i];
	return NULL;
}

/* The row of that id, or a new one with unknown limits. */
static const struct model *get_id(const struct models *m, struct pool *p, struct str id)
{
	const struct model *found = find_id(m, id);
	if (found)
		return found;
	struct model *model = pool_alloc(p, sizeof(*model));
	model->id = pool_str(p, id);
	return model;
}

/* Claude Code asks for a long context this way; it is not part of the name. */
static struct str cut_suffix(struct str name)
{
	struct str suffix = STR("[1m]");
	if (name.len > suffix.len &&
	    memcmp(name.ptr + name.len - suffix.len, suffix.ptr, suffix.len) == 0)
		name.len -= suffix.len;
	return name;
}

/* The default model is one of the list even when it has no row. */
static const struct model *find_listed(const struct models *m, struct pool *p,
				       struct str id)
{
	if (m->default_model.len > 0 && str_eq(id, m->default_model))
		return get_id(m, p, id);
	return find_id(m, id);
}

static const struct model *find_alias(const struct models *m, struct pool *p,
				      struct str name)
{
	char text[MODELS_NAME_MAX + 1];

	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	for (size_t i = 0; i < m->alias_count; i++)
		if (fnmatch(m->aliases[i].from, text, FNM_PATHNAME) == 0)
			return get_id(m, p, m->aliases[i].to);
	return NULL;
}

static bool is_name(struct str name)
{
	return name.len > 0 && name.len <= MODELS_NAME_MAX &&
	       !memchr(name.ptr, '\0', name.len);
}

/* The same without the prefix, when an id stands behind it. */
static struct str cut_prefix(struct str name)
{
	struct str prefix = STR(MODELS_PREFIX);
	struct str rest = { name.ptr + prefix.len, name.len - prefix.len };

	if (!str_has_prefix(name, prefix) || !memchr(rest.ptr, '/', rest.len))
		return name;
	return rest;
}

const struct model *models_known(const struct models *m, struct pool *p, struct str name)
{
	const struct model *found;

	name = cut_suffix(name);
	if (!is_name(name))
		return NULL;
	found = find_alias(m, p, name);
	return found ? found : find_listed(m, p, cut_prefix(name));
}

const struct model *models_find(const struct models *m, struct pool *p, struct str name)
{
	const struct model *found = models_known(m, p, name);

	if (found)
		return found;
	name = cut_prefix(cut_suffix(name));
	if (is_name(name) && memchr(name.ptr, '/', name.len))
		return get_id(m, p, name);
	return m->default_model.len > 0 ? get_id(m, p, m->default_model) : NULL;
}
