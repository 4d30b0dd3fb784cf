/* SPDX-License-Identifier: MIT */
/* The table of everything this server answers. */
#include "config.h"

#include "worker/route.h"

#include <unistd.h>

#include "worker/catalog.h"
#include "worker/clock.h"
#include "worker/keys.h"
#include "worker/log.h"
#include "worker/messages.h"
#include "worker/reply.h"

enum { ROUTE_GET, ROUTE_POST, ROUTE_METHODS };
enum { BOOKS_LOOK_MS = 10 };

static const struct {
	llhttp_method_t methods[2];
	const char *allow;
} route_methods[ROUTE_METHODS] = {
	[ROUTE_GET] = { { HTTP_GET, HTTP_HEAD }, "GET, HEAD" },
	[ROUTE_POST] = { { HTTP_POST, HTTP_POST }, "POST" },
};

struct route {
	const char *path;
	bool is_prefix; /* the path goes on: r->rest */
	int methods;
	bool is_counted; /* a request for the books and the log */
	bool needs_key;
	void (*handle)(struct req *r);
};

static const struct route routes[] = {
	{ "/v1/messages", false, ROUTE_POST, true, true, messages_handle },
	{ "/v1/messages/count_tokens", false, ROUTE_POST, true, true, count_handle },
	{ "/v1/models", false, ROUTE_GET, false, true, catalog_list },
	{ "/v1/models/", true, ROUTE_GET, false, true, catalog_get },
	{ "/healthz", false, ROUTE_GET, false, false, catalog_health },
	{ "/api/hello", false, ROUTE_GET, false, false, catalog_hello },
	{ "/", false, ROUTE_GET, false, false, catalog_hello },
};

static const struct route *find(struct req *r)
{
	struct str path = r->conn->http.path;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct str known = str_of(routes[i].path);

		if (routes[i].is_prefix
			    ? path.len > known.len && str_has_prefix(path, known)
			    : str_eq(path, known)) {
			r->rest = (struct str){ path.ptr + known.len,
						path.len - known.len };
			return &routes[i];
		}
	}
	return NULL;
}

static bool is_method(const struct req *r, const struct route *route)
{
	const llhttp_method_t *methods = route_methods[route->methods].methods;

	return http_is_method(&r->conn->http, methods[0]) ||
	       http_is_method(&r->conn->http, methods[1]);
}

/* A form that a web page can send without asking first must not pass for a request of
 * ours. */
static bool is_json(const struct http *http)
{
	struct str type = http_field(http, STR("content-type"));
	const char *end = type.len ? memchr(type.ptr, ';', type.len) : NULL;

	if (end)
		type = str_trim((struct str){ type.ptr, (size_t)(end - type.ptr) });
	return str_eq_nocase(type, STR("application/json"));
}

static void note_person(struct req *r)
{
	atomic_store(&r->slot->person, r->person->row);
	if (r->entry)
		atomic_store(&r->entry->person, r->person->row);
}

static int check_person(struct req *r, const struct route *route)
{
	struct an_error e = { .kind = AN_AUTHENTICATION, .want_no_retry = true };

	if (!route->needs_key)
		return 0;
	r->person = keys_person(r->env, &r->conn->http);
	if (r->person) {
		note_person(r);
		return 0;
	}
	e.message =
		r->env->people.has_file
			? STR("The token is missing or wrong: send your own (nim user "
			      "add has printed it) as x-api-key or as Authorization: "
			      "Bearer.")
			: STR("The key is missing or wrong: send this proxy's key "
			      "(PROXY_API_KEY) as x-api-key or as Authorization: "
			      "Bearer.");
	reply_error(r, &e);
	return -1;
}

static int read_body(struct req *r, const struct route *route)
{
	struct http *http = &r->conn->http;

	if (route->methods != ROUTE_POST)
		return 0;
	if (!is_json(http)) {
		reply_fail(r, AN_MEDIA_TYPE, "Content-Type must be application/json.");
		return -1;
	}
	switch (conn_read_body(r->conn)) {
	case CONN_OK:
		r->read_ms = clock_ms();
		return 0;
	case CONN_BAD:
		reply_fail(r, http->problem, http->message);
		return -1;
	case CONN_GONE:
		break;
	}
	return -1;
}

static void serve(struct req *r, const struct route *route)
{
	if (!is_method(r, route))
		reply_not_allowed(r, route_methods[route->methods].allow);
	else if (check_person(r, route) == 0 && read_body(r, route) == 0)
		route->handle(r);
}

/* What was known of the prompt's tokens beforehand beside what the upstream counted. */
static void log_tokens(struct log_line *l, const struct req *r)
{
	const struct an_usage *usage = &r->stream.usage;
	int64_t counted = usage->input_tokens + usage->cached_tokens;

	log_int(l, "in", usage->input_tokens);
	log_int(l, "cached", usage->cached_tokens);
	log_int(l, "out", usage->output_tokens);
	if (usage->is_estimated)
		log_text(l, "tokens", "estimated");
	else if (counted > 0 && r->input_estimate > 0)
		log_int(l, "estimate_off_percent",
			(r->input_estimate - counted) * 100 / counted);
}

