/* SPDX-License-Identifier: MIT */
/*
 * Changing one person in the text of people.conf, so that everything else in it, comments
 * too, stays as it is.  libconfig could write the file, but without them.
 */
#ifndef NIM_MASTER_PEOPLE_EDIT_H
#define NIM_MASTER_PEOPLE_EDIT_H

#include "translate/buf.h"

enum people_edit {
	PEOPLE_ADD,	/* value: the whole group, { … } */
	PEOPLE_ROTATE,	/* value: the new digest, 64 hexadecimal digits */
	PEOPLE_DISABLE, /* no value */
	PEOPLE_ENABLE,
	PEOPLE_REMOVE,
};

/*
 * Writes the changed text. Returns NULL, or what is wrong (constant text): the person is
 * not there, or, for PEOPLE_ADD, is there already; or the text cannot be understood.
 */
const char *people_edit(struct buf *to, struct str text, enum people_edit edit,
			struct str name, struct str value);

#endif
