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

const struct model *models_find(const struct models *m, struct pool *p, struct str name)
{
	char text[MODELS_NAME_MAX + 1];
	name = cut_suffix(name);
	if (name.len > 0 && name.len <= MODELS_NAME_MAX &&
	    !memchr(name.ptr, '\0', name.len)) {
		memcpy(text, name.ptr, name.len);
		text[name.len] = '\0';
		for (size_t i = 0; i < m->alias_count; i++)
			if (fnmatch(m->aliases[i].from, text, FNM_PATHNAME) == 0)
				return get_id(m, p, m->aliases[i].to);
		if (find_id(m, name) || memchr(name.ptr, '/', name.len))
			return get_id(m, p, name);
	}
	return m->default_model.len > 0 ? get_id(m, p, m->default_model) : NULL;
}