/* Who asked, and how long the lane made him wait. */
static void log_turn(struct log_line *l, const struct req *r)
{
	if (r->person)
		log_str(l, "person", r->person->name);
	if (r->turn.session.len)
		log_str(l, "session", r->turn.session);
	if (r->turn.lane)
		log_str(l, "lane", r->turn.lane->name);
	if (r->turn.granted_ms)
		log_int(l, "wait_ms", r->turn.granted_ms - r->began_ms);
}

static void log_request(const struct req *r)
{
	struct log_line l;
	int64_t now = clock_ms();

	log_begin(&l, LOG_LEVEL_INFO, "request");
	log_str(&l, "id", r->id);
	log_text(&l, "route", r->route);
	log_int(&l, "status", r->status);
	log_text(&l, "outcome", shm_counter_names[r->outcome]);
	log_turn(&l, r);
	log_str(&l, "asked", r->model_asked);
	log_str(&l, "model", r->model ? r->model->id : (struct str){ NULL, 0 });
	log_text(&l, "stream", r->asked.is_stream ? "yes" : "no");
	if (r->first_ms)
		log_int(&l, "first_ms", r->first_ms - r->began_ms);
	log_int(&l, "ms", now - r->began_ms);
	log_tokens(&l, r);
	if (r->retries)
		log_int(&l, "retries", r->retries);
	if (r->stream.repairs)
		log_int(&l, "repairs", r->stream.repairs);
	if (r->upstream_id.len)
		log_str(&l, "upstream_id", r->upstream_id);
	if (r->has_error) {
		log_text(&l, "error", an_errors[r->error.kind].type);
		if (r->upstream_status)
			log_int(&l, "upstream_status", r->upstream_status);
		if (!r->is_quoting)
			log_str(&l, "why", r->error.message);
	}
	log_end(&l);
}

/* The master books what is done, once a second or when it is called. */
static void call_master(const struct req *r)
{
	uint64_t one = 1;

	(void)!write(r->env->books_fd, &one,
		     sizeof(one)); /* full: it is called already */
}

/* A free entry of the books; the master has to fall far behind before one is waited for.
 */
static int begin(struct req *r)
{
	for (;;) {
		bool ignored;

		r->entry = shm_slot_begin(r->slot, r->id.ptr, r->began_ms);
		if (r->entry)
			return 0;
		call_master(r);
		upstream_pause(r->upstream, r->conn->waiter, -1, &ignored, BOOKS_LOOK_MS);
		if (r->conn->waiter->is_orphaned)
			return -1;
	}
}

/* For the status: what failed last. */
static void note_error(struct req *r)
{
	struct shm_error e = { .wall_s = clock_wall_s(),
			       .kind = (uint32_t)r->error.kind,
			       .status = (uint32_t)r->status,
			       .upstream_status = (uint32_t)r->upstream_status,
			       .person = atomic_load(&r->entry->person),
			       .lane = atomic_load(&r->entry->lane),
			       .model = atomic_load(&r->entry->model) };

	memcpy(e.id, r->id.ptr, r->id.len < sizeof(e.id) ? r->id.len : sizeof(e.id) - 1);
	shm_errors_add(r->env->segment->errors, &e);
}

static void account(struct req *r)
{
	if (r->has_error)
		note_error(r);
	shm_entry_time(r->entry, SHM_HIST_duration, clock_ms() - r->began_ms);
	shm_slot_end(r->slot, r->entry, r->outcome);
	if (shm_slot_unbooked(r->slot) >= SHM_ENTRIES / 2)
		call_master(r);
	log_request(r);
}

void route_serve(struct req *r)
{
	struct http *http = &r->conn->http;
	const struct route *route;

	r->outcome = SHM_aborted; /* until somebody knows better */
	switch (conn_read_head(r->conn)) {
	case CONN_GONE:
		return;
	case CONN_BAD:
		reply_fail(r, http->problem, http->message);
		return;
	case CONN_OK:
		break;
	}
	route = find(r);
	if (keys_is_browser(http, r->conn->fd)) {
		reply_fail(r, AN_PERMISSION,
			   "This proxy does not answer web pages (Origin, Sec-Fetch-Site "
			   "or Host "
			   "says that one is asking).");
	} else if (!route) {
		reply_fail(r, AN_NOT_FOUND,
			   "This path does not exist here. The API is at /v1/messages, "
			   "/v1/messages/count_tokens and /v1/models.");
	} else {
		r->route = route->path;
		if (route->is_counted && begin(r) < 0)
			return;
		serve(r, route);
		if (route->is_counted)
			account(r);
	}
}
