/* SPDX-License-Identifier: MIT */
/*
 * fakenim, the simulated NIM: a server that talks like NVIDIA's hosted catalog on
 * loopback, as strict as the strictest of the real servers, and behaves (or misbehaves)
 * as the model's name says.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/fakenim/behave.h"
#include "tests/fakenim/control.h"
#include "tests/fakenim/posts.h"
#include "tests/fakenim/stats.h"
#include "tests/fakenim/strict.h"
#include "tests/fakenim/strict_json.h"

enum {
	STACK_BYTES = 512 << 10,
	BACKLOG = 4096,
	SEND_TIMEOUT_S = 60,
	PARSE_DEPTH = 130,
	BUSY_TIMES = 3
};

static struct {
	int port;
	const char *key; /* NULL: any key, or none */
	bool any_model;
} options;

static void answer_flat(struct conn *c, int status, const char *type, struct str message)
{
	struct json_object *root = json_object_new_object();
	const char *text;

	json_object_object_add(root, "message",
			       json_object_new_string_len(message.ptr, (int)message.len));
	json_object_object_add(root, "type", json_object_new_string(type));
	json_object_object_add(root, "code", json_object_new_int(status));
	text = json_object_to_json_string_ext(
		root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	conn_answer(c, status, "application/json", NULL, str_of(text));
	(void)json_object_put(root);
}

static void refuse(struct conn *c, int status, const char *type, struct str message)
{
	stats_violation(message);
	answer_flat(c, status, type, message);
}

static void refuse_gateway(struct conn *c, int status, const char *title,
			   const char *detail)
{
	struct str body =
		pool_strf(&c->pool, "{\"status\":%d,\"title\":\"%s\",\"detail\":\"%s\"}",
			  status, title, detail);

	stats_violation(body);
	conn_answer(c, status, "application/json", NULL, body);
}

static struct str key_of(struct conn *c)
{
	struct str sent = conn_field(c, STR("authorization"), NULL);
	struct str scheme = STR("Bearer ");

	if (!str_has_prefix(sent, scheme))
		return (struct str){ NULL, 0 };
	return (struct str){ sent.ptr + scheme.len, sent.len - scheme.len };
}

static bool has_key(struct conn *c)
{
	return !options.key || str_eq(key_of(c), str_of(options.key));
}

/* What belongs to the client's side must not come through. */
static bool check_leaks(struct conn *c)
{
	static const char *const forbidden[] = { "x-api-key",	 "anthropic-",
						 "x-stainless-", "x-app",
						 "cookie",	 "x-claude-" };

	for (size_t i = 0; i < c->field_count; i++) {
		struct str name = conn_field_name(c, i);

		for (size_t f = 0; f < sizeof(forbidden) / sizeof(forbidden[0]); f++) {
			size_t len = strlen(forbidden[f]);

			if (name.len >= len &&
			    str_eq_nocase((struct str){ name.ptr, len },
					  str_of(forbidden[f]))) {
				refuse(c, 400, "Bad Request",
				       pool_strf(&c->pool, "header %.*s was passed on",
						 STR_ARG(name)));
				return false;
			}
		}
	}
	return true;
}

static bool check_head(struct conn *c)
{
	struct str agent = conn_field(c, STR("user-agent"), NULL);
	struct str type = conn_field(c, STR("content-type"), NULL);

	if (!has_key(c)) {
		refuse_gateway(c, 401, "Unauthorized", "Authentication failed");
		return false;
	}
	if (!agent.len || str_has_prefix(agent, STR("OpenAI/"))) {
		refuse_gateway(c, 403, "Forbidden", "Authorization failed");
		return false;
	}
	if (type.len < 16 ||
	    !str_eq_nocase((struct str){ type.ptr, 16 }, STR("application/json"))) {
		refuse(c, 415, "Unsupported Media Type",
		       STR("Expected request with Content-Type application/json"));
		return false;
	}
	return check_leaks(c);
}

/* The body as a tree that hangs on the pool, or NULL after a refusal. */
static struct json_object *read_body(struct conn *c)
{
	struct json_tokener *tokener;
	struct json_object *root;
	size_t at;
	const char *problem = strict_json(buf_str(&c->body), &at);

	if (problem) {
		refuse(c, 400, "Bad Request",
		       pool_strf(&c->pool,
				 "Failed to parse the request body as JSON: %s at "
				 "byte %zu",
				 problem, at));
		return NULL;
	}
	tokener = json_tokener_new_ex(PARSE_DEPTH);
	root = json_tokener_parse_ex(tokener, c->body.data, (int)c->body.len);
	json_tokener_free(tokener);
	pool_own_json(&c->pool, root);
	return root;
}

static bool wants(struct json_object *body, const char *outer, const char *name)
{
	struct json_object *value;

	if (outer)
		body = strict_get(body, outer, json_type_object);
	value = strict_get(body, name, json_type_boolean);
	return value && json_object_get_boolean(value);
}

/* What the gateway says of a key: bad- ones are unknown, busy- ones have to wait. */
static int refuse_key(struct conn *c, struct str key, bool is_over)
{
	static const char too_many[] = "{\"status\":429,\"title\":\"Too Many Requests\"}";
	bool is_busy =
		str_has_prefix(key, STR("busy-")) && posts_count(key) <= BUSY_TIMES;

	if (is_over || is_busy) {
		conn_answer(c, 429, "application/json", NULL, str_of(too_many));
		return 429;
	}
	if (!str_has_prefix(key, STR("bad-")))
		return 0;
	conn_answer(c, 401, "application/json", NULL,
		    STR("{\"status\":401,\"title\":\"Unauthorized\",\"detail\":"
			"\"Authentication failed\"}"));
	return 401;
}

/* Everything is in order: says what the model is there to say. */
static void run(struct turn *t)
{
	bool is_stream = wants(t->body, NULL, "stream");
	struct str key = key_of(t->c);
	bool is_over;
	size_t post =
		posts_begin(key, t->model, control_mark(buf_str(&t->c->body)), &is_over);
	int status = refuse_key(t->c, key, is_over);

	if (status) {
		posts_end(post, status, false);
		return;
	}
	stats_add(STATS_POSTS, 1);
	stats_add(STATS_IN_FLIGHT, 1);
	if (!is_stream)
		stats_add(STATS_UNARY, 1);
	stats_last(t->model, conn_field(t->c, STR("user-agent"), NULL),
		   buf_str(&t->c->body));
	answer_init(&t->a, t->c, t->model, is_stream,
		    wants(t->body, "stream_options", "include_usage"), t->row->form);
	t->a.post = post;
	behave_run(t);
	stats_add(t->c->is_gone && !t->a.has_ended ? STATS_ABORTED : STATS_COMPLETED, 1);
	stats_add(STATS_IN_FLIGHT, -1);
	posts_progress(post, t->a.tokens);
	posts_end(post, t->row->status ? t->row->status : 200,
		  t->c->is_gone && !t->a.has_ended);
}

static void chat(struct conn *c)
{
	struct turn t = { .c = c };
	struct json_object *model;
	struct str problem;

	if (!check_head(c))
		return;
	t.body = read_body(c);
	if (!t.body)
		return;
	model = strict_get(t.body, "model", json_type_string);
	t.model = str_of(model ? json_object_get_string(model) : "");
	if (model && !behave_find(&t, options.any_model)) {
		stats_violation(pool_strf(&c->pool, "unknown model %.64s", t.model.ptr));
		conn_answer(c, 404, "text/plain", NULL, STR("404 page not found\n"));
		return;
	}
	problem = strict_body(&c->pool, t.body);
	if (problem.len)
		refuse(c, 400, "Bad Request", problem);
	else
		run(&t);
}

/* As the hosted list: four members, a constant time, one id twice. */
static void models(struct conn *c)
{
	struct buf *b = pool_buf(&c->pool, 1 << 20);

	buf_lit(b, "{\"object\":\"list\",\"data\":[{\"id\":\"mock/"
		   "normal\",\"object\":\"model\","
		   "\"created\":735790403,\"owned_by\":\"mock\"}");
	for (size_t i = 0; i < behave_count; i++)
		buf_addf(
			b,
			",{\"id\":\"mock/%s\",\"object\":\"model\",\"created\":735790403,"
			"\"owned_by\":\"mock\"}",
			behave_rows[i].name);
	buf_lit(b, "]}");
	conn_answer(c, 200, "application/json", NULL, buf_str(b));
}

static void health(struct conn *c)
{
	conn_answer(c, 200, "application/json", NULL,
		    STR("{\"object\":\"health.response\",\"message\":\"Service is "
			"ready.\"}"));
}

/* NIM 2: the endpoint of its own, as the first releases had it. */
static void native(struct conn *c)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Connection: close\r\n\r\n";
	static const char said[] =
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
		"{\"id\":\"chatcmpl-1\",\"type\":\"message\",\"role\":\"assistant\","
		"\"content\":[],\"model\":\"m\",\"usage\":{\"input_tokens\":5,"
		"\"output_tokens\":0}}}\n\n"
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
		"{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}\n\n"
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
		"data: [DONE]\n\n";

	conn_send(c, head, sizeof(head) - 1);
	conn_send(c, said, sizeof(said) - 1);
	c->wants_close = true;
}

