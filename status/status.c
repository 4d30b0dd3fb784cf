/* SPDX-License-Identifier: MIT */
/* A table of paths, and how an answer leaves. */
#include "config.h"

#include "status/status.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "status/access.h"
#include "status/assets.h"
#include "status/forms.h"
#include "status/health.h"
#include "worker/clock.h"
#include "worker/conn.h"
#include "worker/gate.h"
#include "worker/log.h"
#include "worker/worker.h"

enum {
	SEND_BUFFER = 1 << 20, /* so that an answer fits; the system may grant less */
	SEND_MS = 1000,	       /* what does not fit waits so long for a slow reader */
	BODY_MAX = 64 << 20,
};

struct status {
	const struct worker_env *env;
	struct worker_settings settings;
	struct shm_snapshot snapshot;
	struct pool pool; /* for life: the snapshot's tables */
	struct shm_slot *slot;
};

/* One request. */
struct ask {
	struct status *status;
	struct conn *conn;
	struct pool *pool;
	const struct person *person;
	enum access access;
	struct str query;
	const char *type;   /* of the answer */
	const char *fields; /* more of its head */
	int code;
	const char *reason;
};

static void on_no_memory(void)
{
	_exit(WORKER_NO_MEMORY);
}

/* ---- the query: words with & between them */

static bool has_word(struct str query, struct str word)
{
	while (query.len) {
		const char *end = memchr(query.ptr, '&', query.len);
		size_t len = end ? (size_t)(end - query.ptr) : query.len;
		struct str one = { query.ptr, len };

		if (str_eq(one, word) ||
		    (one.len > word.len && one.ptr[word.len] == '=' &&
		     str_has_prefix(one, word)))
			return true;
		query = (struct str){ query.ptr + len + (end != NULL),
				      query.len - len - (end != NULL) };
	}
	return false;
}

/* ---- answers */

static void set(struct ask *a, int code, const char *reason, const char *type)
{
	a->code = code;
	a->reason = reason;
	a->type = type;
}

static void say(struct ask *a, int code, const char *reason, const char *text)
{
	buf_clear(&a->conn->out);
	set(a, code, reason, "text/plain; charset=utf-8");
	buf_addf(&a->conn->out, "%s\n", text);
}

static void send_answer(struct ask *a)
{
	char head[2048];
	size_t len = a->conn->out.len;
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 %d %s\r\n"
			 "content-type: %s\r\n"
			 "content-length: %zu\r\n"
			 "cache-control: no-store\r\n"
			 "x-content-type-options: nosniff\r\n"
			 "referrer-policy: no-referrer\r\n"
			 "cross-origin-resource-policy: same-origin\r\n"
			 "connection: close\r\n"
			 "%s\r\n",
			 a->code, a->reason, a->type, len, a->fields ? a->fields : "");

	if (http_is_method(&a->conn->http, HTTP_HEAD))
		buf_clear(&a->conn->out);
	/* A client that has gone needs no answer. */
	(void)conn_send(a->conn, (struct str){ head, n > 0 ? (size_t)n : 0 });
}

/* ---- what is asked for */

static void take(struct ask *a, struct status_view *v)
{
	struct status *st = a->status;

	shm_snapshot_take(&st->snapshot, st->env->segment, clock_ms(), clock_wall_s());
	*v = (struct status_view){ .s = &st->snapshot,
				   .env = st->env,
				   .pool = a->pool,
				   .has_names = a->access == ACCESS_NAMES,
				   .is_full = has_word(a->query, STR("full")) };
}

static void answer_me(struct ask *a, struct status_view *v)
{
	if (!a->person) {
		say(a, 401, "Unauthorized",
		    "?me shows your own account: send your token.");
		a->fields = "www-authenticate: Basic realm=\"nim\"\r\n";
		return;
	}
	v->me = a->person;
	if (has_word(a->query, STR("json"))) {
		set(a, 200, "OK", "application/json");
		form_me_json(&a->conn->out, v);
	} else {
		set(a, 200, "OK", "text/html; charset=utf-8");
		a->fields = assets_policy();
		form_page(&a->conn->out, v);
	}
}

static void answer_status(struct ask *a)
{
	struct status_view v;

	take(a, &v);
	if (has_word(a->query, STR("me"))) {
		answer_me(a, &v);
	} else if (has_word(a->query, STR("json"))) {
		set(a, 200, "OK", "application/json");
		form_json(&a->conn->out, &v);
	} else if (has_word(a->query, STR("auto"))) {
		set(a, 200, "OK", "text/plain; charset=utf-8");
		form_auto(&a->conn->out, &v);
	} else {
		set(a, 200, "OK", "text/html; charset=utf-8");
		a->fields = assets_policy();
		form_page(&a->conn->out, &v);
	}
}

static void answer_metrics(struct ask *a)
{
	struct str accept = http_field(&a->conn->http, STR("accept"));
	bool is_open = str_contains_nocase(accept, STR("application/openmetrics-text"));
	struct status_view v;

	take(a, &v);
	set(a, 200, "OK",
	    is_open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		    : "text/plain; version=0.0.4; charset=utf-8");
	form_metrics(&a->conn->out, &v, is_open);
}

