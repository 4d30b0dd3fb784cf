/* SPDX-License-Identifier: MIT */
/*
 * The main() of a fuzz target that is built without a fuzzer: feeds it the files of its
 * corpus, tests/fuzz/corpus/NAME/, or the files and folders named on the command line,
 * and says each in TAP.  A file that breaks the target ends the program, which the TAP
 * plan at the end makes visible.
 */
#include "config.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A corpus file is a seed, not a load: more than this is a file at the wrong place. */
enum { INPUT_MAX = 4 << 20, PATH_SIZE = 4096 };

static uint8_t input[INPUT_MAX];
static unsigned replayed;
static bool has_failed;

static void say(bool is_ok, const char *path, const char *why)
{
	printf("%sok %u - %s%s\n", is_ok ? "" : "not ", ++replayed, path, why);
	(void)fflush(stdout); /* the next input may end the process */
	if (!is_ok)
		has_failed = true;
}

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;

	if (file == NULL) {
		say(false, path, ": cannot be opened");
		return;
	}
	size = fread(input, 1, sizeof(input), file);
	if (ferror(file) != 0 || size == sizeof(input)) {
		say(false, path, ": cannot be read, or too large");
		(void)fclose(file); /* opened for reading */
		return;
	}
	(void)fclose(file);
	/* right before the array's end, where a sanitizer sees one byte too many */
	exact = input + sizeof(input) - size;
	memmove(exact, input, size);
	(void)LLVMFuzzerTestOneInput(exact, size); /* always 0 */
	say(true, path, "");
}

static void replay(const char *path);

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);

	if (count <= 0)
		say(false, path, ": no corpus");
	for (int i = 0; i < count; i++) {
		char inner[PATH_SIZE];

		(void)snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
		replay(inner);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		replay_folder(path);
	else
		replay_file(path);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1) {
		const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
		char folder[PATH_SIZE];

		(void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
			       srcdir != NULL ? srcdir : ".",
			       name != NULL ? name + 1 : argv[0]);
		replay(folder);
	}
	printf("1..%u\n", replayed);
	return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
