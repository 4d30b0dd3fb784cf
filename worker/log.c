/* SPDX-License-Identifier: MIT */
/* One line, one write. A log that cannot be written must not stop the service: the line
 * is dropped, and the next one that can be written says how many were. */
#include "config.h"

#include "worker/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "translate/utf8.h"

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

/*
 * True when stderr is the journal. Its variable names device and inode of the stream, to
 * be compared, because programs started beside it inherit it too (systemd.exec(5)).
 */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[48];
	struct stat err;

	if (!stream || fstat(STDERR_FILENO, &err) < 0)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)err.st_dev,
		       (uintmax_t)err.st_ino);
	return strcmp(own, stream) == 0;
}

/* The journal brings its own time and takes the priority from <N> (sd-daemon(3)). */
static void put_start(struct log_line *l)
{
	char text[40];
	struct timespec now;
	struct tm utc;
	size_t len;

	if (is_journal()) {
		(void)snprintf(text, sizeof(text), "<%d>", levels[l->level].priority);
		put_text(l, text);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now); /* fails for a bad clock only */
	(void)gmtime_r(&now.tv_sec, &utc);
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

/*
 * What may stand in quotes as it is: a whole character that is neither a quote nor a
 * control. Those of U+0080 to U+009F move the cursor of a terminal as ESC does.
 */
static size_t plain_step(const char *text, size_t left)
{
	size_t wrong, step = utf8_step(text, left, &wrong);
	uint32_t point = step > 0 ? utf8_point(text, step) : 0;

	if (point < ' ' || (point >= 0x7f && point < 0xa0) || point == '"' ||
	    point == '\\')
		return 0;
	return step;
}

/* Nothing is cut in its middle, and the closing quote has its place. */
static void put_quoted(struct log_line *l, struct str s)
{
	put(l, "\"", 1);
	for (size_t at = 0; at < s.len;) {
		const char *text = s.ptr + at;
		size_t step = plain_step(text, s.len - at);
		char escape[8];
		int len = 0;

		if (step == 0 && (*text == '"' || *text == '\\'))
			len = snprintf(escape, sizeof(escape), "\\%c", *text);
		else if (step == 0)
			len = snprintf(escape, sizeof(escape), "\\x%02x",
				       (unsigned char)*text);
		if (l->len + step + (size_t)len > LOG_LINE_MAX - 2)
			break;
		put(l, step > 0 ? text : escape, step > 0 ? step : (size_t)len);
		at += step > 0 ? step : 1;
	}
	put(l, "\"", 1);
}

void log_str(struct log_line *l, const char *key, struct str value)
{
	if (!l->is_wanted || l->len + strlen(key) + 5 > LOG_LINE_MAX)
		return; /* no room for key and quotes */
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

/*
 * One write that neither waits nor kills: stderr is a pipe, a socket of the journal, a
 * terminal or a file, and shared, so that O_NONBLOCK is not ours to set.
 */
static ssize_t write_now(const char *text, size_t len)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct iovec piece = { (void *)(uintptr_t)text, len };
	struct stat err;
	ssize_t n = send(STDERR_FILENO, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ENOTSOCK)
		return n;
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT) ||
	    (room.revents & POLLERR)) /* a pipe without a reader: SIGPIPE */
		return -1;
	/* Another process may have filled the pipe since: from Linux 6.4 on that is seen.
	 */
	if (fstat(STDERR_FILENO, &err) == 0 && S_ISFIFO(err.st_mode)) {
		n = pwritev2(STDERR_FILENO, &piece, 1, -1, RWF_NOWAIT);
		if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
			return n;
	}
	return write(STDERR_FILENO, text, len);
}

void log_end(struct log_line *l)
{
	static uint64_t lost; /* lines that could not be written */

	if (!l->is_wanted)
		return;
	if (lost > 0)
		log_int(l, "lost", (int64_t)lost);
	l->text[l->len++] = '\n';
	if (write_now(l->text, l->len) < 0)
		lost++;
	else
		lost = 0;
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
	struct log_line l;
	char text[VALUE_MAX];
	va_list args;

	log_begin(&l, level, event);
	if (!l.is_wanted)
		return;
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
