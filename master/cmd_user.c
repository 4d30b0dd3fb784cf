/* SPDX-License-Identifier: MIT */
/* nim user: a change is tried out beside the file, then takes its place. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/cmd.h"
#include "master/conf.h"
#include "master/people_edit.h"

enum { FILE_MOST = 1 << 20, RANDOM = 33, TOKEN = 72, PATH_MOST = 4096 };

struct options {
	const char *config, *lane, *weight;
	const char *verb, *name;
};

static struct conf conf; /* as it is, then as it would be */

static const struct {
	const char *verb;
	enum people_edit edit;
	bool wants_token;
} verbs[] = {
	{ "add", PEOPLE_ADD, true },	      { "rotate", PEOPLE_ROTATE, true },
	{ "disable", PEOPLE_DISABLE, false }, { "enable", PEOPLE_ENABLE, false },
	{ "remove", PEOPLE_REMOVE, false },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "lane", required_argument, NULL, 'l' },
		{ "weight", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			o->config = optarg;
		else if (option == 'l')
			o->lane = optarg;
		else if (option == 'w')
			o->weight = optarg;
		else
			return cmd_usage(argv[0], option == 'h');
	}
	o->verb = optind < argc ? argv[optind++] : "";
	o->name = optind < argc ? argv[optind++] : NULL;
	if (optind < argc)
		return cmd_unexpected(argv[0], argv[optind]);
	return CMD_GO_ON;
}

static int fail(const char *what, const char *path)
{
	(void)fprintf(stderr, "nim: %s %s: %s\n", what, path, strerror(errno));
	return 1;
}

/* ---- the token */

