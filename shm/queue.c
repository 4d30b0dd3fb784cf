/* SPDX-License-Identifier: MIT */
/* One look: a pass over the wait words, then one window for each lane of the group. */
#include "config.h"

#include "shm/queue.h"

#include <string.h>

#include "shm/spread.h"
#include "shm/step.h"

/* A wait word: 38 bits of time, 10 of the person, 14 of the group, background, 1. */
enum { TIME_SHIFT = 26, PERSON_SHIFT = 16, GROUP_SHIFT = 2, BACKGROUND = 2, WAITS = 1 };
enum {
	GROUP_MASK = (1 << 14) - 1,
	TIME_BASE = 1 << 27,
	HOME_MS = 50, /* a session does not leave its lane for less */
};

struct waits {
	int64_t since_ms;
	uint32_t slot, person, group;
	bool is_background;
};

uint64_t shm_wait_word(const struct shm_waiter *w)
{
	return (uint64_t)(w->since_ms + TIME_BASE) << TIME_SHIFT |
	       (uint64_t)(w->person % SHM_PERSONS_MAX) << PERSON_SHIFT |
	       (uint64_t)(w->group & GROUP_MASK) << GROUP_SHIFT |
	       (w->is_background ? BACKGROUND : 0) | WAITS;
}

static bool read_word(struct waits *to, uint64_t word, uint32_t slot)
{
	if (!(word & WAITS))
		return false;
	to->since_ms = (int64_t)(word >> TIME_SHIFT) - TIME_BASE;
	to->person = (uint32_t)(word >> PERSON_SHIFT) & (SHM_PERSONS_MAX - 1);
	to->group = (uint32_t)(word >> GROUP_SHIFT) & GROUP_MASK;
	to->is_background = (word & BACKGROUND) != 0;
	to->slot = slot;
	return true;
}

void shm_queue_join(struct shm_segment *seg, const struct shm_waiter *w)
{
	SHM_STEP();
	atomic_store(&seg->waits[w->slot], shm_wait_word(w));
}

void shm_queue_leave(struct shm_segment *seg, uint32_t slot)
{
	SHM_STEP();
	atomic_store(&seg->waits[slot], 0);
}

/* ---- who else waits, and who is served now */

struct lanes {
	uint32_t count;
	uint32_t rows[SHM_POOL_LANES];
	uint64_t set[SHM_LANES_MAX / 64];
};

static void read_lanes(struct lanes *to, const struct shm_segment *seg, uint32_t group)
{
	struct shm_group *g;
	uint32_t count;

	memset(to, 0, sizeof(*to));
	if (group >= seg->shape.groups)
		return;
	g = &seg->groups[group];
	count = atomic_load(&g->count);
	for (uint32_t i = 0; i < count && i < SHM_POOL_LANES; i++) {
		uint32_t row = atomic_load(&g->lanes[i]);

		if (row >= seg->shape.lanes || (to->set[row / 64] >> row % 64 & 1))
			continue;
		to->set[row / 64] |= UINT64_C(1) << row % 64;
		to->rows[to->count++] = row;
	}
}

static bool has_common(const struct lanes *mine, const struct shm_segment *seg,
		       uint32_t group)
{
	struct lanes theirs;

	read_lanes(&theirs, seg, group);
	for (uint32_t i = 0; i < theirs.count; i++)
		if (mine->set[theirs.rows[i] / 64] >> theirs.rows[i] % 64 & 1)
			return true;
	return false;
}

/* What a look has learnt of all others. */
struct crowd {
	struct lanes lanes;
	uint32_t limit;	 /* of all lanes together */
	uint32_t own[2]; /* of the same person: interactive, background */
	uint32_t own_before[2];
	uint32_t all_before; /* first come, of anybody */
	uint16_t waiting[SHM_PERSONS_MAX];
	uint16_t used[SHM_PERSONS_MAX];
	uint8_t groups[SHM_GROUPS_MAX]; /* 0: not looked at, 1: shares a lane, 2: not */
};

static bool is_rival(struct crowd *c, const struct shm_segment *seg, uint32_t own_group,
		     uint32_t group)
{
	if (group == own_group)
		return true;
	if (group >= seg->shape.groups)
		return false;
	if (c->groups[group] == 0)
		c->groups[group] = has_common(&c->lanes, seg, group) ? 1 : 2;
	return c->groups[group] == 1;
}

static bool is_before(const struct waits *other, const struct shm_waiter *w)
{
	if (other->since_ms != w->since_ms)
		return other->since_ms < w->since_ms;
	return other->slot < w->slot;
}

