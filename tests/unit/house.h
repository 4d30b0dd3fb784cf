/* SPDX-License-Identifier: MIT */
/*
 * A gate in a process of its own, in front of a real listener; the test plays the master,
 * the workers and the clients.
 */
#ifndef NIM_TESTS_UNIT_HOUSE_H
#define NIM_TESTS_UNIT_HOUSE_H

#include <sys/types.h>

#include "worker/env.h"
#include "worker/handover.h"

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

enum {
	WORKERS = 3,
	SLOTS = WORKERS + 1, /* the gate has slot 0 */
	SOON_MS = 5000,	     /* what comes at once comes long before */
	NEVER_MS = 60000,
};

struct house_worker {
	int fd;	      /* the worker's end of the pair */
	int gate_end; /* what the master keeps */
	uint32_t number;
};

extern struct shm_segment segment;
extern struct worker_env env; /* settings may be changed before the gate is started */
extern struct house_worker workers[SLOTS];
extern int control_fd, alive_fd;
extern pid_t gate_pid; /* 0: none */

/* Fixture: the listener and the segment; no gate yet. */
void house_open(void);
void house_close(void);
void house_start_gate(void);
/* Waits until the gate has left by itself; its exit code. */
int house_end_of_gate(void);
/* Waits for an event; false when there was none in time. */
bool house_await(int fd, short events, int ms);

/* ---- the master */

void house_tell_gate(int slot);
/* A new process in a slot; it has not said yet that it is idle. */
void house_start_worker(int slot);
/* Slots 1 ... idle are idle, the last of them was used last; the others are busy. */
void house_start_workers(int idle);

/* ---- a worker */

/* The next message of the gate to a worker; its connection, or -1. */
int house_hear(int slot, enum handover_kind kind);
void house_say_number(int slot, enum handover_kind kind, uint32_t number);
void house_say(int slot, enum handover_kind kind); /* with the number heard last */
/* The connection that a worker was given is this client's, and its head is all there. */
void house_check_head(int fd, int client, const char *head);
/* A worker takes a client's HEAD, answers "ok" and is idle again; the client ends. */
void house_serve(int slot, int client);

/* ---- a client */

int house_call(const char *text, size_t len);
int house_call_whole(void); /* sends HEAD */
/* All that is said to a client until its connection ends, NUL-terminated. */
const char *house_read(int fd, int ms);
/* That is the gate's 529, or its 408, to the byte; closes fd. */
void house_check_overloaded(int fd, int ms);
void house_check_too_slow(int fd, int ms);

#endif
