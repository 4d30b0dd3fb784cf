/* SPDX-License-Identifier: MIT */
/* Between the queue, which is everybody's, and one request's transfer. */
#include "config.h"

#include "worker/turn.h"

#include <unistd.h>

#include "worker/clock.h"
#include "worker/req.h"

enum {
	BRAKE_LOOK_MS = 250, /* nobody rings when a model has room again */
	UNHEARD_MS = 1000,   /* written, not acknowledged: taken as arrived after that */
};

/* FNV-1a, as good as any: a client that lies about its session harms its own turns. */
static uint32_t hash(uint32_t seed, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		seed = (seed ^ (uint8_t)text.ptr[i]) * UINT32_C(16777619);
	return seed;
}

static bool is_background(const struct req *r)
{
	const struct http *http = &r->conn->http;
	struct str class = http_field(http, STR("x-claude-code-request-class"));

	if (class.len)
		return !str_eq_nocase(class, STR("main"));
	if (http_field(http, STR("x-claude-code-agent-id")).len)
		return true;
	return str_contains_nocase(r->model_asked, STR("haiku"));
}

void turn_init(struct req *r)
{
	const struct http *http = &r->conn->http;
	struct str session = http_field(http, STR("x-claude-code-session-id"));
	struct str agent = http_field(http, STR("x-claude-code-agent-id"));
	uint32_t seed = hash(UINT32_C(2166136261), session);

	memset(&r->turn, 0, sizeof(r->turn));
	r->turn.session = session;
	r->turn.client = hash(seed, agent);
	r->turn.row = SHM_NOBODY;
	r->turn.is_asking = true;
	r->turn.waiter = (struct shm_waiter){
		.slot = r->slot_number,
		.person = r->person->row,
		.group = r->person->group,
		.home = seed >> 8,
		.is_background = is_background(r),
		.since_ms = r->began_ms,
		.tokens = r->input_estimate,
	};
}

int64_t turn_wait_ms(struct req *r, int64_t now_ms, int64_t *each_ms)
{
	struct shm_look look;

	shm_queue_look(r->env->segment, &r->turn.waiter, &r->env->settings.rules, now_ms,
		       &look);
	*each_ms = look.even_ms * look.active;
	if (look.served_ms == INT64_MAX)
		return INT64_MAX;
	return look.served_ms > now_ms ? look.served_ms - now_ms : 0;
}

static void ring(const struct req *r, uint32_t lane)
{
	uint32_t first = shm_queue_first(r->env->segment, lane);
	uint64_t one = 1;

	if (first != SHM_NOBODY && first != r->slot_number)
		(void)!write(r->env->bells[first % ENV_BELLS], &one,
			     sizeof(one)); /* a lost poke costs a stagger */
}

/* The model's servers have said that they have too much to do. */
static bool is_braked(const struct req *r, int64_t now_ms)
{
	struct shm_segment *seg = r->env->segment;
	uint32_t row;

	if (!r->learnt)
		return false;
	row = (uint32_t)(r->learnt - seg->models);
	if (shm_brake_may(seg, r->slot_number, row, now_ms))
		return false;
	shm_brake_wait(seg, r->slot_number, row);
	return true;
}

static void take(struct req *r, const struct shm_look *look, int64_t now_ms)
{
	struct shm_segment *seg = r->env->segment;
	struct turn *t = &r->turn;
	int64_t due_ms =
		look->try_ms > t->waiter.since_ms ? look->try_ms : t->waiter.since_ms;

	t->has_place = true;
	t->written_ms = 0;
	t->row = look->lane;
	t->lane = people_lane(&r->env->people, look->lane);
	if (!t->granted_ms)
		t->granted_ms = now_ms;
	/* Whose share has just become free may go since then, not since the lane is open.
	 */
	if (t->told_ms > due_ms && t->told_ms <= now_ms)
		due_ms = t->told_ms;
	t->late_ms = t->has_waited ? now_ms - due_ms : 0;
	shm_queue_leave(seg, r->slot_number);
	t->is_waiting = false;
	if (r->learnt)
		shm_brake_fly(seg, r->slot_number, (uint32_t)(r->learnt - seg->models));
	ring(r, look->lane);
}

