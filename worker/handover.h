/* SPDX-License-Identifier: MIT */
/*
 * How a connection gets from the gate to a worker: over one SEQPACKET socketpair a
 * worker, made anew by the master for each process.
 *
 * gate → worker   HANDOVER_CONNECTION with the descriptor (SCM_RIGHTS), or HANDOVER_ASK
 * from a new gate worker → gate   HANDOVER_TAKEN: I have it, nothing of it has been read
 * yet; HANDOVER_IDLE: give me one master → gate   HANDOVER_WORKER with the gate's end of
 * a new worker's pair (over the gate's control pair)
 *
 * Every message of the gate carries a number that counts up; the worker's answers repeat
 * the last number they have seen, and the gate believes only an answer with its newest
 * number. So an "idle" that crossed a connection on its way never makes a busy worker
 * look free, and a connection whose worker died before TAKEN goes to another one.
 */
#ifndef NIM_WORKER_HANDOVER_H
#define NIM_WORKER_HANDOVER_H

#include <stdint.h>

enum handover_kind {
	HANDOVER_CONNECTION = 1,
	HANDOVER_ASK,
	HANDOVER_TAKEN,
	HANDOVER_IDLE,
	HANDOVER_WORKER,
};

struct handover {
	uint32_t kind;
	uint32_t number; /* counts the gate's messages to this worker; for HANDOVER_WORKER
			    the slot */
};

/* A close-on-exec pair. Returns 0, or -1 with errno. */
int handover_pair(int ends[2]);
/* fd -1: none goes along. Returns 0, or -1 with errno (EAGAIN when the peer's queue is
 * full). */
int handover_send(int socket, struct handover message, int fd);
/*
 * Returns 1 and *message (*fd is -1 when none came; otherwise the caller owns it,
 * close-on-exec), 0 when the other end is closed, -1 with errno: EAGAIN, nothing there;
 * ECONNRESET, the other end is closed and had not read all; EPROTO, no message of ours.
 * Never blocks.
 */
int handover_receive(int socket, struct handover *message, int *fd);

#endif
