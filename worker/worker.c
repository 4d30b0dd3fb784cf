/* SPDX-License-Identifier: MIT */
/* The loop of a worker.  Everything of a request hangs on one pool and ends with it. */
#include "config.h"

#include "worker/worker.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "translate/ids.h"
#include "worker/clock.h"
#include "worker/handover.h"
#include "worker/log.h"
#include "worker/route.h"

enum { IDLE_LOOK_MS = 3600 * 1000 };

struct worker {
	const struct worker_env *env;
	struct shm_slot *slot;
	uint32_t slot_number;
	struct waiter waiter;
	struct upstream upstream;
	int gate_fd;
	uint32_t number; /* of the gate's last message */
	uint64_t handled;
};

static struct shm_slot *own_slot; /* for last words; a worker has one slot for life */

static void on_no_memory(void)
{
	shm_slot_last_words(own_slot, "out of memory");
	_exit(WORKER_NO_MEMORY);
}

static void on_abort(int number)
{
	(void)number;
	shm_slot_last_words(own_slot, "an assertion failed");
	_exit(WORKER_BUG);
}

static int say(struct worker *w, enum handover_kind kind)
{
	struct handover message = { .kind = kind, .number = w->number };

	return handover_send(w->gate_fd, message, -1);
}

static void make_id(struct req *r)
{
	uint8_t random[IDS_RANDOM];

	if (RAND_bytes(random, sizeof(random)) != 1)
		memset(random, 0, sizeof(random));
	r->id = ids_make(r->pool, STR("req_"), random);
}

static void serve(struct worker *w, int fd)
{
	static struct conn conn;
	struct pool pool;
	struct req r;

	memset(&r, 0, sizeof(r));
	pool_init(&pool, on_no_memory);
	r.env = w->env;
	r.slot = w->slot;
	r.slot_number = w->slot_number;
	r.upstream = &w->upstream;
	r.pool = &pool;
	r.began_ms = r.read_ms = clock_ms();
	r.route = "";
	r.body_in = pool_buf(&pool, (size_t)w->env->settings.body_max_bytes);
	r.conn = &conn;
	make_id(&r);
	conn_open(&conn, fd, &w->waiter, &w->env->settings, r.body_in);
	shm_slot_state(w->slot, SHM_READING, r.began_ms);
	route_serve(&r);
	if (conn.fd >= 0)
		conn_close(&conn);
	pool_release(&pool);
	atomic_store_explicit(&w->slot->handled, ++w->handled, memory_order_relaxed);
}

/* One message of the gate. Returns -1 when the worker has to leave. */
static int take(struct worker *w)
{
	struct handover message;
	int fd = -1;
	int n = handover_receive(w->gate_fd, &message, &fd);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	w->number = message.number;
	if (message.kind == HANDOVER_CONNECTION && fd >= 0) {
		if (say(w, HANDOVER_TAKEN) < 0) {
			(void)close(fd); /* the gate is gone; its successor will ask */
		} else {
			serve(w, fd);
			shm_slot_state(w->slot, SHM_IDLE, clock_ms());
		}
	}
	(void)say(w, HANDOVER_IDLE); /* a gate that has gone asks again when it is back */
	return 0;
}

static enum worker_exit loop(struct worker *w)
{
	shm_slot_state(w->slot, SHM_IDLE, clock_ms());
	(void)say(w, HANDOVER_IDLE);
	for (;;) {
		switch (wait_fd(&w->waiter, w->gate_fd, POLLIN, clock_ms() + IDLE_LOOK_MS,
				true)) {
		case WAIT_READY:
			if (take(w) < 0)
				return WORKER_SICK;
			break;
		case WAIT_TIMEOUT:
			break;
		case WAIT_STOPPED:
			return WORKER_RETIRED;
		case WAIT_ORPHANED:
			return WORKER_ORPHANED;
		}
		if (w->waiter.is_orphaned)
			return WORKER_ORPHANED;
	}
}

int worker_run(const struct worker_env *env, struct shm_slot *slot, int gate_fd)
{
	struct worker w = {
		.env = env,
		.slot = slot,
		.slot_number = (uint32_t)(slot - env->segment->slots),
		.waiter = { .alive_fd = env->alive_fd, .slot = slot, .bell_fd = -1 },
		.gate_fd = gate_fd,
	};
	struct sigaction action;
	enum worker_exit code;

	own_slot = slot;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_abort;
	(void)sigaction(SIGABRT, &action, NULL); /* fails for a bad number only */
	wait_catch_term();
	if (upstream_init(&w.upstream, env) < 0) {
		shm_slot_last_words(slot, "libcurl gives no handle");
		return WORKER_SICK;
	}
	code = loop(&w);
	shm_slot_state(slot, SHM_LEAVING, clock_ms());
	upstream_release(&w.upstream);
	return code;
}