static void count_waiters(struct crowd *c, const struct shm_segment *seg,
			  const struct shm_waiter *w)
{
	for (uint32_t slot = 0; slot < seg->shape.slots; slot++) {
		struct waits other;

		if (!read_word(
			    &other,
			    atomic_load_explicit(&seg->waits[slot], memory_order_relaxed),
			    slot) ||
		    slot == w->slot || !is_rival(c, seg, w->group, other.group))
			continue;
		c->waiting[other.person]++;
		c->all_before += is_before(&other, w);
		if (other.person != w->person)
			continue;
		c->own[other.is_background]++;
		c->own_before[other.is_background] += is_before(&other, w);
	}
}

static void count_used(struct crowd *c, const struct shm_view *v)
{
	c->limit += v->pace.limit;
	for (uint32_t i = 0; i < v->count; i++)
		if (v->stamps[i].is_used)
			c->used[v->stamps[i].person]++;
}

static int64_t weight_of(const struct shm_segment *seg, uint32_t person)
{
	uint32_t weight =
		person < seg->shape.people ? atomic_load(&seg->people[person].weight) : 1;

	return weight >= 1 && weight <= 1000 ? weight : 1;
}

/* The sum of the weights of everybody who waits, has a grant in the window, or asks. */
static int64_t active_weight(const struct crowd *c, const struct shm_segment *seg,
			     const struct shm_waiter *w)
{
	int64_t sum = 0;

	for (uint32_t p = 0; p < seg->shape.people; p++)
		if (c->waiting[p] || c->used[p] || p == w->person)
			sum += weight_of(seg, p);
	return sum;
}

static uint32_t active_people(const struct crowd *c, const struct shm_segment *seg,
			      const struct shm_waiter *w)
{
	uint32_t count = 0;

	for (uint32_t p = 0; p < seg->shape.people; p++)
		count += c->waiting[p] || c->used[p] || p == w->person;
	return count;
}

/* ---- the order */

struct turn {
	uint32_t rank;	/* of the next place */
	uint32_t ahead; /* who will be served before, all in all */
	uint32_t own;	/* of them, the same person's */
};

/* Of the same person: how many come first, with background's turns in between. */
static uint32_t own_ahead(const struct crowd *c, const struct shm_segment *seg,
			  const struct shm_waiter *w)
{
	bool is_its_turn = w->person < seg->shape.people &&
			   shm_person_is_background_turn(&seg->people[w->person]);
	uint32_t before = c->own_before[w->is_background], turns;

	if (!w->is_background) {
		turns = before / SHM_BACKGROUND_TURN + is_its_turn;
		return before + (turns < c->own[1] ? turns : c->own[1]);
	}
	turns = (before + !is_its_turn) * SHM_BACKGROUND_TURN;
	return before + (turns < c->own[0] ? turns : c->own[0]);
}

/*
 * Who has twice the weight is as hungry after half the time. half_ms, half of the time
 * between two places, keeps the ratio where only two take turns.
 */
static int64_t hunger(const struct shm_segment *seg, uint32_t person, int64_t now_ms,
		      int64_t half_ms)
{
	int64_t ms = now_ms - shm_person_served_ms(&seg->people[person]) + half_ms;

	if (ms < 0)
		ms = 0;
	if (ms > 24 * 3600 * 1000)
		ms = 24 * 3600 * 1000;
	return ms * weight_of(seg, person);
}

/* is_held: who has had his share waits for the spread. */
struct shares {
	uint32_t each;	 /* of a person with weight 1, times 1000 */
	int64_t half_ms; /* half of the time between two places */
	bool is_held;	 /* the spread lets nobody through now */
	bool is_over;	 /* the waiter has had his share */
};

static bool is_over(const struct crowd *c, const struct shm_segment *seg,
		    const struct shares *s, uint32_t person)
{
	return (int64_t)c->used[person] * 1000 >= s->each * weight_of(seg, person);
}

static void find_turn(struct turn *t, const struct crowd *c,
		      const struct shm_segment *seg, const struct shm_waiter *w,
		      const struct shares *s, int64_t now_ms)
{
	int64_t own_hunger = w->person < seg->shape.people
				     ? hunger(seg, w->person, now_ms, s->half_ms)
				     : 0;

	t->own = own_ahead(c, seg, w);
	t->ahead = t->rank = t->own;
	for (uint32_t p = 0; p < seg->shape.people; p++) {
		uint32_t waiting = c->waiting[p], most;
		int64_t their_hunger;
		bool is_first;

		if (waiting == 0 || p == w->person)
			continue;
		if (s->is_held && !s->is_over && is_over(c, seg, s, p))
			continue;
		their_hunger = hunger(seg, p, now_ms, s->half_ms);
		is_first = their_hunger > own_hunger ||
			   (their_hunger == own_hunger && p < w->person);
		most = (uint32_t)((t->own + is_first) * weight_of(seg, p) /
				  weight_of(seg, w->person));
		t->rank += is_first;
		t->ahead += waiting < most ? waiting : most;
	}
}

