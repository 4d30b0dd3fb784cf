/* SPDX-License-Identifier: MIT */
/*
 * One loop: let libcurl work, see what has come of it, say what there is to say to the
 * client, and sleep until the next thing is due.  libcurl's callback only fills the
 * output buffer; it is sent once after each step, so that sixty events of one read are
 * one system call.
 */
#include "config.h"

#include "worker/relay.h"

#include <malloc.h>
#include <openssl/rand.h>

#include "translate/an_event.h"
#include "translate/an_reply.h"
#include "translate/ids.h"
#include "translate/sse.h"
#include "worker/admit.h"
#include "worker/clock.h"
#include "worker/relay_due.h"
#include "worker/relay_end.h"
#include "worker/relay_lane.h"
#include "worker/relay_mend.h"
#include "worker/reply.h"

enum {
	/*
	 * After the answer, for the end of the body: a connection that was read to its
	 * end stays open. Shorter than a client waits at the gate for a worker.
	 */
	REUSE_GRACE_MS = 80,
	REPLY_MAX = 64 << 20,
	TRIM_ABOVE = 256 << 10,
};

static void random_bytes(void *context, uint8_t *bytes, size_t len)
{
	(void)context;
	if (RAND_bytes(bytes, (int)len) != 1)
		memset(bytes, 0, len); /* ids repeat then; nothing secret hangs on them */
}

/* One event of the upstream. */
static int on_event(void *context, struct str name, struct str data)
{
	struct relay *rl = context;
	struct req *r = rl->r;
	struct oa_chunk chunk;
	int result = 0;

	if (name.len && !str_eq(name, STR("message")) && !str_eq(name, STR("error")))
		return 0; /* metrics and annotations beside the ordinary deltas */
	rl->event_ms = rl->now_ms;
	oa_chunk_read(&chunk, &rl->scratch, data);
	switch (chunk.kind) {
	case OA_DELTA:
		stream_chunk(&r->stream, &chunk);
		rl->is_answered = r->stream.is_stopped;
		break;
	case OA_DONE: /* proves nothing after an error; an error has ended the transfer by
			 now */
		rl->is_answered = true;
		break;
	case OA_FAULT:
		relay_fault(rl, chunk.error_code, data);
		result = -1;
		break;
	case OA_GARBAGE:
		if (str_eq(name, STR("error"))) {
			relay_fault(rl, 0, data);
			result = -1;
		}
		break;
	}
	if (rl->scratch.blocks || rl->scratch.roots || rl->scratch.bufs)
		pool_release(&rl->scratch);
	return result;
}

static int on_data(void *context, const char *bytes, size_t len)
{
	struct relay *rl = context;

	if (rl->is_answered || rl->has_fault)
		return 0;
	if (sse_feed(&rl->sse, bytes, len) == 0)
		return 0;
	if (!rl->has_fault)
		relay_fault(rl, 502,
			    STR("an event of the upstream is larger than 8 MiB"));
	return -1;
}

static bool has_content(const struct relay *rl)
{
	return rl->r->stream.has_content;
}

/* The posted text is only needed until no second try is possible any more. */
static void release_body(struct relay *rl)
{
	struct req *r = rl->r;
	size_t len = r->body_out->len;

	if (!len || !upstream_is_sent(r->upstream, len))
		return;
	buf_release(r->body_out);
	if (len > TRIM_ABOVE)
		(void)malloc_trim(0);
}

static void commit(struct relay *rl)
{
	if (rl->is_committed || !rl->r->asked.is_stream)
		return;
	rl->is_committed = true;
	rl->head = reply_stream_head(rl->r, rl->head_text);
	if (!rl->r->stream.has_started)
		stream_start(&rl->r->stream);
}

static void flush(struct relay *rl)
{
	struct conn *conn = rl->r->conn;

	if (!rl->is_committed || (conn->out.len == 0 && rl->head.len == 0))
		return;
	shm_entry_set(rl->r->entry, SHM_output_tokens,
		      (uint64_t)stream_output_tokens(&rl->r->stream));
	(void)conn_send(conn, rl->head); /* conn->is_gone is looked at in the loop */
	rl->head.len = 0;
	rl->write_ms = rl->now_ms;
}

