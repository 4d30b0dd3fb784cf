/* SPDX-License-Identifier: MIT */
/*
 * A request's turn: it stands in the queue of its lanes, takes a place when it may, and
 * answers for that place: sent (it ages from then on) or never sent (it is given back).
 * A second try of the same request takes a place of its own, but keeps its rank.
 */
#ifndef NIM_WORKER_TURN_H
#define NIM_WORKER_TURN_H

#include "shm/queue.h"
#include "worker/people.h"

struct req;

struct turn {
	struct shm_waiter waiter;
	struct str session; /* as the client calls it; empty: it does not */
	uint32_t client;    /* a hash of it, for tickets */
	bool is_asking;	    /* the waiter is filled in */
	bool is_waiting;    /* it stands in the queue */
	bool has_place;	    /* and is not settled yet */
	bool has_waited;    /* it could not go at once */
	bool is_braked;	    /* it is the model that has no room, not the lane */
	uint32_t row; /* of the lane with the place, or the last one; SHM_NOBODY: none */
	const struct lane *lane; /* the same; NULL: none yet */
	struct shm_place place;
	int64_t granted_ms; /* of the first place; 0: none yet */
	int64_t told_ms;    /* when it may have its turn, as of its last look */
	int64_t late_ms;    /* from when it might have had its turn to its taking it */
	int64_t written_ms; /* the request had been handed to the kernel; 0: not yet */
};

/*
 * Fills in who asks: the person, his lanes, the class, the session. The class decides
 * among requests of one person only: a client chooses it itself.
 */
void turn_init(struct req *r);
/*
 * How long it would have to wait now, without joining the queue; INT64_MAX: for ever.
 * *each_ms: the time between two grants of this person, as things are.
 */
int64_t turn_wait_ms(struct req *r, int64_t now_ms, int64_t *each_ms);
/*
 * Takes a place if it may, else stands in the queue. True with turn->lane set; otherwise
 * *again_ms says when to ask again, unless somebody rings before.
 */
bool turn_try(struct req *r, int64_t now_ms, int64_t *again_ms);
/* It leaves the queue without having had its turn. */
void turn_leave(struct req *r);

/* The key of the lane that has granted; of several, each in its turn. */
struct str turn_key(const struct req *r);

/* The descriptor that becomes readable when somebody thinks that it is its turn. */
int turn_bell(const struct req *r);
void turn_hear(const struct req *r);

/*
 * After each step of the transfer: when all of it is with the other end, or an answer has
 * begun, the place begins to age. (RFC 9293: what the other kernel has acknowledged has
 * arrived; a server that is slow to read it is the window's margin to bear.)
 */
void turn_sent(struct req *r, int64_t now_ms);
/* The transfer is over: a place whose request went out in part or whole is settled, one
 * whose request never began goes back. */
void turn_end(struct req *r, bool was_begun, int64_t now_ms);
/* What the upstream has counted: corrects the tokens of the place. */
void turn_tokens(struct req *r, int64_t tokens);

#endif
