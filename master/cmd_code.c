/* SPDX-License-Identifier: MIT */
/*
 * nim code: Claude Code with the proxy, in one command.  Everything it sets lives in the
 * child's environment and ends with it.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
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
	int child_fd;  /* readable: a child has ended */
	sigset_t mask; /* as we were started with */
};

/* Variables that would send Claude Code elsewhere, or that are nobody's business but
 * ours. */
static const char *const removed[] = {
	"ANTHROPIC_API_KEY", "ANTHROPIC_UNIX_SOCKET", "CLAUDE_CODE_OAUTH_TOKEN",
	"NVIDIA_API_KEY",    "PROXY_API_KEY",
};
/* The switches to other clouds all begin so. */
static const char clouds[] = "CLAUDE_CODE_USE_";

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

/* Removing one moves the others, so the search begins anew. */
static void remove_clouds(void)
{
	for (char **at = environ; *at;) {
		char name[64];
		size_t len = strcspn(*at, "=");

		if (strncmp(*at, clouds, sizeof(clouds) - 1) != 0 ||
		    len >= sizeof(name)) {
			at++;
			continue;
		}
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, *at);
		(void)unsetenv(name); /* fails for a bad name only */
		at = environ;
	}
}

/* Loopback goes through no proxy; what the user has excluded stays so. */
static void exclude_loopback(struct code *code, const char *name)
{
	const char *others = getenv(name);

	set(name, pool_strf(&code->conf.pool, "127.0.0.1,localhost,::1%s%s",
			    others && *others ? "," : "", others ? others : "")
			  .ptr);
}

static void set_environment(struct code *code)
{
	const struct conf *c = &code->conf;

	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++)
		(void)unsetenv(removed[i]); /* fails for a bad name only */
	remove_clouds();
	set("ANTHROPIC_BASE_URL", code->proxy.url);
	set("ANTHROPIC_AUTH_TOKEN", c->proxy_api_key.len ? c->proxy_api_key.ptr : "nim");
	/* Else a title request with each turn, of 40 requests a minute. */
	set("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
	exclude_loopback(code, "NO_PROXY");
	exclude_loopback(code, "no_proxy");
	set_model(code);
}

static bool is_installed(const char *program)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		char file[1024];
		size_t len = strcspn(path, ":");

		(void)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static int check_claude(void)
{
	if (is_installed("claude"))
		return 0;
	(void)fputs("nim: claude is not installed, or not on your PATH. Install it with\n"
		    "    npm install -g @anthropic-ai/claude-code\n",
		    stderr);
	return -1;
}

/*
 * From here on signals are read from a descriptor; those that the terminal sends to the
 * whole group are for Claude Code, which decides what they mean.
 */
static int catch_signals(struct code *code)
{
	struct sigaction ignore;
	sigset_t set;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGINT, &ignore, NULL); /* these fail for a bad number only */
	(void)sigaction(SIGQUIT, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &code->mask);
	code->child_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	code->proxy.stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (code->child_fd >= 0 && code->proxy.stop_fd >= 0)
		return 0;
	(void)fprintf(stderr, "nim: cannot watch signals: %s\n", strerror(errno));
	return -1;
}

/* In a child: signals as they were. */
static void release_signals(const struct code *code)
{
	struct sigaction as_before;

	memset(&as_before, 0, sizeof(as_before));
	as_before.sa_handler = SIG_DFL;
	(void)sigaction(SIGINT, &as_before, NULL);
	(void)sigaction(SIGQUIT, &as_before, NULL);
	(void)sigprocmask(SIG_SETMASK, &code->mask, NULL);
}

static void become_claude(struct code *code)
{
	code->arguments[0] = (char *)(uintptr_t) "claude";
	release_signals(code);
	set_environment(code);
	(void)execvp("claude", code->arguments);
	(void)fprintf(stderr, "nim: cannot start claude: %s\n", strerror(errno));
	_exit(127);
}

/* The number of a signal that has come in, or 0. */
static int take_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)
		       ? (int)info.ssi_signo
		       : 0;
}

static int wait_for(const struct code *code, pid_t claude)
{
	struct pollfd fds[2] = { { .fd = code->child_fd, .events = POLLIN },
				 { .fd = code->proxy.stop_fd, .events = POLLIN } };
	int status, number;

	while (waitpid(claude, &status, WNOHANG) != claude) {
		(void)poll(fds, 2, -1); /* a signal, or nothing: then we look again */
		(void)take_signal(code->child_fd);
		number = take_signal(code->proxy.stop_fd);
		if (number)
			(void)kill(claude, number); /* not yet reaped: it exists */
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct code *code)
{
	pid_t claude;

	(void)fflush(NULL);
	claude = fork();
	if (claude == 0)
		become_claude(code);
	if (claude < 0) {
		(void)fprintf(stderr, "nim: cannot start a process: %s\n",
			      strerror(errno));
		return 1;
	}
	return wait_for(code, claude);
}

static int read_options(struct code *code, int argc, char **argv)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+m:c:h", options, NULL)) != -1) {
		if (option == 'm')
			code->model = optarg;
		else if (option == 'c')
			code->config = optarg;
		else
			return cmd_usage(argv[0], option == 'h');
	}
	code->arguments =
		argv + optind - 1; /* its first place is for the program's name */
	return CMD_GO_ON;
}

/*
 * Without a key only a server of one's own answers; better said here than in the first
 * answer. It is no fault when a URL was given: a NIM of one's own may want none.
 */
static int check_key(const struct conf *c)
{
	if (c->api_key.len || c->has_base_url)
		return 0;
	(void)fputs("nim: NVIDIA_API_KEY is not set. Get a key at "
		    "https://build.nvidia.com and run\n"
		    "    export NVIDIA_API_KEY=nvapi-...\n"
		    "or set NVIDIA_BASE_URL to a NIM of your own.\n",
		    stderr);
	return -1;
}

/* Uses the proxy that is there, or starts one. */
static int get_proxy(struct code *code)
{
	switch (background_find(&code->proxy, &code->conf)) {
	case PROBE_OURS:
		return 0;
	case PROBE_NOBODY:
		return check_key(&code->conf) < 0
			       ? -1
			       : background_start(&code->proxy, &code->conf,
						  code->config);
	case PROBE_STRANGER:
		break;
	}
	return -1;
}

int cmd_code(int argc, char **argv)
{
	static struct code code = { .proxy = { .lock_fd = -1, .stop_fd = -1 } };
	int result = read_options(&code, argc, argv);

	if (result != CMD_GO_ON)
		return result;
	result = 1;
	if (conf_read(&code.conf, code.config) < 0)
		cmd_print_lines(&code.conf.errors, "");
	else if (check_claude() == 0 && catch_signals(&code) == 0 &&
		 get_proxy(&code) == 0)
		result = run(&code);
	background_stop(&code.proxy, code.conf.drain_timeout_ms);
	conf_release(&code.conf);
	return result;
}