/* What the client gets after a step: the commit when it is due, the events, or a ping. */
static void tell_client(struct relay *rl)
{
	struct req *r = rl->r;

	if (!rl->head_ms && r->upstream->status)
		rl->head_ms = rl->now_ms;
	if (has_content(rl) && !r->first_ms) {
		r->first_ms = rl->now_ms;
		shm_entry_time(r->entry, SHM_HIST_first_token, r->first_ms - r->began_ms);
		shm_slot_state(r->slot, SHM_WRITING, rl->now_ms);
	}
	if (has_content(rl))
		release_body(rl);
	if (r->asked.is_stream && (has_content(rl) || rl->now_ms >= relay_commit_due(rl)))
		commit(rl);
	if (rl->is_committed && r->conn->out.len == 0 &&
	    rl->now_ms >= relay_event_due(rl))
		stream_still_here(&r->stream);
	if (r->conn->out.len > 0)
		rl->told_ms = rl->now_ms;
	else if (rl->is_committed && rl->now_ms >= relay_ping_due(rl))
		an_event_ping(&r->conn->out);
	flush(rl);
}

/*
 * Without a master nothing new is begun: another one may count this lane already, and
 * would not know. What is under way is finished.
 */
static bool is_lost(const struct relay *rl)
{
	return rl->r->conn->waiter->is_orphaned &&
	       (rl->r->turn.has_place || !upstream_has_begun(rl->r->upstream));
}

static bool must_leave(struct relay *rl, bool client_ready)
{
	struct conn *conn = rl->r->conn;

	return is_lost(rl) || conn->is_gone || (client_ready && conn_is_gone(conn));
}

/* The transfer has ended by itself. */
static enum attempt judge_end(struct relay *rl)
{
	struct req *r = rl->r;
	struct upstream *u = r->upstream;

	if (u->status && (u->status != 200 || !u->is_event_stream || u->is_encoded)) {
		relay_refusal(rl);
		return ATTEMPT_REFUSED;
	}
	if (!rl->is_answered)
		(void)sse_end(&rl->sse); /* the last event may lack its empty line */
	if (rl->has_fault)
		return has_content(rl) ? ATTEMPT_BROKEN : ATTEMPT_REFUSED;
	if (rl->is_answered || r->stream.finish != OA_FINISH_NONE)
		return ATTEMPT_ANSWERED;
	if (!has_content(rl)) {
		relay_no_answer(rl);
		return ATTEMPT_REFUSED;
	}
	return ATTEMPT_BROKEN;
}

static enum attempt judge_silence(struct relay *rl)
{
	if (rl->r->stream.finish != OA_FINISH_NONE)
		return ATTEMPT_ANSWERED;
	if (has_content(rl) && rl->is_committed)
		return ATTEMPT_BROKEN; /* ends as any broken stream does */
	relay_silence(rl);
	return has_content(rl) ? ATTEMPT_BROKEN : ATTEMPT_REFUSED;
}

/* ATTEMPT_RUNNING while there is no verdict. */
static enum attempt judge(struct relay *rl, bool client_ready)
{
	if (must_leave(rl, client_ready))
		return ATTEMPT_LEFT;
	if (rl->has_fault)
		return has_content(rl) ? ATTEMPT_BROKEN : ATTEMPT_REFUSED;
	if (rl->is_answered)
		return ATTEMPT_ANSWERED;
	if (rl->r->upstream->is_done)
		return judge_end(rl);
	if (rl->now_ms >= relay_silence_due(rl) || rl->now_ms >= relay_total_due(rl))
		return judge_silence(rl);
	return ATTEMPT_RUNNING;
}

static enum attempt try_connected(struct relay *rl)
{
	struct req *r = rl->r;
	enum attempt verdict = ATTEMPT_RUNNING;
	bool client_ready = false;

