/* SPDX-License-Identifier: MIT */
/*
 * A worker's whole inheritance from the master: nothing else crosses the fork.  The
 * settings part is filled by the configuration (master/conf_opts.c has a row for each)
 * and read-only afterwards.
 */
#ifndef NIM_WORKER_ENV_H
#define NIM_WORKER_ENV_H

#include <openssl/types.h>

#include "shm/brake.h"
#include "shm/queue.h"
#include "translate/models.h"
#include "worker/people.h"

enum { ENV_BELLS = 16 };

/* Times are milliseconds, sizes bytes, unless the name says otherwise. */
struct worker_settings {
	int64_t commit_after_ms; /* -1 waits for the status */
	int64_t ping_interval_ms;
	int64_t event_interval_ms;
	int64_t delta_chars; /* 0 = no cutting */
	int64_t head_timeout_ms;
	int64_t body_timeout_ms; /* plus one second for each 64 KiB */
	int64_t body_max_bytes;
	int64_t send_timeout_ms; /* a client that takes nothing for so long has left */
	int64_t waiting_max;	 /* connections whose head the gate waits for */
	int64_t connect_timeout_ms;
	int64_t first_byte_timeout_ms; /* request sent → first event */
	int64_t gap_timeout_ms;	       /* between events */
	int64_t total_timeout_ms;      /* one request upstream, all in all */
	int64_t reply_timeout_ms; /* a non-streaming answer (Claude Code waits 300 s) */
	int64_t ride_out_ms;	  /* how long a committed answer retries before content */
	int64_t max_wait_ms;	  /* longest wait for a lane that is begun */
	int64_t bench_ms,
		bench_most_ms;	/* a lane rests after a 429 without Retry-After */
	int64_t key_doubts;	/* 401s in a row that disable a lane; 0: none do */
	struct shm_rules rules; /* of the queue */
	bool use_http2;
	struct str pdf_to_text; /* path of the program, NUL-terminated; empty: none */
};

struct worker_env {
	struct worker_settings settings;
	struct models models;
	struct str base_url; /* of the upstream, without a slash at the end */
	struct people people;
	const char *version;
	X509_STORE *ca_store; /* parsed once, shared by all workers; NULL for http:// */
	int64_t start_wall_s;
	uint32_t worker_count; /* that the master keeps alive */

	struct shm_segment *segment;
	int listeners[8]; /* for the gate only */
	int listener_count;
	int status_listeners[8]; /* for the status processes only */
	int status_count;
	bool status_open;     /* on loopback it shows names to everybody */
	int alive_fd;	      /* reads EOF when the master is gone */
	int bells[ENV_BELLS]; /* eventfds: slot n waits at bell n % ENV_BELLS */
	int books_fd;	      /* an eventfd: there is something for the master to book */
};

#endif
