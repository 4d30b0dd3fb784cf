/* SPDX-License-Identifier: MIT */
/* For tests of the configuration: a folder with the two files, and a clean environment.
 */
#ifndef NIM_TESTS_UNIT_CONF_FILES_H
#define NIM_TESTS_UNIT_CONF_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/conf.h"
#include "tests/unit/unit.h"

#define MODELS "default_model = \"vendor/model\";\n"

static char folder[64];
static struct conf conf;

static const char *const variables[] = {
	"NVIDIA_API_KEY", "NVIDIA_BASE_URL", "DEFAULT_NVIDIA_MODEL", "PROXY_HOST",
	"PROXY_PORT",	  "PROXY_API_KEY",   "PROXY_CONFIG",	     "LOG_LEVEL",
};

static inline void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/nim-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		ck_assert_int_eq(unsetenv(variables[i]), 0);
	ck_assert_int_eq(setenv("NVIDIA_API_KEY", "nvapi-test", 1), 0);
}

static inline const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static inline void teardown(void)
{
	static const char *const names[] = { "nim.conf",    "models.conf", "more.conf",
					     "people.conf", "key",	   "open.key",
					     "team.key",    "ada-key" };

	conf_release(&conf);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i])); /* most tests make only some */
	(void)rmdir(folder);
}

static inline void put(const char *name, const char *text, size_t len)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* Reads nim.conf with that text (NULL: none) beside a models.conf. */
static inline int read_conf(const char *nim, const char *models)
{
	if (nim)
		put("nim.conf", nim, strlen(nim));
	if (models)
		put("models.conf", models, strlen(models));
	return conf_read(&conf, path_of("nim.conf"));
}

/* The lines with the folder's name taken out. */
static inline const char *lines(const struct buf *from)
{
	static char text[8192];
	size_t len = strlen(folder) + 1, used = 0;

	for (size_t i = 0; i < from->len && used < sizeof(text) - 1;) {
		if (i + len <= from->len &&
		    memcmp(from->data + i, folder, len - 1) == 0 &&
		    from->data[i + len - 1] == '/')
			i += len;
		else
			text[used++] = from->data[i++];
	}
	text[used] = '\0';
	return text;
}

#endif