static void native_count(struct conn *c)
{
	conn_answer(c, 200, "application/json", NULL,
		    pool_strf(&c->pool, "{\"input_tokens\":%zu}", c->body.len / 4));
}

/* The gateway's other half of 202: pending twice, then the answer. */
static void poll_status(struct conn *c)
{
	if (stats_nth(STR("poll")) < 2)
		conn_answer(c, 202, "application/json",
			    "NVCF-STATUS: pending-evaluation\r\n", STR("{}"));
	else
		conn_answer(c, 200, "application/json", "NVCF-STATUS: fulfilled\r\n",
			    STR("{\"choices\":[{\"index\":0,\"message\":{\"role\":"
				"\"assistant\",\"content\":\"Hello\"},"
				"\"finish_reason\":\"stop\"}]}"));
}

/* A NIM of one's own tells more of its models than the hosted catalog. */
static void own_models(struct conn *c)
{
	conn_answer(c, 200, "application/json", NULL,
		    STR("{\"object\":\"list\",\"data\":[{\"id\":\"mock/normal\","
			"\"object\":\"model\",\"created\":1,\"owned_by\":\"vllm\","
			"\"root\":\"mock/normal\",\"parent\":null,"
			"\"max_model_len\":65536,\"permission\":[]}]}"));
}

