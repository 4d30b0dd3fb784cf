/* SPDX-License-Identifier: MIT */
/* One line, one write. A log that cannot be written must not stop the service: the line
 * is dropped. */
#include "config.h"

#include "worker/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_MAX = 512 }; /* bytes of one value */

static const struct {
	const char *word;
	int priority; /* syslog's, for the journal */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARN] = { "warn", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static enum log_level lowest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	lowest = level;
}

int log_level_read(struct str word, enum log_level *level)
{
	if (str_eq_nocase(word, STR("warning")))
		word = STR("warn");
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (str_eq_nocase(word, str_of(levels[i].word))) {
			*level = (enum log_level)i;
			return 0;
		}
	return -1;
}

static void put(struct log_line *l, const char *bytes, size_t len)
{
	size_t room = LOG_LINE_MAX - 1 - l->len; /* one for the line feed */

	if (len > room)
		len = room;
	memcpy(l->text + l->len, bytes, len);
	l->len += (unsigned)len;
}

static void put_text(struct log_line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* The journal brings its own time and takes the priority from <N>. */
static void put_start(struct log_line *l)
{
	char text[40];
	struct timespec now;
	struct tm utc;
	size_t len;

	if (getenv("JOURNAL_STREAM")) {
		(void)snprintf(text, sizeof(text), "<%d>", levels[l->level].priority);
		put_text(l, text);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(text + len, sizeof(text) - len, ".%03dZ ",
		       (int)(now.tv_nsec / 1000000));
	put_text(l, text);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
	l->level = level;
	l->len = 0;
	l->is_wanted = level <= lowest;
	if (!l->is_wanted)
		return;
	put_start(l);
	put_text(l, "event=");
	put_text(l, event);
	put_text(l, " level=");
	put_text(l, levels[level].word);
}

/* Bytes that may stand outside quotes; all else could be taken for another key or line.
 */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

static bool is_plain_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_plain((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0;
}

static void put_quoted(struct log_line *l, struct str s)
{
	put(l, "\"", 1);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char escape[8];

		if (c == '"' || c == '\\')
			(void)snprintf(escape, sizeof(escape), "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			(void)snprintf(escape, sizeof(escape), "\\x%02x", c);
		else
			(void)snprintf(escape, sizeof(escape), "%c", c);
		put_text(l, escape);
	}
	put(l, "\"", 1);
}

void log_str(struct log_line *l, const char *key, struct str value)
{
	if (!l->is_wanted)
		return;
	if (value.len > VALUE_MAX)
		value.len = VALUE_MAX;
	put(l, " ", 1);
	put_text(l, key);
	put(l, "=", 1);
	if (is_plain_text(value))
		put(l, value.ptr, value.len);
	else
		put_quoted(l, value);
}

void log_text(struct log_line *l, const char *key, const char *value)
{
	log_str(l, key, str_of(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	log_text(l, key, text);
}

void log_end(struct log_line *l)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (!l->is_wanted)
		return;
	l->text[l->len++] = '\n';
	/* A full pipe would block; a line is not worth that. */
	if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT))
		while (write(STDERR_FILENO, l->text, l->len) < 0 && errno == EINTR)
			;
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
	struct log_line l;
	char text[VALUE_MAX];
	va_list args;

	log_begin(&l, level, event);
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_text(&l, "msg", text);
	log_end(&l);
}

void die(const char *format, ...)
{
	va_list args;

	(void)fputs("nim: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}