static void make_token(char token[TOKEN], char digest[2 * SHA256_DIGEST_LENGTH + 1])
{
	uint8_t random[RANDOM], sum[SHA256_DIGEST_LENGTH];
	char text[TOKEN - 8];

	if (RAND_bytes(random, sizeof(random)) != 1)
		die("cannot make random bytes");
	(void)EVP_EncodeBlock((uint8_t *)text, random, RANDOM);
	for (char *at = text; *at; at++) /* what needs no quoting anywhere */
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	(void)snprintf(token, TOKEN, "nim-%s", text);
	SHA256((const uint8_t *)token, strlen(token), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", sum[i]);
	explicit_bzero(random, sizeof(random));
}

static void print_token(const struct options *o, const char *token)
{
	(void)printf(
		"%s's token, shown this once:\n\n  %s\n\nIn that person's shell:\n\n"
		"  export ANTHROPIC_BASE_URL=http://%s:%d ANTHROPIC_AUTH_TOKEN=%s\n\n",
		o->name, token, conf.listen[0].address.ptr, conf.listen[0].port, token);
}

/* ---- the file */

static int read_text(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	while (n > 0) {
		char *room = buf_reserve(text, 4096);

		n = room ? read(fd, room, 4096) : -1;
		text->len += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd); /* only read from */
	return n < 0 ? -1 : 0;
}

/* One change at a time: each is made of the file that the one before has left. */
static int lock_folder(const char *file)
{
	int fd =
		open(conf_folder_of(&conf, file).ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd); /* not locked: an odd file system */
	return -1;
}

/* With the owner and mode of the file that it replaces. */
static int write_text(const char *path, const char *like, struct str text)
{
	struct stat st;
	bool is_there = stat(like, &st) == 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int result = -1;

	if (fd < 0)
		return -1;
	if (fchmod(fd, is_there ? st.st_mode & 0777 : 0640) == 0 &&
	    (!is_there || fchown(fd, st.st_uid, st.st_gid) == 0) &&
	    write(fd, text.ptr, text.len) == (ssize_t)text.len)
		result = fsync(fd);
	return close(fd) == 0 ? result : -1;
}

/* How many errors the configuration has with that people.conf. */
static int count_errors(const struct options *o, const char *people_file)
{
	conf_release(&conf);
	(void)conf_read_with(&conf, o->config, people_file);
	return conf.error_count;
}

static int put_in_place(const struct options *o, const char *path, struct str text)
{
	char fresh[PATH_MOST + 8];
	int errors = conf.error_count;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (write_text(fresh, path, text) < 0) {
		int result = fail("cannot write", fresh);

		(void)unlink(fresh); /* half a file is nobody's */
		return result;
	}
	if (count_errors(o, fresh) > errors) {
		cmd_print_lines(&conf.errors, "");
		(void)fputs("nim: that would be wrong; nothing was changed\n", stderr);
		(void)unlink(fresh); /* it was a try */
		return 1;
	}
	if (rename(fresh, path) < 0)
		return fail("cannot replace", path);
	return 0;
}

/* ---- the commands */

static void put_group(struct buf *to, const struct options *o, const char *digest)
{
	buf_addf(to, "{ name = \"%s\"; token_sha256 = \"%s\"; ", o->name, digest);
	if (o->lane)
		buf_addf(to, "lane = \"%s\"; ", o->lane);
	if (o->weight)
		buf_addf(to, "weight = %s; ", o->weight);
	buf_lit(to, "}");
}

/* They are written into the file as they are. */
static bool is_plain(const char *word)
{
	return !word || strpbrk(word, "\"\\{}();=\n") == NULL;
}

static int change(const struct options *o, size_t verb)
{
	struct str path = conf_people_path(&conf);
	char token[TOKEN], digest[2 * SHA256_DIGEST_LENGTH + 1], file[PATH_MOST];
	struct buf text, value, edited;
	int result, lock = lock_folder(path.ptr);
	const char *why;

	(void)snprintf(file, sizeof(file), "%s", path.ptr);
	buf_init(&text, FILE_MOST);
	buf_init(&value, 4096);
	buf_init(&edited, FILE_MOST + 4096);
	make_token(token, digest);
	if (verbs[verb].edit == PEOPLE_ADD)
		put_group(&value, o, digest);
	else
		buf_addf(&value, "%s", digest);
	if (read_text(file, &text) < 0) {
		result = fail("cannot read", file);
	} else {
		why = people_edit(&edited, buf_str(&text), verbs[verb].edit,
				  str_of(o->name), buf_str(&value));
		if (why)
			(void)fprintf(stderr, "nim: %s: %s: %s\n", file, o->name, why);
		result = why ? 1 : put_in_place(o, file, buf_str(&edited));
	}
	if (result == 0 && verbs[verb].wants_token)
		print_token(o, token);
	if (result == 0)
		(void)printf("%s is changed; a running proxy reads it on SIGHUP "
			     "(systemctl reload nim).\n",
			     file);
	explicit_bzero(token, sizeof(token));
	if (lock >= 0)
		(void)close(lock); /* which unlocks */
	buf_release(&text);
	buf_release(&value);
	buf_release(&edited);
	return result;
}

static int list(void)
{
	const struct people *p = &conf.people;

	if (!p->has_file) {
		(void)puts("no people are named: whoever reaches the proxy, and has "
			   "PROXY_API_KEY if that is set, may use it");
		return 0;
	}
	for (size_t i = 0; i < p->count; i++) {
		const struct person *one = &p->list[i];

		if (!one->has_token)
			continue; /* nobody: the list is empty */
		(void)printf("%-24s lane %-16s weight %lld%s\n", one->name.ptr,
			     one->lane.ptr, (long long)one->weight,
			     one->is_disabled ? "  disabled" : "");
	}
	return 0;
}

static int run(const struct options *o)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(o->verb, verbs[i].verb) != 0)
			continue;
		if (!o->name || !is_plain(o->name) || !is_plain(o->lane) ||
		    !is_plain(o->weight)) {
			(void)fprintf(stderr,
				      "nim user %s: give a name of letters and "
				      "digits\n",
				      o->verb);
			return 2;
		}
		return change(o, i);
	}
	if (strcmp(o->verb, "list") == 0 && !o->name)
		return list();
	return cmd_usage("user", false);
}

int cmd_user(int argc, char **argv)
{
	struct options options = { 0 };
	int result = read_options(&options, argc, argv);

	if (result != CMD_GO_ON)
		return result;
	(void)conf_read(&conf, options.config);
	if (conf.people_file.len == 0 || conf.people.count > 0)
		result = run(&options);
	conf_release(&conf);
	return result;
}
