/* SPDX-License-Identifier: MIT */
/* The command line: finds the command in a table and runs it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "master/cmd.h"
#include "master/conf_opts.h"

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static void print_settings(void)
{
	(void)puts("\nThe settings of nim.conf (listen and upstreams aside), with their "
		   "defaults:");
	conf_opts_print_help(stdout);
}

static const struct cmd commands[] = {
	{ "proxy", "[--config FILE] [--while-locked FILE]",
	  "run the proxy in the foreground",
	  "Reads FILE (else $PROXY_CONFIG, ./nim.conf, " SYSCONFDIR
	  "/nim/nim.conf) and the models.conf\n"
	  "beside it. The environment overrides: NVIDIA_API_KEY, NVIDIA_BASE_URL,\n"
	  "DEFAULT_NVIDIA_MODEL, PROXY_HOST, PROXY_PORT, PROXY_API_KEY, LOG_LEVEL.\n"
	  "SIGTERM or Ctrl-C stops it: running answers may end first, a second one ends "
	  "all at once.\n"
	  "--while-locked FILE: it also stops when nobody holds a lock on FILE any more\n"
	  "(flock(2)); nim code starts it so.\n",
	  cmd_proxy, print_settings },
	{ "check", "[--config FILE]",
	  "read the configuration and say what is wrong with it",
	  "Exit code 0 when the proxy would start with it, 1 otherwise. Starts "
	  "nothing.\n",
	  cmd_check, NULL },
	{ "code", "[--model M] [--config FILE] [-- ARGUMENTS]",
	  "run Claude Code through the proxy",
	  "Uses the proxy that answers at the configured address, or starts one in the "
	  "background and\n"
	  "stops it when Claude Code ends. Claude Code gets the variables it needs for "
	  "this run only; no\n"
	  "file of yours is changed. ARGUMENTS go to claude.\n"
	  "--model M: the model for everything (an id such as vendor/model, or a name "
	  "from models.conf)\n",
	  cmd_code, NULL },
	{ "user",
	  "add NAME [--lane L] [--weight N] | list | disable NAME | enable NAME | rotate "
	  "NAME |\n         remove NAME  [--config FILE]",
	  "make, change and list the people of people.conf",
	  "people.conf lies beside nim.conf; comments in it stay. add and rotate print "
	  "the "
	  "person's token,\n"
	  "once: the file holds its SHA-256 only. A change that would make the "
	  "configuration wrong is\n"
	  "refused and changes nothing. The proxy reads the file anew on SIGHUP "
	  "(systemctl reload).\n"
	  "--lane L: the lane or pool that the person uses. --weight N: a share N times "
	  "as large.\n",
	  cmd_user, NULL },
	{ "help", "[COMMAND]", "say more about a command", "", cmd_help, NULL },
	{ "version", "", "say the version", "", cmd_version, NULL },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct cmd *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int usage(FILE *to)
{
	(void)fputs("nim - Claude Code and every Anthropic client, with the models of "
		    "NVIDIA NIM\n\n",
		    to);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(to, "  nim %-8s %s\n", commands[i].name,
			      commands[i].summary);
	(void)fputs("\nnim help COMMAND says more.\n", to);
	return to == stdout ? 0 : 2;
}

int cmd_usage(const char *name, bool is_asked)
{
	const struct cmd *c = find(name);
	FILE *to = is_asked ? stdout : stderr;

	(void)fprintf(to, "nim %s %s\n", c->name, c->arguments);
	if (!is_asked)
		return 2;
	(void)printf("    %s\n\n%s", c->summary, c->help);
	if (c->more)
		c->more();
	return 0;
}

int cmd_unexpected(const char *name, const char *word)
{
	(void)fprintf(stderr, "nim %s: \"%s\" is not understood; nim help %s\n", name,
		      word, name);
	return 2;
}

static int cmd_help(int argc, char **argv)
{
	if (argc < 2)
		return usage(stdout);
	if (find(argv[1]))
		return cmd_usage(argv[1], true);
	(void)fprintf(stderr, "nim: there is no command \"%s\"; nim help lists all\n",
		      argv[1]);
	return 2;
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("nim %s (%s)\n", PACKAGE_VERSION, PACKAGE_NAME);
	return 0;
}

void cmd_print_lines(const struct buf *lines, const char *prefix)
{
	const char *at = lines->data;
	size_t left = lines->len;

	while (left > 0) {
		const char *end = memchr(at, '\n', left);
		size_t len = end ? (size_t)(end - at) : left;

		(void)fprintf(stderr, "nim: %s%.*s\n", prefix, (int)len, at);
		at += len + (end != NULL);
		left -= len + (end != NULL);
	}
}

int main(int argc, char **argv)
{
	const struct cmd *c;

	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return cmd_version(0, NULL);
	c = find(argv[1]);
	if (c)
		return c->run(argc - 1, argv + 1);
	(void)fprintf(stderr, "nim: there is no command \"%s\"\n\n", argv[1]);
	return usage(stderr);
}
