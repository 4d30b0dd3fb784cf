/* SPDX-License-Identifier: MIT */
/*
 * The log: one logfmt line to stderr with one write(2), event first, then key=value.
 * Never a body, a prompt or a key.  The time (UTC, ISO 8601) stands in front; where
 * stderr is systemd's journal the <N> priority does (sd-daemon(3)).  Writing never waits:
 * a line for which there is no room is dropped, and the next one says lost=how many.
 * error = someone must act; warn = we coped; info = once a request or life event; debug =
 * the rest.
 */
#ifndef NIM_WORKER_LOG_H
#define NIM_WORKER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "translate/str.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_LINE_MAX = 2048 };

struct log_line {
	bool is_wanted;
	enum log_level level;
	unsigned len;
	char text[LOG_LINE_MAX];
};

void log_set_level(enum log_level level);
/* "error", "warn" (or "warning"), "info", "debug"; -1 for another word. */
int log_level_read(struct str word, enum log_level *level);

void log_begin(struct log_line *l, enum log_level level, const char *event);
/*
 * A value with anything but plain ASCII is quoted; a quote or backslash gets a backslash,
 * control characters and what is not UTF-8 become \xNN. Values are cut at 512 bytes,
 * lines at LOG_LINE_MAX.
 */
void log_str(struct log_line *l, const char *key, struct str value);
void log_text(struct log_line *l, const char *key, const char *value);
void log_int(struct log_line *l, const char *key, int64_t value);
void log_end(struct log_line *l);

/* One line with a message: log_say(LOG_LEVEL_WARN, "throttled", "5 early deaths, waiting
 * %d s", 4); */
void log_say(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Cannot go on, before serving: "nim: cannot …: reason" to stderr and exit(1). */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