/* ---- the lanes */

static void look_at_lane(const struct shm_segment *seg, uint32_t lane, int64_t now_ms,
			 struct shm_view *v)
{
	struct shm_pace pace = shm_lane_pace(&seg->lanes[lane]);

	shm_ring_view(&seg->lanes[lane].ring, &pace, now_ms, v);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a lane would take this request if nobody else were there. */
static int64_t open_ms(const struct shm_segment *seg, uint32_t lane,
		       const struct shm_waiter *w, const struct shm_view *v)
{
	struct shm_lane *l = &seg->lanes[lane];
	int64_t at_ms = later(w->since_ms, atomic_load(&l->benched_until_ms));

	if (atomic_load(&l->is_disabled))
		return INT64_MAX;
	if (!atomic_load(&l->is_paced))
		return at_ms;
	at_ms = later(at_ms, shm_view_open_ms(v));
	if (atomic_load(&l->tpm) > 0)
		at_ms = later(at_ms, shm_lane_tokens_ms(l, v, w->tokens));
	return at_ms;
}

static int64_t stagger_ms(const struct shm_pace *pace)
{
	int64_t ms = pace->window_ms / pace->limit / 64;

	return ms < 1 ? 1 : ms > SHM_STAGGER_MS ? SHM_STAGGER_MS : ms;
}

/* The lane to try: the home of the session unless it is full, else the first that opens.
 */
static void choose(const struct shm_segment *seg, const struct shm_waiter *w,
		   struct crowd *c, int64_t now_ms, struct shm_look *out)
{
	int64_t best_ms = INT64_MAX;
	uint32_t home = c->lanes.count ? w->home % c->lanes.count : 0;

