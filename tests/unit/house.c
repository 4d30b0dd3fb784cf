/* SPDX-License-Identifier: MIT */
/* Every wait has a deadline; none is there to let something happen in the meantime. */
#include "config.h"

#include "tests/unit/house.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/clock.h"
#include "worker/gate.h"

struct shm_segment segment;
struct worker_env env;
struct house_worker workers[SLOTS];
int control_fd, alive_fd;
pid_t gate_pid;

static int port;

static int open_listener(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 4096), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	return fd;
}

/* A master has no connection of a client and no end of a worker to bequeath. */
static void drop_all_but(int control_end)
{
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (fd != control_end && fd != env.alive_fd && fd != env.listeners[0])
			(void)close(fd);
}

void house_start_gate(void)
{
	int ends[2];

	ck_assert_int_eq(handover_pair(ends), 0);
	gate_pid = fork();
	ck_assert_int_ge(gate_pid, 0);
	if (gate_pid == 0) {
		drop_all_but(ends[1]);
		_exit(gate_run(&env, &segment.slots[0],
			       &(struct gate_job){ .listeners = env.listeners,
						   .listener_count = env.listener_count,
						   .control_fd = ends[1] }));
	}
	(void)close(ends[1]);
	control_fd = ends[0];
}

void house_open(void)
{
	static const struct shm_shape shape = { SLOTS, 1, 1, 1 };
	int alive[2];

	ck_assert_int_eq(shm_segment_make(&segment, &shape, clock_wall_s(), clock_ms()),
			 0);
	ck_assert_int_eq(pipe(alive), 0);
	alive_fd = alive[1];
	env = (struct worker_env){ .segment = &segment,
				   .listener_count = 1,
				   .listeners = { open_listener() },
				   .alive_fd = alive[0],
				   .worker_count = SLOTS - 1,
				   .settings = { .head_timeout_ms = NEVER_MS,
						 .waiting_max = 10000 } };
	for (int i = 0; i < SLOTS; i++)
		workers[i].fd = workers[i].gate_end = -1;
}

void house_close(void)
{
	if (gate_pid > 0) {
		(void)kill(gate_pid, SIGKILL);
		(void)waitpid(gate_pid, NULL, 0);
	}
	gate_pid = 0;
}

bool house_await(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) == 1;
}

void house_tell_gate(int slot)
{
	struct handover message = { HANDOVER_WORKER, (uint32_t)slot };

	ck_assert_int_eq(handover_send(control_fd, message, workers[slot].gate_end), 0);
}

int house_hear(int slot, enum handover_kind kind)
{
	struct handover message;
	int fd = -1;

	ck_assert_msg(house_await(workers[slot].fd, POLLIN, SOON_MS),
		      "worker %d: nothing", slot);
	ck_assert_int_eq(handover_receive(workers[slot].fd, &message, &fd), 1);
	ck_assert_uint_eq(message.kind, kind);
	workers[slot].number = message.number;
	return fd;
}

void house_say_number(int slot, enum handover_kind kind, uint32_t number)
{
	ck_assert_int_eq(
		handover_send(workers[slot].fd, (struct handover){ kind, number }, -1),
		0);
}

void house_say(int slot, enum handover_kind kind)
{
	house_say_number(slot, kind, workers[slot].number);
}

void house_start_worker(int slot)
{
	int ends[2];

	ck_assert_int_eq(handover_pair(ends), 0);
	if (workers[slot].gate_end >= 0)
		(void)close(workers[slot].gate_end);
	workers[slot] = (struct house_worker){ .fd = ends[1], .gate_end = ends[0] };
	house_say_number(slot, HANDOVER_IDLE,
			 0); /* as worker.c does; the gate has not asked */
	house_tell_gate(slot);
	house_hear(slot, HANDOVER_ASK);
}

void house_start_workers(int idle)
{
	for (int slot = 1; slot < SLOTS; slot++) {
		house_start_worker(slot);
		house_say(slot, HANDOVER_IDLE);
	}
	for (int slot = SLOTS - 1; slot > idle; slot--) {
		int client = house_call_whole();
		int fd = house_hear(slot, HANDOVER_CONNECTION);

		house_say(slot, HANDOVER_TAKEN);
		(void)close(fd);
		(void)close(client);
	}
}

int house_call(const char *text, size_t len)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
	if (len > 0)
		ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
	return fd;
}

int house_call_whole(void)
{
	return house_call(HEAD, strlen(HEAD));
}

const char *house_read(int fd, int ms)
{
	static char text[16384];
	int64_t deadline = clock_ms() + ms;
	size_t len = 0;
	ssize_t n;

	do {
		ck_assert_msg(house_await(fd, POLLIN, clock_left(deadline, ms)),
			      "no end of the answer");
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		ck_assert_msg(n >= 0, "the answer ends with %s", strerror(errno));
		len += (size_t)n;
	} while (n > 0);
	text[len] = '\0';
	return text;
}

static void check_answer(int fd, int ms, const char *start, const char *more,
			 const char *type, const char *message)
{
	const char *answer = house_read(fd, ms);
	const char *id = strstr(answer, "request-id: req_");
	char body[1024], want[2048];

	ck_assert_msg(id != NULL, "no request id in '%s'", answer);
	id += strlen("request-id: ");
	(void)snprintf(
		body, sizeof(body),
		"{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"%s\"}"
		",\"request_id\":\"%.28s\"}",
		type, message, id);
	(void)snprintf(want, sizeof(want),
		       "%s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
		       "connection: close\r\nrequest-id: %.28s\r\n%s\r\n%s",
		       start, strlen(body), id, more, body);
	ck_assert_str_eq(answer, want);
}

void house_check_overloaded(int fd, int ms)
{
	check_answer(fd, ms, "HTTP/1.1 529 Overloaded", "retry-after: 2\r\n",
		     "overloaded_error",
		     "All workers of this proxy are busy. Please try again.");
	(void)close(fd);
}

void house_check_too_slow(int fd, int ms)
{
	check_answer(fd, ms, "HTTP/1.1 408 Request Timeout", "", "invalid_request_error",
		     "The request did not arrive in time.");
	(void)close(fd);
}

void house_check_head(int fd, int client, const char *head)
{
	struct sockaddr_in peer, own;
	socklen_t peer_len = sizeof(peer), own_len = sizeof(own);
	char text[256];
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&peer, &peer_len), 0);
	ck_assert_int_eq(getsockname(client, (struct sockaddr *)&own, &own_len), 0);
	ck_assert_int_eq(peer.sin_port, own.sin_port);
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	ck_assert_int_eq(n, (ssize_t)strlen(head));
	ck_assert_int_eq(memcmp(text, head, (size_t)n), 0);
}

void house_serve(int slot, int client)
{
	int fd = house_hear(slot, HANDOVER_CONNECTION);

	house_say(slot, HANDOVER_TAKEN);
	house_check_head(fd, client, HEAD);
	ck_assert_int_eq(send(fd, "ok", 2, 0), 2);
	(void)close(fd);
	ck_assert_str_eq(house_read(client, SOON_MS), "ok");
	(void)close(client);
	house_say(slot, HANDOVER_IDLE);
}

int house_end_of_gate(void)
{
	int64_t deadline = clock_ms() + SOON_MS;
	int status = 0;

	while (waitpid(gate_pid, &status, WNOHANG) == 0) {
		ck_assert_int_gt(clock_left(deadline, SOON_MS), 0);
		(void)poll(NULL, 0, 1);
	}
	gate_pid = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}
