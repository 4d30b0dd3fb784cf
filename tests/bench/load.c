/* SPDX-License-Identifier: MIT */
/*
 * A load for the bench: N threads, each sending the same request again and again over
 * connections of its own and reading the answer to its end.  Prints one line of JSON:
 * what was done, how long the first byte took. What the proxy spent is measured from
 * outside (bench.py), not here.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 16, THREADS_MAX = 1024, READ_SIZE = 64 << 10 };

static struct {
	int port;
	char *request;
	size_t request_len;
	_Atomic long left; /* requests still to begin */
	_Atomic long done, errors;
	_Atomic long bytes, events;
	_Atomic long sample_count;
	int64_t first_ns[SAMPLES_MAX];
} load;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)load.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static bool send_all(int fd)
{
	size_t at = 0;

	while (at < load.request_len) {
		ssize_t n =
			send(fd, load.request + at, load.request_len - at, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Counts the data lines of a piece of stream; *last is the byte before it. */
static long count_events(const char *bytes, ssize_t len, char *last)
{
	long count = 0;

	for (ssize_t i = 0; i < len; i++) {
		if (bytes[i] == 'd' && *last == '\n')
			count++;
		*last = bytes[i];
	}
	return count;
}

/* One request on a connection of its own ("Connection: close"). */
static bool once(char *room)
{
	int fd = dial();
	int64_t start = now_ns();
	bool is_first = true, is_fine = false;
	char last = '\n';
	ssize_t n;

	if (fd < 0 || !send_all(fd)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((n = recv(fd, room, READ_SIZE, 0)) > 0) {
		if (is_first) {
			long at = atomic_fetch_add(&load.sample_count, 1);

			if (at < SAMPLES_MAX)
				load.first_ns[at] = now_ns() - start;
			is_fine = n >= 12 && memcmp(room + 9, "200", 3) == 0;
			is_first = false;
		}
		atomic_fetch_add(&load.bytes, n);
		atomic_fetch_add(&load.events, count_events(room, n, &last));
	}
	close(fd);
	return is_fine && n == 0;
}

static void *run(void *context)
{
	char *room = malloc(READ_SIZE);

	(void)context;
	while (room && atomic_fetch_sub(&load.left, 1) > 0) {
		if (once(room))
			atomic_fetch_add(&load.done, 1);
		else
			atomic_fetch_add(&load.errors, 1);
	}
	free(room);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Head and body in one piece: the body's file behind a head made from the arguments. */
static int make_request(const char *path, const char *key, const char *file)
{
	struct stat st;
	int fd = open(file, O_RDONLY);
	char *body;
	int n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	body = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	load.request = malloc((size_t)st.st_size + 1024);
	if (body == MAP_FAILED || !load.request)
		return -1;
	n = snprintf(load.request, 1024,
		     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\n"
		     "Content-Type: application/json\r\nAuthorization: Bearer %s\r\n"
		     "Connection: close\r\nContent-Length: %lld\r\n\r\n",
		     path, key, (long long)st.st_size);
	memcpy(load.request + n, body, (size_t)st.st_size);
	load.request_len = (size_t)n + (size_t)st.st_size;
	close(fd);
	return 0;
}

static void print(int64_t took_ns)
{
	long count = load.sample_count < SAMPLES_MAX ? load.sample_count : SAMPLES_MAX;

	qsort(load.first_ns, (size_t)count, sizeof(load.first_ns[0]), by_value);
	printf("{\"done\":%ld,\"errors\":%ld,\"bytes\":%ld,\"events\":%ld,\"seconds\":%."
	       "6f,"
	       "\"first_us_p50\":%.1f,\"first_us_p99\":%.1f}\n",
	       load.done, load.errors, load.bytes, load.events, (double)took_ns / 1e9,
	       count ? (double)load.first_ns[count / 2] / 1e3 : 0.0,
	       count ? (double)load.first_ns[count * 99 / 100] / 1e3 : 0.0);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	int count;
	int64_t start;

	if (argc != 7) {
		fprintf(stderr, "usage: load PORT PATH KEY BODY-FILE THREADS REQUESTS\n");
		return 2;
	}
	load.port = (int)strtol(argv[1], NULL, 10);
	count = (int)strtol(argv[5], NULL, 10);
	load.left = strtol(argv[6], NULL, 10);
	if (count < 1 || count > THREADS_MAX ||
	    make_request(argv[2], argv[3], argv[4]) < 0) {
		fprintf(stderr, "load: cannot use these arguments: %s\n",
			strerror(errno));
		return 2;
	}
	start = now_ns();
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, NULL) != 0)
			return 1;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	print(now_ns() - start);
	return load.errors ? 1 : 0;
}