bool turn_try(struct req *r, int64_t now_ms, int64_t *again_ms)
{
	struct shm_segment *seg = r->env->segment;
	struct turn *t = &r->turn;
	struct shm_look look;

	t->is_braked = is_braked(r, now_ms);
	if (t->is_braked) {
		turn_leave(r);
		t->has_waited = true;
		*again_ms = now_ms + BRAKE_LOOK_MS;
		return false;
	}
	if (!t->is_waiting)
		shm_queue_join(seg, &t->waiter);
	t->is_waiting = true;
	do {
		shm_queue_look(seg, &t->waiter, &r->env->settings.rules, now_ms, &look);
		if (look.try_ms > now_ms) {
			t->has_waited = true;
			*again_ms = t->told_ms = look.try_ms;
			return false;
		}
	} while (!shm_queue_take(seg, &t->waiter, &look, &t->place));
	take(r, &look, now_ms);
	if (t->lane)
		return true;
	/* A reload has put a lane into the pool whose key only the new workers know. */
	turn_end(r, false, now_ms);
	*again_ms = now_ms + BRAKE_LOOK_MS;
	return false;
}

void turn_leave(struct req *r)
{
	struct turn *t = &r->turn;
	struct shm_look look;

	if (!t->is_waiting)
		return;
	t->is_waiting = false;
	shm_queue_leave(r->env->segment, r->slot_number);
	shm_queue_look(r->env->segment, &t->waiter, &r->env->settings.rules, clock_ms(),
		       &look);
	if (look.lane != SHM_NOBODY)
		ring(r, look.lane);
}

struct str turn_key(const struct req *r)
{
	const struct lane *lane = r->turn.lane;

	if (!lane || lane->key_count == 0)
		return (struct str){ NULL, 0 };
	return lane->keys[r->turn.place.index % lane->key_count];
}

int turn_bell(const struct req *r)
{
	return r->env->bells[r->slot_number % ENV_BELLS];
}

void turn_hear(const struct req *r)
{
	uint64_t count;

	(void)!read(turn_bell(r), &count,
		    sizeof(count)); /* empty: another has heard it */
}

static struct shm_ring *ring_of(const struct req *r)
{
	return &r->env->segment->lanes[r->turn.row].ring;
}

static void settle(struct req *r, int64_t now_ms)
{
	shm_ring_settle(ring_of(r), &r->turn.place, now_ms);
	r->turn.has_place = false;
}

void turn_sent(struct req *r, int64_t now_ms)
{
	struct turn *t = &r->turn;

	if (!t->has_place)
		return;
	if (!t->written_ms && upstream_is_sent(r->upstream, r->body_out->len))
		t->written_ms = now_ms;
	if (r->upstream->status ||
	    (t->written_ms &&
	     (now_ms - t->written_ms >= UNHEARD_MS || upstream_is_heard(r->upstream))))
		settle(r, now_ms);
}

void turn_end(struct req *r, bool was_begun, int64_t now_ms)
{
	struct turn *t = &r->turn;

	shm_brake_fly(r->env->segment, r->slot_number, SHM_NOBODY);
	if (!t->has_place)
		return;
	if (was_begun) {
		settle(r, now_ms);
		return;
	}
	t->has_place = false;
	shm_ring_return(ring_of(r), &t->place);
	ring(r, t->row);
}

void turn_tokens(struct req *r, int64_t tokens)
{
	if (r->turn.row != SHM_NOBODY)
		shm_lane_note(&r->env->segment->lanes[r->turn.row], &r->turn.place,
			      tokens);
}
