/* SPDX-License-Identifier: MIT */
/*
 * One file, from its name to libconfig's tree.  libconfig 1.5 does three things that a
 * person at a prompt would not forgive: it gives no name with a missing file, it ends the
 * process when it cannot read what it has opened (a directory, say), and it cuts an
 * integer without L to 32 bits in silence.  So the bytes are read and looked at here.
 */
#include "config.h"

#include "master/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 }; /* a configuration is some kilobytes */

static const char *read_all(const char *file, struct buf *text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	const char *problem = NULL;
	ssize_t n = 1;

	if (fd < 0)
		return strerror(errno);
	while (n > 0 && !problem) {
		char *room = buf_reserve(text, 4096);

		if (!room) {
			problem = "it is larger than 1 MiB";
			break;
		}
		n = read(fd, room, 4096);
		if (n < 0)
			problem = strerror(errno);
		else
			text->len += (size_t)n;
	}
	(void)close(fd); /* only read from */
	if (!problem && memchr(text->data, '\0', text->len))
		problem = "it holds a NUL byte, so it is no text";
	buf_addc(text, '\0');
	return problem;
}

/* Where a look at the text is; comments and quoted text hold no numbers. */
struct scan {
	const char *at;
	unsigned line;
};

static void step(struct scan *s)
{
	if (*s->at == '\n')
		s->line++;
	s->at++;
}

/* Past a comment or a quoted text; false when there is none here. */
static bool skip_quiet(struct scan *s)
{
	bool is_line = *s->at == '#' || strncmp(s->at, "//", 2) == 0;
	bool is_block = strncmp(s->at, "/*", 2) == 0;

	if (*s->at == '"') {
		for (step(s); *s->at && *s->at != '"'; step(s))
			if (*s->at == '\\' && s->at[1])
				step(s);
	} else if (is_line) {
		while (*s->at && *s->at != '\n')
			step(s);
	} else if (is_block) {
		while (*s->at && strncmp(s->at, "*/", 2) != 0)
			step(s);
		if (*s->at)
			step(s);
	} else {
		return false;
	}
	if (*s->at)
		step(s);
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '.';
}

/* A whole decimal number beyond 32 bits that has no L behind it. */
static bool is_cut(const char *word, size_t len)
{
	uint64_t value;

	if (len > 0 && (*word == '-' || *word == '+')) {
		word++;
		len--;
	}
	for (size_t i = 0; i < len; i++)
		if (word[i] < '0' || word[i] > '9')
			return false;
	return len > 0 && str_to_u64((struct str){ word, len }, INT32_MAX, &value) < 0;
}

/* The line of the first number that libconfig would cut, or 0. */
static unsigned find_cut_number(const char *text)
{
	struct scan s = { .at = text, .line = 1 };

	while (*s.at) {
		size_t len = 0;

		if (skip_quiet(&s))
			continue;
		while (is_word(s.at[len]))
			len++;
		if (is_cut(s.at, len))
			return s.line;
		s.at += len;
		if (len == 0)
			step(&s);
	}
	return 0;
}

struct str conf_folder_of(struct conf *c, const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return STR(".");
	return pool_str(&c->pool,
			(struct str){ file, slash == file ? 1 : (size_t)(slash - file) });
}

static int parse_text(struct conf *c, config_t *cfg, const char *file, const char *text)
{
	unsigned line = find_cut_number(text);

	if (line > 0) /* the rest is read all the same: for its errors */
		conf_error_at(c, file, line, "a number is too large (above 2147483647)");
	config_set_include_dir(cfg, conf_folder_of(c, file).ptr);
	if (config_read_string(cfg, text) == CONFIG_TRUE)
		return 0;
	conf_error_at(c, config_error_file(cfg) ? config_error_file(cfg) : file,
		      (unsigned)config_error_line(cfg),
		      strcmp(config_error_text(cfg), "syntax error") == 0
			      ? "syntax error (here or on the line before; a setting is "
				"name = value;)"
			      : config_error_text(cfg));
	return -1;
}

int conf_file_parse(struct conf *c, config_t *cfg, const char *file)
{
	struct buf text;
	const char *problem;
	int result = -1;

	config_init(cfg);
	buf_init(&text, FILE_MAX + 4096);
	problem = read_all(file, &text);
	if (problem)
		conf_error(c, file, NULL, "cannot be read: %s", problem);
	else
		result = parse_text(c, cfg, file, text.data);
	buf_release(&text);
	return result;
}