	for (uint32_t i = 0; i < c->lanes.count; i++) {
		uint32_t at = (home + i) % c->lanes.count;
		uint32_t lane = c->lanes.rows[at];
		int64_t at_ms;

		look_at_lane(seg, lane, now_ms, &out->view);
		count_used(c, &out->view);
		at_ms = open_ms(seg, lane, w, &out->view);
		if (at_ms <= now_ms + HOME_MS)
			at_ms = at == home ? INT64_MIN : now_ms;
		if (at_ms < best_ms || i == 0) {
			best_ms = at_ms;
			out->lane = lane;
		}
	}
	if (c->lanes.count > 1)
		look_at_lane(seg, out->lane, now_ms, &out->view);
}

static void find_shares(struct shares *s, const struct crowd *c,
			const struct shm_segment *seg, const struct shm_waiter *w,
			const struct shm_pace *pace, int64_t held_ms, int64_t now_ms)
{
	s->each = (uint32_t)((int64_t)c->limit * 1000 / (active_weight(c, seg, w) + 1));
	s->half_ms = pace->window_ms / pace->limit / 2;
	s->is_held = held_ms > now_ms;
	s->is_over = is_over(c, seg, s, w->person);
}

/* When so many of his grants will have left the window that he is owed one again. */
static int64_t owed_ms(const struct crowd *c, const struct shm_segment *seg,
		       const struct shares *s, const struct shm_view *v, uint32_t person)
{
	int64_t may_keep = (s->each * weight_of(seg, person) - 1) / 1000;
	int64_t too_many = c->used[person] - may_keep;

	for (uint32_t i = 0; i < v->count; i++)
		if (v->stamps[i].is_used && v->stamps[i].person == person &&
		    --too_many == 0)
			return v->stamps[i].at_ms + v->pace.window_ms;
	return INT64_MAX;
}

/* When the one behind so many others is likely to be served. */
static int64_t guess_ms(const struct crowd *c, const struct shm_view *v,
			const struct turn *t, const struct shares *s, int64_t try_ms)
{
	uint32_t lanes = c->lanes.count ? c->lanes.count : 1;
	int64_t free_ms = shm_view_free_ms(v, t->ahead / lanes);
	int64_t even_ms = v->pace.window_ms / v->pace.limit;

	if (s->is_over && s->is_held)
		free_ms = later(free_ms, try_ms + t->own * even_ms / lanes);
	return later(free_ms, try_ms);
}

void shm_queue_look(const struct shm_segment *seg, const struct shm_waiter *w,
		    const struct shm_rules *rules, int64_t now_ms, struct shm_look *out)
{
	struct crowd c;
	struct shares s = { 0 };
	struct turn t = { 0 };
	int64_t at_ms, held_ms;

	memset(&c, 0, sizeof(c));
	read_lanes(&c.lanes, seg, w->group);
	out->lane = SHM_NOBODY;
	out->try_ms = out->served_ms = INT64_MAX;
	out->ahead = out->active = 0;
	out->even_ms = 0;
	if (c.lanes.count == 0)
		return;
	count_waiters(&c, seg, w);
	choose(seg, w, &c, now_ms, out);
	at_ms = open_ms(seg, out->lane, w, &out->view);
	if (at_ms == INT64_MAX)
		return;
	held_ms = rules->want_spread ? shm_spread_ms(&out->view) : INT64_MIN;
	find_shares(&s, &c, seg, w, &out->view.pace, held_ms, now_ms);
	find_turn(&t, &c, seg, w, &s, now_ms);
	out->active = active_people(&c, seg, w);
	out->even_ms = out->view.pace.window_ms / c.limit;
	if (!rules->by_person)
		t.rank = t.ahead = t.own = c.all_before;
	if (!atomic_load(&seg->lanes[out->lane].is_paced)) {
		out->try_ms = out->served_ms = at_ms;
		return;
	}
	if (s.is_over)
		at_ms = later(at_ms, earlier(held_ms, owed_ms(&c, seg, &s, &out->view,
							      w->person)));
	out->ahead = t.ahead;
	out->served_ms = guess_ms(&c, &out->view, &t, &s, at_ms);
	out->try_ms = at_ms + (int64_t)t.rank * stagger_ms(&out->view.pace);
}

bool shm_queue_take(struct shm_segment *seg, const struct shm_waiter *w,
		    const struct shm_look *look, struct shm_place *place)
{
	struct shm_taker who = { w->person, w->slot, w->is_background };
	struct shm_lane *l;

	if (look->lane >= seg->shape.lanes || look->try_ms > look->view.now_ms)
		return false;
	l = &seg->lanes[look->lane];
	if (!atomic_load(&l->is_paced))
		*place = (struct shm_place){ SHM_RPM_MAX, 0, 0 };
	else if (!shm_ring_take(&l->ring, &look->view, &who, place))
		return false;
	else
		shm_lane_note(l, place, w->tokens);
	if (w->person < seg->shape.people)
		shm_person_serve(&seg->people[w->person], w->is_background,
				 look->view.now_ms);
	return true;
}

/* ---- for pokes and for who looks on */

static bool wants_lane(const struct shm_segment *seg, uint32_t group, uint32_t lane)
{
	struct lanes theirs;

	if (group == lane)
		return true;
	if (group < seg->shape.lanes)
		return false;
	read_lanes(&theirs, seg, group);
	return theirs.set[lane / 64] >> lane % 64 & 1;
}

uint32_t shm_queue_first(const struct shm_segment *seg, uint32_t lane)
{
	uint32_t best = SHM_NOBODY, best_person = 0;
	int64_t best_served_ms = 0, best_since_ms = 0;

	for (uint32_t slot = 0; slot < seg->shape.slots; slot++) {
		struct waits w;
		int64_t served_ms;
		bool is_same;

		if (!read_word(&w, atomic_load(&seg->waits[slot]), slot) ||
		    !wants_lane(seg, w.group, lane) || w.person >= seg->shape.people)
			continue;
		served_ms = shm_person_served_ms(&seg->people[w.person]);
		is_same = best != SHM_NOBODY && w.person == best_person;
		if (best != SHM_NOBODY &&
		    (is_same ? w.since_ms >= best_since_ms : served_ms >= best_served_ms))
			continue;
		best = slot;
		best_person = w.person;
		best_served_ms = served_ms;
		best_since_ms = w.since_ms;
	}
	return best;
}

void shm_queue_lengths(const struct shm_segment *seg, uint32_t *lengths)
{
	memset(lengths, 0, seg->shape.lanes * sizeof(lengths[0]));
	for (uint32_t slot = 0; slot < seg->shape.slots; slot++) {
		struct lanes theirs;
		struct waits w;

		if (!read_word(&w, atomic_load(&seg->waits[slot]), slot))
			continue;
		read_lanes(&theirs, seg, w.group);
		for (uint32_t i = 0; i < theirs.count; i++)
			lengths[theirs.rows[i]]++;
	}
}