static void answer_live(struct ask *a)
{
	say(a, 200, "OK", "ok");
}

static void answer_ready(struct ask *a)
{
	struct status_view v;
	bool is_ready;

	take(a, &v);
	is_ready = health_is_ready(v.s);
	say(a, is_ready ? 200 : 503, is_ready ? "OK" : "Service Unavailable",
	    is_ready ? "ok" : "not ready");
	if (!has_word(a->query, STR("verbose")))
		return;
	for (int i = 0; i < HEALTH_CHECKS; i++) {
		const struct health_check *c = &health_checks[i];
		bool is_well = c->is_well(v.s);

		buf_addf(&a->conn->out, "[%c] %s%s%s%s\n", is_well ? '+' : '-', c->name,
			 is_well ? " ok" : ": ", is_well ? "" : c->problem,
			 is_well || c->is_fatal ? "" : " (it is ready all the same)");
	}
}

static const struct {
	const char *path;
	void (*answer)(struct ask *a);
} routes[] = {
	{ "/status", answer_status },	{ "/", answer_status },
	{ "/metrics", answer_metrics }, { "/livez", answer_live },
	{ "/readyz", answer_ready },	{ "/healthz", answer_ready },
};

/* ---- one connection */

static bool is_allowed(struct ask *a)
{
	const struct http *http = &a->conn->http;

	if (!http_is_method(http, HTTP_GET) && !http_is_method(http, HTTP_HEAD)) {
		say(a, 405, "Method Not Allowed", "Only GET and HEAD are answered here.");
		a->fields = "allow: GET, HEAD\r\n";
		return false;
	}
	a->access = access_of(a->status->env, http, a->conn->fd, &a->person);
	if (a->access == ACCESS_FOREIGN) {
		say(a, 403, "Forbidden",
		    "The status is not for web pages of other sites (Origin, "
		    "Sec-Fetch-Site or Host says that one is asking). Open it by this "
		    "machine's address or name.");
		return false;
	}
	if (a->access == ACCESS_NONE) {
		say(a, 401, "Unauthorized",
		    "A token is wanted: a person's (nim user add) as Authorization: "
		    "Bearer, "
		    "as x-api-key, or as the password of Authorization: Basic.");
		a->fields = "www-authenticate: Basic realm=\"nim\"\r\n";
		return false;
	}
	return true;
}

static void route(struct ask *a)
{
	struct str path = a->conn->http.path, target = a->conn->http.target;

	a->query = (struct str){ NULL, 0 };
	if (target.len > path.len + 1)
		a->query = (struct str){ target.ptr + path.len + 1,
					 target.len - path.len - 1 };
	if (!is_allowed(a))
		return;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (str_eq(path, str_of(routes[i].path))) {
			routes[i].answer(a);
			return;
		}
	say(a, 404, "Not Found",
	    "Here are /status (also ?json, ?auto, ?full, ?me), /metrics, /livez, /readyz "
	    "and "
	    "/healthz.");
}

static void refuse_head(struct ask *a)
{
	const struct an_error_info *info = &an_errors[a->conn->http.problem];

	say(a, info->status, info->reason, a->conn->http.message);
}

static void answer(void *self, int fd)
{
	static struct conn conn;
	struct status *st = self;
	struct waiter waiter = { .alive_fd = -1, .slot = st->slot, .bell_fd = -1 };
	struct pool pool;
	struct ask a = { .status = st, .conn = &conn, .pool = &pool };
	int room = SEND_BUFFER;

	pool_init(&pool, on_no_memory);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room,
			 sizeof(room)); /* else it waits */
	conn_open(&conn, fd, &waiter, &st->settings, pool_buf(&pool, 1));
	switch (conn_read_head(&conn)) {
	case CONN_OK:
		route(&a);
		send_answer(&a);
		break;
	case CONN_BAD:
		refuse_head(&a);
		send_answer(&a);
		break;
	case CONN_GONE:
		break;
	}
	(void)shutdown(fd, SHUT_WR); /* the gate drains and closes it */
	buf_release(&conn.out);
	pool_release(&pool);
	atomic_fetch_add_explicit(&st->slot->handled, 1, memory_order_relaxed);
}

int status_run(const struct worker_env *env, struct shm_slot *slot)
{
	static struct status st;
	const struct shm_shape *shape = &env->segment->shape;
	struct gate_job job = { .listeners = env->status_listeners,
				.listener_count = env->status_count,
				.control_fd = -1,
				.answer = answer,
				.self = &st };

	st.env = env;
	st.slot = slot;
	st.settings = env->settings;
	st.settings.send_timeout_ms = SEND_MS;
	st.settings.head_timeout_ms = SEND_MS; /* the head is there already */
	pool_init(&st.pool, on_no_memory);
	st.snapshot.lanes =
		pool_array(&st.pool, shape->lanes, sizeof(struct shm_lane_row));
	st.snapshot.people =
		pool_array(&st.pool, shape->people, sizeof(struct shm_person_row));
	st.snapshot.models =
		pool_array(&st.pool, SHM_MODELS, sizeof(struct shm_model_row));
	st.snapshot.slots =
		pool_array(&st.pool, shape->slots, sizeof(struct shm_worker_row));
	assets_prepare();
	return gate_run(env, slot, &job);
}
