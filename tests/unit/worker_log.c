/* SPDX-License-Identifier: MIT */
/* What a line looks like whatever stands in its values, and that the log never holds or
 * kills who writes it. */
#include "config.h"

#include "worker/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* " event=e level=info" stands between time and value. */
static const struct value_case {
	const char *name;
	struct str in;
	const char *out;
} value_cases[] = {
	{ "a word", { "abc", 3 }, "abc" },
	{ "an address", { "[::1]:8082", 10 }, "[::1]:8082" },
	{ "nothing", { NULL, 0 }, "\"\"" },
	{ "a blank", { "a b", 3 }, "\"a b\"" },
	{ "an equals sign", { "a=b", 3 }, "\"a=b\"" },
	{ "a quote", { "a\"b", 3 }, "\"a\\\"b\"" },
	{ "a backslash", { "a\\b", 3 }, "\"a\\\\b\"" },
	{ "a forged line", { "a\nevent=b", 9 }, "\"a\\x0aevent=b\"" },
	{ "CR", { "a\rb", 3 }, "\"a\\x0db\"" },
	{ "ESC", { "\033[31m", 5 }, "\"\\x1b[31m\"" },
	{ "NUL", { "a\0b", 3 }, "\"a\\x00b\"" },
	{ "DEL", { "\177", 1 }, "\"\\x7f\"" },
	{ "UTF-8", { "Grüße", 7 }, "\"Grüße\"" },
	{ "four bytes", { "\xf0\x9f\x98\x80", 4 }, "\"\xf0\x9f\x98\x80\"" },
	{ "CSI in UTF-8", { "\xc2\x9b", 2 }, "\"\\xc2\\x9b\"" },
	{ "not UTF-8", { "\xff", 1 }, "\"\\xff\"" },
	{ "half a character", { "\xc3", 1 }, "\"\\xc3\"" },
	{ "a surrogate", { "\xed\xa0\x80", 3 }, "\"\\xed\\xa0\\x80\"" },
};

static int reading; /* what is written to stderr */

static void catch_stderr(int reader, int writer)
{
	reading = reader;
	ck_assert_int_eq(dup2(writer, STDERR_FILENO), STDERR_FILENO);
	(void)close(writer);
}

static void catch_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0); /* as a shell leaves it */
	catch_stderr(ends[0], ends[1]);
}

