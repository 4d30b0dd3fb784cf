/* SPDX-License-Identifier: MIT */
/*
 * nim code: Claude Code with the proxy, in one command.  Everything it sets lives in the
 * child's environment and ends with it.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/background.h"
#include "master/cmd.h"
#include "master/conf.h"

struct code {
	const char *model;  /* --model */
	const char *config; /* --config */
	char **arguments;   /* for claude; the place in front of them is free */
	struct conf conf;
	struct background proxy;
};

/* Variables that would send Claude Code elsewhere, or that are nobody's business but
 * ours. */
static const char *const removed[] = {
	"ANTHROPIC_API_KEY",	   "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
	"CLAUDE_CODE_USE_FOUNDRY", "ANTHROPIC_UNIX_SOCKET",   "NVIDIA_API_KEY",
	"PROXY_API_KEY",	   "CLAUDE_CODE_OAUTH_TOKEN",
};

/* Each asks for the same model: background work must not end in a 404. */
static const char *const model_names[] = {
	"ANTHROPIC_MODEL",
	"ANTHROPIC_DEFAULT_OPUS_MODEL",
	"ANTHROPIC_DEFAULT_SONNET_MODEL",
	"ANTHROPIC_DEFAULT_HAIKU_MODEL",
	"ANTHROPIC_DEFAULT_FABLE_MODEL",
	"CLAUDE_CODE_SUBAGENT_MODEL",
};

static void set(const char *name, const char *value)
{
	(void)setenv(
		name, value,
		1); /* fails for a bad name, or without memory: exec fails then too */
}

static void set_number(const char *name, int64_t value)
{
	char text[24];

	if (value <= 0)
		return;
	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	set(name, text);
}

static void set_model(struct code *code)
{
	struct conf *c = &code->conf;
	struct str name = code->model ? str_of(code->model) : c->models.default_model;
	const struct model *model = models_find(&c->models, &c->pool, name);

	if (name.len == 0)
		return; /* Claude Code asks by its own names, and the aliases decide */
	for (size_t i = 0; i < sizeof(model_names) / sizeof(model_names[0]); i++)
		set(model_names[i], name.ptr);
	if (!model)
		return;
	set_number("CLAUDE_CODE_MAX_CONTEXT_TOKENS", model->context);
	set_number("CLAUDE_CODE_MAX_OUTPUT_TOKENS", model->max_output);
}

static void set_environment(struct code *code)
{
	const struct conf *c = &code->conf;

	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++)
		(void)unsetenv(removed[i]); /* fails for a bad name only */
	set("ANTHROPIC_BASE_URL", code->proxy.url);
	set("ANTHROPIC_AUTH_TOKEN", c->proxy_api_key.len ? c->proxy_api_key.ptr : "nim");
	set("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
	    "1"); /* a title request a turn of 40 a minute */
	set("NO_PROXY", "127.0.0.1,localhost,::1");
	set("no_proxy", "127.0.0.1,localhost,::1");
	set_model(code);
}

static void run_claude(struct code *code)
{
	code->arguments[0] = (char *)(uintptr_t) "claude";
	set_environment(code);
	(void)execvp("claude", code->arguments);
	if (errno == ENOENT)
		(void)fputs("nim: claude is not installed, or not on your PATH. Install "
			    "it with\n"
			    "    npm install -g @anthropic-ai/claude-code\n",
			    stderr);
	else
		(void)fprintf(stderr, "nim: cannot start claude: %s\n", strerror(errno));
	_exit(127);
}

static volatile sig_atomic_t stop_signal;

static void on_stop(int number)
{
	stop_signal = number;
}

static void catch_signals(void)
{
	struct sigaction ignore, stop;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler =
		SIG_IGN; /* the terminal sends these to claude as well; it decides */
	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGQUIT, &ignore, NULL);
	memset(&stop, 0, sizeof(stop));
	stop.sa_handler = on_stop; /* no SA_RESTART: waitpid() must return */
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
}

static int wait_for(pid_t claude)
{
	int status = 0;

	while (waitpid(claude, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
		if (stop_signal)
			(void)kill(claude, stop_signal);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct code *code)
{
	pid_t claude;

	(void)fflush(NULL);
	claude = fork();
	if (claude == 0)
		run_claude(code);
	if (claude < 0) {
		(void)fprintf(stderr, "nim: cannot start a process: %s\n",
			      strerror(errno));
		return 1;
	}
	catch_signals();
	return wait_for(claude);
}

static int read_options(struct code *code, int argc, char **argv)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "config", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+m:c:", options, NULL)) != -1) {
		if (option == 'm')
			code->model = optarg;
		else if (option == 'c')
			code->config = optarg;
		else
			return -1;
	}
	code->arguments =
		argv + optind - 1; /* its first place is for the program's name */
	return 0;
}

/* Without a key only a server of one's own answers; say it here, not in the first answer.
 */
static int check_key(const struct conf *c)
{
	if (c->api_key.len || !str_has_prefix(c->base_url, STR("https://")))
		return 0;
	(void)fputs(
		"nim: NVIDIA_API_KEY is not set. Get a key at build.nvidia.com and run\n"
		"    export NVIDIA_API_KEY=nvapi-…\n"
		"or set NVIDIA_BASE_URL to a NIM of your own.\n",
		stderr);
	return -1;
}

int cmd_code(int argc, char **argv)
{
	static struct code code;
	int result = 1;

	if (read_options(&code, argc, argv) < 0)
		return 2;
	if (conf_read(&code.conf, code.config) < 0) {
		(void)fwrite(code.conf.errors.data, 1, code.conf.errors.len, stderr);
	} else if (background_find(&code.proxy, &code.conf) == BACKGROUND_OURS) {
		result = run(&code);
	} else if (code.proxy.state == BACKGROUND_NOBODY && check_key(&code.conf) == 0 &&
		   background_start(&code.proxy, &code.conf, code.config) == 0) {
		result = run(&code);
	}
	background_stop(&code.proxy, code.conf.drain_timeout_ms);
	conf_release(&code.conf);
	return result;
}
