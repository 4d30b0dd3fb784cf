/* SPDX-License-Identifier: MIT */
/*
 * Where a lane's keys come from: a systemd credential, a file that others cannot read, or
 * the environment.  Never from the configuration itself: it is shown around.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/conf_group.h"

enum { KEY_FILE_MAX = 1000 };

/* It goes into a header field: visible ASCII only (RFC 9110, 5.5). */
const char *conf_key_problem(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] < '!' || key.ptr[i] > '~')
			return "holds a blank, a control character or a letter beyond "
			       "ASCII; copy the key again";
	return NULL;
}

static const char *check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "is no file";
	if (st.st_mode & (S_IRWXO | S_IWGRP))
		return "can be read by others: chmod 600 it";
	if (st.st_size > KEY_FILE_MAX)
		return "is too large for a key";
	return NULL;
}

static struct str read_key_file(struct conf *c, const char *file,
				const config_setting_t *group, const char *path)
{
	struct str none = { NULL, 0 };
	char text[KEY_FILE_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *problem;
	struct str key;
	ssize_t n;

	if (fd < 0) {
		conf_error(c, file, group, "lanes: the key file %s cannot be read: %s",
			   path, strerror(errno));
		return none;
	}
	problem = check_file(fd);
	n = problem ? 0 : read(fd, text, sizeof(text));
	(void)close(fd); /* only read from */
	key = str_trim((struct str){ text, n > 0 ? (size_t)n : 0 });
	if (!problem && key.len == 0)
		problem = "holds no key";
	if (!problem)
		problem = conf_key_problem(key);
	if (problem)
		conf_error(c, file, group, "lanes: the key file %s %s", path, problem);
	else
		key = pool_str(&c->pool, key);
	explicit_bzero(text, sizeof(text));
	return problem ? none : key;
}

/* Relative to the file that names it, as @include is. */
static struct str read_own_file(struct conf *c, const char *file,
				const config_setting_t *group, const char *name)
{
	struct str path = str_of(name);

	if (name[0] != '/')
		path = pool_strf(&c->pool, "%s/%s", conf_folder_of(c, file).ptr, name);
	return read_key_file(c, file, group, path.ptr);
}

static struct str read_credential(struct conf *c, const char *file,
				  const config_setting_t *group, const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct str path;

	if (!folder || strchr(name, '/')) {
		conf_error(c, file, group, "lanes: %s%s", name,
			   folder ? " is no name of a credential"
				  : " wants systemd's credentials: LoadCredential= in "
				    "the unit, and a start by systemd");
		return (struct str){ NULL, 0 };
	}
	path = pool_strf(&c->pool, "%s/%s", folder, name);
	return read_key_file(c, file, group, path.ptr);
}

static struct str read_variable(struct conf *c, const char *file,
				const config_setting_t *group, const char *name)
{
	struct str key = str_trim(conf_env_secret(name));
	const char *problem = key.len ? conf_key_problem(key) : "is not set";

	if (!problem)
		return pool_str(&c->pool, key);
	conf_error(c, file, group, "lanes: the variable %s %s", name, problem);
	return (struct str){ NULL, 0 };
}

static const struct {
	const char *member;
	struct str (*read)(struct conf *c, const char *file,
			   const config_setting_t *group, const char *name);
} sources[] = {
	{ "key_credential", read_credential },
	{ "key_file", read_own_file },
	{ "key_env", read_variable },
};
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

void conf_keys_read(struct conf *c, const char *file, const config_setting_t *group,
		    struct lane *lane)
{
	size_t counts[SOURCES], all = 0;
	struct str *names[SOURCES];

	for (size_t i = 0; i < SOURCES; i++) {
		counts[i] = conf_group_texts(c, group, sources[i].member, &names[i]);
		all += counts[i];
	}
	if (all > SHM_LANE_KEYS)
		conf_error(c, file, group, "lanes: give at most %d keys to \"%s\"",
			   SHM_LANE_KEYS, lane->name.ptr);
	lane->keys = pool_array(&c->pool, all, sizeof(lane->keys[0]));
	for (size_t i = 0; i < SOURCES; i++)
		for (size_t k = 0; k < counts[i]; k++) {
			struct str key = sources[i].read(c, file, group, names[i][k].ptr);

			if (key.len)
				lane->keys[lane->key_count++] = key;
		}
	if (all == 0)
		conf_error(c, file, group,
			   "lanes: \"%s\" has no key; give key_credential, key_file or "
			   "key_env",
			   lane->name.ptr);
}