	sse_clear(&rl->sse);
	stream_restart(&r->stream);
	rl->has_fault = rl->is_answered = false;
	rl->event_ms = rl->head_ms = 0;
	rl->sent_ms = rl->now_ms = clock_ms();
	shm_slot_state(r->slot, SHM_UPSTREAM, rl->now_ms);
	if (upstream_begin(r->upstream, turn_key(r), buf_str(r->body_out), on_data, rl) <
	    0) {
		relay_no_answer(rl);
		return ATTEMPT_REFUSED;
	}
	upstream_step(r->upstream, r->conn->waiter, r->conn->fd, &client_ready, 0);
	for (;;) {
		rl->now_ms = clock_ms();
		turn_sent(r, rl->now_ms);
		verdict = judge(rl, client_ready);
		if (verdict == ATTEMPT_ANSWERED)
			stream_finish(&r->stream);
		if (verdict != ATTEMPT_LEFT && verdict != ATTEMPT_REFUSED)
			tell_client(rl);
		if (verdict != ATTEMPT_RUNNING)
			break;
		upstream_step(r->upstream, r->conn->waiter, r->conn->fd, &client_ready,
			      relay_sleep_ms(rl));
	}
	if (r->upstream->request_id[0])
		r->upstream_id = pool_str(r->pool, str_of(r->upstream->request_id));
	return verdict;
}

/* One sleep while nothing is under way upstream, with what the client is to hear. */
static void rest(struct relay *rl, int64_t until_ms, bool *client_ready)
{
	struct req *r = rl->r;
	int64_t due_ms;

	tell_client(rl);
	due_ms = rl->is_committed ? relay_wait_due(rl) : relay_commit_due(rl);
	if (r->asked.is_stream && due_ms < until_ms)
		until_ms = due_ms;
	upstream_pause(r->upstream, r->conn->waiter, r->conn->fd, client_ready,
		       clock_left(until_ms, WAIT_SLICE_MS));
}

/* Until it is the request's turn, and not before not_before_ms. */
static enum attempt queue(struct relay *rl, int64_t not_before_ms)
{
	struct req *r = rl->r;
	bool client_ready = false;
	int64_t again_ms = not_before_ms;

	for (;;) {
		rl->now_ms = clock_ms();
		if (must_leave(rl, client_ready) || r->conn->waiter->is_orphaned)
			return ATTEMPT_LEFT;
		if (rl->now_ms >= relay_total_due(rl)) {
			relay_late(rl);
			return ATTEMPT_REFUSED;
		}
		if (rl->now_ms >= not_before_ms && turn_try(r, rl->now_ms, &again_ms))
			return ATTEMPT_RUNNING;
		if (r->turn.is_braked &&
		    rl->now_ms - r->began_ms >= admit_max_wait_ms(r)) {
			relay_no_room(rl);
			return ATTEMPT_REFUSED;
		}
		shm_slot_state(r->slot, SHM_QUEUED, rl->now_ms);
		rest(rl, again_ms, &client_ready);
		if (r->conn->waiter->has_rung)
			turn_hear(r);
	}
}

/* Its turn, or a verdict without one. A client that left meanwhile is never sent on. */
static enum attempt wait_turn(struct relay *rl, int64_t not_before_ms)
{
	struct req *r = rl->r;
	enum attempt verdict;

	r->conn->waiter->bell_fd = turn_bell(r);
	verdict = queue(rl, not_before_ms);
	r->conn->waiter->bell_fd = -1;
	if (verdict == ATTEMPT_RUNNING && r->turn.has_waited && must_leave(rl, true))
		verdict = ATTEMPT_LEFT;
	if (verdict != ATTEMPT_RUNNING) {
		turn_leave(r);
		turn_end(r, false, rl->now_ms);
	}
	return verdict;
}

static enum attempt try_once(struct relay *rl, int64_t not_before_ms)
{
	struct req *r = rl->r;
	enum attempt verdict = wait_turn(rl, not_before_ms);

	if (verdict != ATTEMPT_RUNNING)
		return verdict;
	shm_entry_time(r->entry, SHM_HIST_wait, r->turn.granted_ms - r->began_ms);
	shm_entry_set(r->entry, SHM_waited, r->turn.has_waited);
	shm_entry_set(r->entry, SHM_grants, ++r->grants);
	atomic_store(&r->entry->lane, r->turn.row);
	relay_granted(r);
	verdict = try_connected(rl);
	turn_end(r, upstream_has_begun(r->upstream), clock_ms());
	return verdict;
}

/* The rest of the upstream's body, for a moment: a connection that was read to its end
 * stays open. */
static void let_upstream_end(struct relay *rl)
{
	struct upstream *u = rl->r->upstream;
	int64_t until = clock_ms() + REUSE_GRACE_MS;
	bool ignored;

	while (!u->is_done && clock_left(until, 1) > 0 &&
	       !rl->r->conn->waiter->is_orphaned)
		upstream_step(u, rl->r->conn->waiter, -1, &ignored,
			      clock_left(until, 50));
}

