/* SPDX-License-Identifier: MIT */
/* Each word stands alone: a torn pair of them costs a turn, never a count. */
#include "config.h"

#include "shm/person.h"

#include "shm/step.h"

enum {
	STREAK_BITS = 8,
	STREAK_MAX = (1 << STREAK_BITS) - 1,
	TIME_BASE = 1 << 27, /* see ring.c */
	CLIENT_BITS = 24,
	TICKET_EARLY_MS = 1000, /* a client may round down */
	TICKET_LATE_MS = 15000, /* Claude Code waits up to 22 % longer than it is told */
};
#define CLIENT_MASK ((UINT64_C(1) << CLIENT_BITS) - 1)

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load(word);
}

int64_t shm_person_served_ms(const struct shm_person *p)
{
	uint64_t word = load(&p->served);

	return word ? (int64_t)(word >> STREAK_BITS) - TIME_BASE : INT32_MIN;
}

bool shm_person_is_background_turn(const struct shm_person *p)
{
	return (load(&p->served) & STREAK_MAX) >= SHM_BACKGROUND_TURN;
}

void shm_person_serve(struct shm_person *p, bool is_background, int64_t now_ms)
{
	uint64_t streak = load(&p->served) & STREAK_MAX;

	if (is_background)
		streak = 0;
	else if (streak < STREAK_MAX)
		streak++;
	SHM_STEP();
	atomic_store(&p->served, (uint64_t)(now_ms + TIME_BASE) << STREAK_BITS | streak);
}

static uint64_t make_ticket(uint32_t client, int64_t at_ms)
{
	return (uint64_t)(at_ms + TIME_BASE) << CLIENT_BITS | (client & CLIENT_MASK);
}

static int64_t ticket_ms(uint64_t ticket)
{
	return (int64_t)(ticket >> CLIENT_BITS) - TIME_BASE;
}

static bool has_expired(uint64_t ticket, int64_t now_ms)
{
	return ticket == 0 || now_ms > ticket_ms(ticket) + TICKET_LATE_MS;
}

void shm_person_promise(struct shm_person *p, uint32_t client, int64_t at_ms,
			int64_t now_ms)
{
	for (unsigned i = 0; i < SHM_TICKETS; i++) {
		uint64_t held = load(&p->tickets[i]);

		if (!has_expired(held, now_ms) &&
		    (held & CLIENT_MASK) != (client & CLIENT_MASK))
			continue;
		SHM_STEP();
		if (atomic_compare_exchange_strong(&p->tickets[i], &held,
						   make_ticket(client, at_ms)))
			return;
	}
}

bool shm_person_redeem(struct shm_person *p, uint32_t client, int64_t now_ms)
{
	for (unsigned i = 0; i < SHM_TICKETS; i++) {
		uint64_t held = load(&p->tickets[i]);

		if (has_expired(held, now_ms) ||
		    (held & CLIENT_MASK) != (client & CLIENT_MASK))
			continue;
		if (now_ms < ticket_ms(held) - TICKET_EARLY_MS)
			return false;
		SHM_STEP();
		return atomic_compare_exchange_strong(&p->tickets[i], &held, 0);
	}
	return false;
}

unsigned shm_person_expected(const struct shm_person *p, int64_t now_ms, int64_t *last_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SHM_TICKETS; i++) {
		uint64_t held = load(&p->tickets[i]);

		if (has_expired(held, now_ms))
			continue;
		if (count++ == 0 || ticket_ms(held) > *last_ms)
			*last_ms = ticket_ms(held);
	}
	return count;
}