/* What is there now, NUL-terminated; empty when nothing is. */
static const char *read_log(void)
{
	static char text[4 * LOG_LINE_MAX];
	ssize_t n = read(reading, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Behind the time stamp, whose form is checked. */
static const char *without_time(const char *line)
{
	const char *form = "dddd-dd-ddTdd:dd:dd.dddZ ";

	for (; *form; form++, line++)
		ck_assert_msg(*form == 'd' ? *line >= '0' && *line <= '9'
					   : *line == *form,
			      "no time at '%s'", line);
	return line;
}

START_TEST(values_cannot_be_taken_for_anything_else)
{
	catch_pipe();
	for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
		const struct value_case *c = &value_cases[i];
		char want[256];
		struct log_line l;

		(void)snprintf(want, sizeof(want), "event=e level=info key=%s\n", c->out);
		log_begin(&l, LOG_LEVEL_INFO, "e");
		log_str(&l, "key", c->in);
		log_end(&l);
		ck_assert_msg(strcmp(without_time(read_log()), want) == 0, "%s", c->name);
	}
}
END_TEST

START_TEST(a_line_has_event_level_and_keys_in_order)
{
	struct log_line l;

	catch_pipe();
	log_begin(&l, LOG_LEVEL_WARN, "died");
	log_text(&l, "what", "worker");
	log_int(&l, "pid", -12);
	log_end(&l);
	ck_assert_str_eq(without_time(read_log()),
			 "event=died level=warn what=worker pid=-12\n");
	log_say(LOG_LEVEL_ERROR, "gate", "%d of %s", 3, "them");
	ck_assert_str_eq(without_time(read_log()),
			 "event=gate level=error msg=\"3 of them\"\n");
}
END_TEST

START_TEST(only_wanted_levels_are_written)
{
	catch_pipe();
	log_set_level(LOG_LEVEL_WARN);
	log_say(LOG_LEVEL_INFO, "e", "no");
	ck_assert_str_eq(read_log(), "");
	log_say(LOG_LEVEL_WARN, "e", "yes");
	ck_assert_str_eq(without_time(read_log()), "event=e level=warn msg=yes\n");
}
END_TEST

START_TEST(long_values_and_lines_are_cut_and_still_end_well)
{
	char full[LOG_LINE_MAX];
	struct log_line l;
	const char *line;

	memset(full, 0x01, sizeof(full));
	catch_pipe();
	log_begin(&l, LOG_LEVEL_INFO, "e");
	for (int i = 0; i < 8; i++)
		log_str(&l, "k", (struct str){ full, sizeof(full) });
	log_end(&l);
	line = read_log();
	ck_assert_uint_le(strlen(line), LOG_LINE_MAX);
	ck_assert_uint_gt(strlen(line), LOG_LINE_MAX - 16);
	ck_assert_str_eq(line + strlen(line) - 6, "\\x01\"\n");
}
END_TEST

START_TEST(the_journal_gets_a_priority_and_no_time)
{
	struct stat err;
	char stream[64];
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	catch_stderr(ends[0], ends[1]);
	ck_assert_int_eq(fstat(STDERR_FILENO, &err), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)err.st_dev,
		       (uintmax_t)err.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_say(LOG_LEVEL_WARN, "e", "m");
	ck_assert_str_eq(read_log(), "<4>event=e level=warn msg=m\n");
	log_say(LOG_LEVEL_ERROR, "e", "m");
	ck_assert_str_eq(read_log(), "<3>event=e level=error msg=m\n");
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:1", 1), 0); /* another's */
	log_say(LOG_LEVEL_WARN, "e", "m");
	ck_assert_str_eq(without_time(read_log()), "event=e level=warn msg=m\n");
}
END_TEST

static void fill_stderr(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	static const char piece[4096];

	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(STDERR_FILENO, piece, sizeof(piece)) > 0)
		;
	while (write(STDERR_FILENO, piece, 1) > 0)
		;
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

static void check_full(void)
{
	fill_stderr();
	log_say(LOG_LEVEL_INFO, "e", "lost"); /* a write that waits would never return */
	log_say(LOG_LEVEL_INFO, "e", "lost");
	while (*read_log() || read(reading, &(char){ 0 }, 1) > 0)
		;
	log_say(LOG_LEVEL_INFO, "e", "seen");
	ck_assert_str_eq(without_time(read_log()),
			 "event=e level=info msg=seen lost=2\n");
	log_say(LOG_LEVEL_INFO, "e", "seen");
	ck_assert_str_eq(without_time(read_log()), "event=e level=info msg=seen\n");
}

START_TEST(a_full_pipe_loses_lines_and_says_so)
{
	catch_pipe();
	check_full();
}
END_TEST

START_TEST(a_full_socket_loses_lines_and_says_so)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	catch_stderr(ends[0], ends[1]);
	check_full();
}
END_TEST

START_TEST(a_log_that_nobody_reads_kills_nobody)
{
	catch_pipe();
	(void)close(reading);
	log_say(LOG_LEVEL_INFO, "e", "m");
	(void)close(STDERR_FILENO);
	log_say(LOG_LEVEL_INFO, "e", "m");
}
END_TEST

static const struct level_case {
	struct str word;
	int result;
	enum log_level level;
} level_cases[] = {
	{ { "error", 5 }, 0, LOG_LEVEL_ERROR },	    { { "warn", 4 }, 0, LOG_LEVEL_WARN },
	{ { "Warning", 7 }, 0, LOG_LEVEL_WARN },    { { "INFO", 4 }, 0, LOG_LEVEL_INFO },
	{ { "debug", 5 }, 0, LOG_LEVEL_DEBUG },	    { { "", 0 }, -1, LOG_LEVEL_ERROR },
	{ { "warnings", 8 }, -1, LOG_LEVEL_ERROR },
};

START_TEST(levels_are_words)
{
	for (size_t i = 0; i < sizeof(level_cases) / sizeof(level_cases[0]); i++) {
		const struct level_case *c = &level_cases[i];
		enum log_level level = LOG_LEVEL_ERROR;

		ck_assert_int_eq(log_level_read(c->word, &level), c->result);
		ck_assert_int_eq(level, c->level);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/log");
	TCase *c = tcase_create("lines");

	tcase_add_test(c, values_cannot_be_taken_for_anything_else);
	tcase_add_test(c, a_line_has_event_level_and_keys_in_order);
	tcase_add_test(c, only_wanted_levels_are_written);
	tcase_add_test(c, long_values_and_lines_are_cut_and_still_end_well);
	tcase_add_test(c, the_journal_gets_a_priority_and_no_time);
	tcase_add_test(c, a_full_pipe_loses_lines_and_says_so);
	tcase_add_test(c, a_full_socket_loses_lines_and_says_so);
	tcase_add_test(c, a_log_that_nobody_reads_kills_nobody);
	tcase_add_test(c, levels_are_words);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