static void send_answer(struct relay *rl)
{
	struct req *r = rl->r;

	r->outcome = SHM_ok;
	if (r->asked.is_stream) {
		(void)conn_send_last(r->conn, rl->head);
	} else {
		buf_adds(&r->conn->out, buf_str(rl->reply.out));
		reply_json(r);
	}
	if (r->conn->is_gone)
		r->outcome = SHM_aborted;
	let_upstream_end(rl);
}

static void init(struct relay *rl, struct req *r)
{
	struct stream_config config = {
		.model = r->model_asked,
		.input_estimate = r->input_estimate,
		.max_tokens = r->max_tokens,
		.delta_chars = (unsigned)r->env->settings.delta_chars,
		.names = &r->names,
		.stops = r->stops,
		.stop_count = r->stop_count,
		.dialect = r->model->dialect,
		.tools = r->asked.tools,
		.random = random_bytes,
	};
	struct an_sink sink = { &an_event_ops, &r->conn->out };
	uint8_t random[IDS_RANDOM];

	memset(rl, 0, sizeof(*rl));
	rl->r = r;
	sse_init(&rl->sse, on_event, rl);
	pool_init(&rl->scratch, r->pool->on_no_memory);
	random_bytes(NULL, random, sizeof(random));
	config.message_id = ids_make(r->pool, STR("msg_"), random);
	if (!r->asked.is_stream) {
		an_reply_init(&rl->reply, r->pool, REPLY_MAX);
		sink = (struct an_sink){ &an_reply_ops, &rl->reply };
	}
	stream_init(&r->stream, r->pool, &config, sink);
}

static void book_tokens(struct req *r)
{
	const struct an_usage *usage = &r->stream.usage;

	if (!r->stream.has_finished && !r->stream.has_content) {
		shm_entry_set(r->entry, SHM_input_tokens, 0);
		shm_entry_set(r->entry, SHM_estimated, 0);
	}
	if (!r->stream.has_finished)
		return; /* what has been relayed stands in the books already */
	if (!usage->is_estimated)
		shm_model_compare(r->learnt, r->input_counted,
				  usage->input_tokens + usage->cached_tokens);
	shm_entry_set(r->entry, SHM_input_tokens, (uint64_t)usage->input_tokens);
	shm_entry_set(r->entry, SHM_output_tokens, (uint64_t)usage->output_tokens);
	shm_entry_set(r->entry, SHM_cached_tokens, (uint64_t)usage->cached_tokens);
	shm_entry_set(r->entry, SHM_reasoning_tokens, (uint64_t)usage->reasoning_tokens);
	shm_entry_set(r->entry, SHM_estimated, usage->is_estimated);
	turn_tokens(r, usage->input_tokens + usage->cached_tokens + usage->output_tokens);
}

/* Whether, and from when on, the request is sent once more. */
static bool wants_again(struct relay *rl, enum attempt verdict, int64_t *again_ms)
{
	*again_ms = rl->now_ms;
	if (verdict != ATTEMPT_REFUSED || !rl->r->turn.granted_ms)
		return false;
	/* A connection that the server was closing is replaced once, without a word. */
	if (upstream_was_stale(rl->r->upstream) && rl->stales++ == 0)
		return true;
	rl->stales = 0;
	return relay_mend(rl) || relay_may_retry(rl, again_ms);
}

void relay_run(struct req *r)
{
	struct relay rl;
	enum attempt verdict;
	int64_t again_ms = 0;

	init(&rl, r);
	rl.now_ms = clock_ms();
	if (r->env->settings.commit_after_ms == 0)
		tell_client(&rl);
	for (;;) {
		verdict = try_once(&rl, again_ms);
		relay_lane(&rl, verdict);
		if (!wants_again(&rl, verdict, &again_ms))
			break;
		upstream_end(r->upstream);
		if (rl.stales == 0)
			shm_entry_set(r->entry, SHM_retries, ++r->retries);
	}
	if (verdict == ATTEMPT_ANSWERED)
		send_answer(&rl);
	else if (verdict == ATTEMPT_LEFT)
		r->outcome = SHM_aborted;
	else
		relay_fail(&rl, verdict);
	upstream_end(r->upstream);
	book_tokens(r);
	sse_release(&rl.sse);
	pool_release(&rl.scratch);
}