static void not_ready(struct conn *c)
{
	conn_answer(c, 503, "application/json", NULL,
		    STR("{\"object\":\"health.response\",\"message\":\"Service is not "
			"ready.\"}"));
}

static const struct {
	const char *method;
	const char *path;
	void (*handle)(struct conn *c);
	bool is_control; /* not counted */
} routes[] = {
	{ "POST", "/v1/chat/completions", chat, false },
	{ "GET", "/v1/models", models, false },
	{ "GET", "/own/v1/models", own_models, false },
	{ "POST", "/own/v1/messages", native, false },
	{ "POST", "/own/v1/messages/count_tokens", native_count, false },
	{ "GET", "/own/v1/health/ready", not_ready, false },
	{ "GET", "/v2/nvcf/pexec/status/11112222-3333-4444-5555-666677778888",
	  poll_status, false },
	{ "GET", "/v1/health/ready", health, false },
	{ "GET", "/v1/health/live", health, false },
	{ "GET", "/health", health, false },
	{ "GET", "/live", health, false },
	{ "GET", "/control/stats", control_stats, true },
	{ "GET", "/control/keys", control_keys, true },
	{ "GET", "/control/posts", control_posts, true },
	{ "POST", "/control/reset", control_reset, true },
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

static void serve(struct conn *c)
{
	struct str path = conn_path(c);
	const char *method = conn_method(c);
	bool is_known = false;

	for (size_t i = 0; i < ROUTES; i++) {
		if (!str_eq(path, str_of(routes[i].path)))
			continue;
		is_known = true;
		if (strcmp(routes[i].method, method) != 0)
			continue;
		if (!routes[i].is_control)
			stats_add(STATS_REQUESTS, 1);
		routes[i].handle(c);
		return;
	}
	stats_add(STATS_REQUESTS, 1);
	stats_violation(pool_strf(&c->pool, "no such place: %s %.*s", method,
				  path.len < 200 ? (int)path.len : 200, path.ptr));
	if (is_known)
		conn_answer(c, 405, NULL, "Allow: POST\r\n", STR(""));
	else
		conn_answer(c, 404, "text/plain", NULL, STR("404 page not found\n"));
}

static void *talk(void *fd)
{
	struct conn c;
	enum conn_read got;
	bool is_counted = false;

	conn_init(&c, (int)(intptr_t)fd);
	while (!c.is_gone && !c.wants_close) {
		got = conn_read(&c);
		if (got == CONN_BROKEN)
			stats_add(STATS_BROKEN, 1);
		if (got != CONN_REQUEST || c.closes_next)
			break;
		if (!is_counted && !str_has_prefix(conn_path(&c), STR("/control/")))
			stats_add(STATS_CONNECTIONS, 1);
		is_counted = true;
		serve(&c);
	}
	conn_release(&c);
	return NULL;
}

static int listen_on(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof(at);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		perror("fakenim: cannot listen");
		exit(1);
	}
	printf("fakenim: listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
	(void)fflush(stdout);
	return fd;
}

static void accept_all(int listener)
{
	struct timeval limit = { .tv_sec = SEND_TIMEOUT_S };
	pthread_attr_t attributes;
	pthread_t thread;

	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue; /* the client has already left, or no descriptor is free
				   */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (pthread_create(&thread, &attributes, talk, (void *)(intptr_t)fd) != 0)
			(void)close(fd);
	}
}

static void usage(void)
{
	(void)fprintf(stderr,
		      "usage: fakenim [--port N] [--key KEY] [--any-model]\n"
		      "               [--rpm N --window MS]\n"
		      "  --port N     0, the default: a free one, which is printed\n"
		      "  --key KEY    the only key that is let in; without it: any\n"
		      "  --any-model  ids outside of mock/ behave as mock/assistant\n"
		      "  --rpm N      more posts of one key in a --window are answered "
		      "429\n");
	exit(64);
}

int main(int argc, char **argv)
{
	int64_t window_ms = 60000;
	int rpm = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--any-model") == 0)
			options.any_model = true;
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			options.key = argv[++i];
		else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc)
			options.port = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--rpm") == 0 && i + 1 < argc)
			rpm = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--window") == 0 && i + 1 < argc)
			window_ms = strtol(argv[++i], NULL, 10);
		else
			usage();
	}
	posts_limit(rpm, window_ms);
	accept_all(listen_on(options.port));
}
