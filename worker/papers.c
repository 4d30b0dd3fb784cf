/* SPDX-License-Identifier: MIT */
/*
 * The file goes to the program and its text comes back through two files in memory, so
 * that there is nothing to feed and nothing to block on but the program's end.
 */
#include "config.h"

#include "worker/papers.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "translate/jget.h"
#include "worker/clock.h"

enum { CPU_S = 10, FILES_MAX = 32 };
static const rlim_t memory_max = 512 << 20;

/* The state of one request's papers. */
struct papers {
	struct req *r;
	const char *program;
	int64_t until_ms;
	int left; /* so many may still be read */
};

static void limit(int resource, rlim_t most)
{
	struct rlimit both = { most, most };

	(void)setrlimit(resource, &both); /* a limit that is lower already stays */
}

/* In the child: only calls that are safe behind fork(2). */
static void become(const char *program, int in, int out)
{
	char locale[] = "LC_ALL=C.UTF-8", name[] = "pdftotext", quiet[] = "-q";
	char enc[] = "-enc", utf8[] = "UTF-8", no_breaks[] = "-nopgbrk", dash[] = "-";
	char *const environment[] = { locale, NULL };
	char *const argv[] = { name, quiet, enc, utf8, no_breaks, dash, dash, NULL };
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CPU, CPU_S);
	limit(RLIMIT_AS, memory_max);
	limit(RLIMIT_FSIZE, PAPERS_TEXT_MAX);
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_CORE, 0);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(127);
	(void)close(STDERR_FILENO); /* all others are close-on-exec */
	(void)execve(program, argv, environment);
	_exit(127);
}

/* Whether the program ended well before until_ms; it is gone in any case. */
static bool wait_for(struct papers *p, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	bool has_ended = false;

	if (fd >= 0) {
		has_ended = wait_fd(p->r->conn->waiter, fd, POLLIN, p->until_ms, false) ==
			    WAIT_READY;
		(void)close(fd);
	}
	if (!has_ended)
		(void)kill(pid, SIGKILL); /* ours until it is waited for */
	return waitpid(pid, &status, 0) == pid && has_ended && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static bool run(struct papers *p, int in, int out)
{
	pid_t pid = fork();

	if (pid == 0)
		become(p->program, in, out);
	return pid > 0 && wait_for(p, pid);
}

/* What the program wrote, as a JSON string; NULL when it is nothing but blanks. */
static struct json_object *read_text(int out)
{
	struct json_object *text = NULL;
	struct stat st;
	char *at;

	if (fstat(out, &st) < 0 || st.st_size <= 0 || st.st_size > PAPERS_TEXT_MAX)
		return NULL;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0);
	if (at == MAP_FAILED)
		return NULL;
	if (str_trim((struct str){ at, (size_t)st.st_size }).len > 0)
		text = json_object_new_string_len(at, (int)st.st_size);
	(void)munmap(at, (size_t)st.st_size); /* an own mapping: it can't fail */
	return text;
}

/* Base64 into a file in memory; -1 when it is none. */
static int make_file(struct str base64)
{
	int fd = memfd_create("pdf", MFD_CLOEXEC);
	size_t size = base64.len / 4 * 3;
	uint8_t *bytes;
	int len = -1;

	if (fd < 0 || size == 0 || base64.len > INT32_MAX ||
	    ftruncate(fd, (off_t)size) < 0)
		goto fail;
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		goto fail;
	len = EVP_DecodeBlock(bytes, (const uint8_t *)base64.ptr, (int)base64.len);
	(void)munmap(bytes, size); /* an own mapping: it can't fail */
	if (len > 0)
		return fd;
fail:
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static struct json_object *read_paper(struct papers *p, struct str base64)
{
	struct json_object *text = NULL;
	int in = make_file(base64), out = -1;

	if (in >= 0)
		out = memfd_create("text", MFD_CLOEXEC);
	if (out >= 0 && run(p, in, out))
		text = read_text(out);
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	return text;
}

static void replace(struct json_object *block, struct json_object *text)
{
	struct json_object *source = json_object_new_object();

	json_object_object_add(source, "type", json_object_new_string("text"));
	json_object_object_add(source, "data", text);
	json_object_object_add(block, "source", source);
}

static void take_document(struct papers *p, struct json_object *block)
{
	struct json_object *source = jget_member(block, "source"), *text;
	struct str data = { NULL, 0 };

	if (p->left == 0 || clock_left(p->until_ms, 1) == 0 ||
	    !json_object_is_type(source, json_type_object) ||
	    !jget_is(source, "media_type", STR("application/pdf")) ||
	    jget_str(source, "data", NULL, &data, NULL) <= 0)
		return;
	p->left--;
	text = read_paper(p, data);
	if (text)
		replace(block, text);
}

/* Documents of a message, and those in its results: deeper ones there are none. */
static void take_blocks(struct papers *p, struct json_object *content, bool is_result)
{
	size_t count = json_object_is_type(content, json_type_array)
			       ? json_object_array_length(content)
			       : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *block = json_object_array_get_idx(content, i);

		if (!json_object_is_type(block, json_type_object))
			continue;
		if (jget_is(block, "type", STR("document")))
			take_document(p, block);
		else if (!is_result && jget_is(block, "type", STR("tool_result")))
			take_blocks(p, jget_member(block, "content"), true);
	}
}

void papers_read(struct req *r)
{
	struct papers p = { .r = r,
			    .program = r->env->settings.pdf_to_text.ptr,
			    .until_ms = clock_ms() + PAPERS_MS,
			    .left = PAPERS_MAX };
	struct str body = buf_str(r->body_in);
	size_t count = json_object_array_length(r->asked.messages);

	if (r->env->settings.pdf_to_text.len == 0 ||
	    !memmem(body.ptr, body.len, "/pdf", strlen("/pdf")) ||
	    access(p.program, X_OK) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct json_object *message =
			json_object_array_get_idx(r->asked.messages, i);

		if (json_object_is_type(message, json_type_object))
			take_blocks(&p, jget_member(message, "content"), false);
	}
}
