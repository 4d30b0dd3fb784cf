/* SPDX-License-Identifier: MIT */
/*
 * Lists of groups, as in listen = ( { address = "…"; port = 1; }, … ): one table of
 * members for each list says their names and types, so that unknown names and wrong types
 * are told in one way.
 */
#ifndef NIM_MASTER_CONF_GROUP_H
#define NIM_MASTER_CONF_GROUP_H

#include "master/conf.h"

enum { CONF_TEXTS = 100 };

struct conf_member {
	const char *name;
	int type; /* CONFIG_TYPE_STRING, _INT or _BOOL; CONF_TEXTS: one text or several */
	bool is_required;
};

/*
 * The list of that name under root, each element checked against the members. Returns its
 * length, 0 when there is none, -1 with error lines when the list or an element is wrong.
 */
int conf_group_list(struct conf *c, const char *file, const config_setting_t *root,
		    const char *name, const struct conf_member *members, size_t count,
		    config_setting_t **list);

/* A member of a checked element; the given value when it is absent. Text goes to the
 * pool. */
struct str conf_group_str(struct conf *c, const config_setting_t *group,
			  const char *name);
/* The texts of a CONF_TEXTS member, in the pool, each NUL-terminated. Returns how many.
 */
size_t conf_group_texts(struct conf *c, const config_setting_t *group, const char *name,
			struct str **texts);
int64_t conf_group_int(const config_setting_t *group, const char *name,
		       int64_t otherwise);
bool conf_group_bool(const config_setting_t *group, const char *name, bool otherwise);

#endif
