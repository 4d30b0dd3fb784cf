/* SPDX-License-Identifier: MIT */
/*
 * A process's record in the segment: what it is doing now, and the requests it has
 * served that are not in the accounts yet.
 *
 * One writer: the process that holds the slot; after its death the master (the reaper),
 * never both. Readers copy and check ranges; they believe nothing.
 */
#ifndef NIM_SHM_SLOT_H
#define NIM_SHM_SLOT_H

#include <stdbool.h>

#include "shm/entry.h"

/* What a process does; the value is the letter that a status page shows. */
enum shm_state {
	SHM_FREE = 0, /* nobody holds the slot */
	SHM_STARTING = 'S',
	SHM_IDLE = '_',	    /* waits for a connection */
	SHM_READING = 'R',  /* reads the client's request */
	SHM_QUEUED = 'Q',   /* waits for its lane */
	SHM_UPSTREAM = 'U', /* waits for the upstream */
	SHM_WRITING = 'W',  /* relays the answer */
	SHM_LEAVING = 'L',
};

enum shm_kind { SHM_WORKER = 1, SHM_GATE = 2, SHM_STATUS = 3 };
enum { SHM_TEXT_MAX = 96 };

struct shm_slot {
	_Atomic uint32_t state; /* enum shm_state */
	_Atomic uint32_t kind;	/* enum shm_kind */
	_Atomic int32_t pid;
	_Atomic uint32_t generation;  /* how many processes have held this slot */
	_Atomic int64_t heartbeat_ms; /* monotonic; stands still when the process does */
	_Atomic int64_t since_ms;     /* monotonic: when the current state began */
	_Atomic uint64_t handled;     /* connections since the process began */

	_Atomic int64_t began_ms;      /* the current request; 0: none */
	_Atomic uint32_t person;       /* its row, or SHM_NOBODY */
	_Atomic uint32_t is_message;   /* it asks a model, or waits for that */
	char request_id[SHM_TEXT_MAX]; /* NUL-padded, may be torn */
	char model[SHM_TEXT_MAX];
	char last_words[SHM_TEXT_MAX]; /* why the process ended, if it could say */

	_Atomic uint64_t overloaded; /* 529s of the gate, ever: they have no entry */
	struct shm_entry entries[SHM_ENTRIES];
} __attribute__((aligned(64)));

/* The process takes the slot: state SHM_STARTING, entries untouched. */
void shm_slot_take(struct shm_slot *s, enum shm_kind kind, int32_t pid, int64_t now_ms);
void shm_slot_state(struct shm_slot *s, enum shm_state state, int64_t now_ms);
void shm_slot_beat(struct shm_slot *s, int64_t now_ms);

/* A request begins; NULL when the master has fallen behind with its booking. Texts are
 * cut to fit. */
struct shm_entry *shm_slot_begin(struct shm_slot *s, const char *request_id,
				 int64_t now_ms);
void shm_slot_model(struct shm_slot *s, const char *model, unsigned len);
/* It is booked as that outcome, one of ok … aborted. */
void shm_slot_end(struct shm_slot *s, struct shm_entry *e, enum shm_counter outcome);
/* How many entries are done and wait for the master. */
unsigned shm_slot_unbooked(const struct shm_slot *s);

/*
 * For the master, after the process has been reaped: what it was serving was aborted;
 * state SHM_FREE and pid 0. Its place in a lane is the lane's (ring.h), its wait the
 * queue's.
 */
void shm_slot_reap(struct shm_slot *s, int64_t now_ms);
void shm_slot_last_words(struct shm_slot *s, const char *words);

#endif
