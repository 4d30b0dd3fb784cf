/* SPDX-License-Identifier: MIT */
/*
 * libcurl, with its traps closed.  Each option that is not obvious has its reason beside
 * it; most of them were measured on 7.88.1.
 */
#include "config.h"

#include "worker/upstream.h"

#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "translate/str.h"
#include "worker/clock.h"

enum {
	IDLE_MAX_S = 110,	  /* a connection idle for longer is not used again */
	UPLOAD_BUFFER = 64 << 10, /* a 100 KB request in two writes */
};

/* The CA store that the master has parsed; each handshake would read the bundle again
 * otherwise. */
static CURLcode use_ca_store(CURL *easy, void *ssl_ctx, void *context)
{
	(void)easy;
	SSL_CTX_set1_cert_store(ssl_ctx, context);
	return CURLE_OK;
}

static void keep_field(char *to, struct str value)
{
	size_t len = value.len < UPSTREAM_FIELD_MAX ? value.len : UPSTREAM_FIELD_MAX - 1;

	memcpy(to, value.ptr, len);
	to[len] = '\0';
}

static void start_head(struct upstream *u)
{
	u->status = 0;
	u->is_head_done = u->is_event_stream = u->is_encoded = false;
	u->retry_after[0] = u->request_id[0] = '\0';
}

static void read_field(struct upstream *u, struct str name, struct str value)
{
	if (str_eq_nocase(name, STR("content-type")))
		u->is_event_stream =
			value.len >= 17 && str_eq_nocase((struct str){ value.ptr, 17 },
							 STR("text/event-stream"));
	else if (str_eq_nocase(name, STR("content-encoding")))
		u->is_encoded = value.len && !str_eq_nocase(value, STR("identity"));
	else if (str_eq_nocase(name, STR("retry-after")))
		keep_field(u->retry_after, value);
	else if (str_eq_nocase(name, STR("nvcf-reqid")) ||
		 str_eq_nocase(name, STR("x-request-id")))
		keep_field(u->request_id, value);
}

/* libcurl calls it once for each line of the head, the status line and the empty line
 * among them. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct upstream *u = context;
	struct str line = str_trim((struct str){ bytes, size * count });
	const char *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;

	if (str_has_prefix(line, STR("HTTP/"))) {
		start_head(u);
	} else if (line.len == 0) {
		long status = 0;

		(void)curl_easy_getinfo(u->easy, CURLINFO_RESPONSE_CODE, &status);
		u->is_head_done = status >= 200; /* 1xx: the real head is to come */
		u->status = u->is_head_done ? (int)status : 0;
	} else if (colon) {
		size_t len = (size_t)(colon - line.ptr);

		read_field(u, (struct str){ line.ptr, len },
			   str_trim((struct str){ colon + 1, line.len - len - 1 }));
	}
	return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct upstream *u = context;
	size_t len = size * count;

	if (u->status == 200 && u->is_event_stream && !u->is_encoded) {
		if (u->on_data(u->context, bytes, len) < 0) {
			u->was_stopped = true;
			return 0;
		}
		return len;
	}
	if (u->error_body.len + len > UPSTREAM_ERROR_BODY_MAX)
		len = UPSTREAM_ERROR_BODY_MAX - u->error_body.len;
	buf_add(&u->error_body, bytes, len);
	return size * count; /* the rest is read and forgotten, so that the connection
				stays whole */
}

#if LIBCURL_VERSION_NUM >= 0x075500
static void set_protocols(CURL *easy, const char *protocols)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
}
#else
static void set_protocols(CURL *easy, const char *protocols)
{
	long allowed = CURLPROTO_HTTPS;

	if (strcmp(protocols, "https") != 0)
		allowed |= CURLPROTO_HTTP;
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, allowed);
}
#endif

static int set_fields(struct upstream *u)
{
	static const char *const fixed[] = {
		"Content-Type: application/json",
		"Accept: text/event-stream, application/json",
		/* NVIDIA's gateway holds the request then, in place of 202 and polling */
		"NVCF-POLL-SECONDS: 3600",
		"Expect:", /* libcurl waits for 100 Continue before a large body otherwise
			    */
	};
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		list = curl_slist_append(list, fixed[i]);
	u->fields = list;
	return list ? 0 : -1;
}

static void set_transport(struct upstream *u)
{
	const struct worker_settings *settings = &u->env->settings;

	curl_easy_setopt(u->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(u->easy, CURLOPT_FOLLOWLOCATION,
			 0L); /* a redirect would carry the key away */
	curl_easy_setopt(u->easy, CURLOPT_PROXY, ""); /* http_proxy would be obeyed */
	curl_easy_setopt(u->easy, CURLOPT_HTTP_VERSION,
			 settings->use_http2 ? CURL_HTTP_VERSION_2TLS
					     : CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(u->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)settings->connect_timeout_ms);
	curl_easy_setopt(u->easy, CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
	curl_easy_setopt(u->easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(u->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(u->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
	curl_easy_setopt(u->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (u->env->ca_store) {
		curl_easy_setopt(u->easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(u->easy, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(u->easy, CURLOPT_SSL_CTX_FUNCTION, use_ca_store);
		curl_easy_setopt(u->easy, CURLOPT_SSL_CTX_DATA, u->env->ca_store);
	}
}

static void set_request(struct upstream *u)
{
	char text[2048];

	set_protocols(u->easy, str_has_prefix(u->env->base_url, STR("http://"))
				       ? "http,https"
				       : "https");
	(void)snprintf(text, sizeof(text), "%.*s/chat/completions",
		       STR_ARG(u->env->base_url));
	curl_easy_setopt(u->easy, CURLOPT_URL, text);
	/* A library's stock User-Agent is answered 403 by the hosted catalog; ours is the
	 * truth. */
	(void)snprintf(text, sizeof(text), "nim-proxy/%s", u->env->version);
	curl_easy_setopt(u->easy, CURLOPT_USERAGENT, text);
	curl_easy_setopt(u->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(u->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(u->easy, CURLOPT_HEADERDATA, u);
	curl_easy_setopt(u->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(u->easy, CURLOPT_WRITEDATA, u);
	curl_easy_setopt(u->easy, CURLOPT_ERRORBUFFER, u->curl_error);
}

int upstream_init(struct upstream *u, const struct worker_env *env)
{
	memset(u, 0, sizeof(*u));
	u->env = env;
	buf_init(&u->error_body, UPSTREAM_ERROR_BODY_MAX);
	u->multi = curl_multi_init();
	u->easy = curl_easy_init();
	if (!u->multi || !u->easy || set_fields(u) < 0) {
		upstream_release(u);
		return -1;
	}
	set_transport(u);
	set_request(u);
	return 0;
}

void upstream_release(struct upstream *u)
{
	upstream_end(u);
	curl_slist_free_all(u->fields);
	if (u->easy)
		curl_easy_cleanup(u->easy);
	if (u->multi)
		(void)curl_multi_cleanup(u->multi);
	buf_release(&u->error_body);
	memset(u, 0, sizeof(*u));
}

static void set_key(struct upstream *u, struct str key)
{
	(void)snprintf(u->key_line, sizeof(u->key_line), "Authorization: Bearer %.*s",
		       STR_ARG(key));
	u->key_field = (struct curl_slist){ u->key_line, u->fields };
	curl_easy_setopt(u->easy, CURLOPT_HTTPHEADER,
			 key.len ? &u->key_field : u->fields);
}

int upstream_begin(struct upstream *u, struct str key, struct str body,
		   upstream_data_fn *on_data, void *context)
{
	start_head(u);
	u->on_data = on_data;
	u->context = context;
	u->is_done = u->was_stopped = false;
	u->result = CURLE_OK;
	u->curl_error[0] = '\0';
	buf_clear(&u->error_body);
	set_key(u, key);
	curl_easy_setopt(u->easy, CURLOPT_POSTFIELDS, body.ptr);
	curl_easy_setopt(u->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	if (curl_multi_add_handle(u->multi, u->easy) != CURLM_OK)
		return -1;
	u->is_running = true;
	return 0;
}

static void perform(struct upstream *u)
{
	int running = 0, left = 0;
	CURLMsg *message;

	if (curl_multi_perform(u->multi, &running) != CURLM_OK) {
		u->is_done = true;
		u->result = CURLE_FAILED_INIT;
	}
	while ((message = curl_multi_info_read(u->multi, &left)))
		if (message->msg == CURLMSG_DONE) {
			u->is_done = true;
			u->result = message->data.result;
		}
}

void upstream_pause(struct upstream *u, struct waiter *w, int client_fd,
		    bool *client_ready, int timeout_ms)
{
	struct curl_waitfd fds[3] = { { .fd = client_fd, .events = CURL_WAIT_POLLIN },
				      { .fd = w->alive_fd, .events = CURL_WAIT_POLLIN },
				      { .fd = w->bell_fd, .events = CURL_WAIT_POLLIN } };
	int ready = 0;

	(void)curl_multi_poll(u->multi, fds, w->bell_fd < 0 ? 2 : 3, timeout_ms,
			      &ready); /* a failure is a short sleep */
	shm_slot_beat(w->slot, clock_ms());
	*client_ready = fds[0].revents != 0;
	w->has_rung = fds[2].revents != 0;
	if (w->alive_fd >= 0 && fds[1].revents)
		wait_orphan(w);
}

void upstream_step(struct upstream *u, struct waiter *w, int client_fd,
		   bool *client_ready, int timeout_ms)
{
	*client_ready = false;
	if (!u->is_done && timeout_ms > 0)
		upstream_pause(u, w, client_fd, client_ready, timeout_ms);
	if (!u->is_done)
		perform(u);
}

void upstream_end(struct upstream *u)
{
	if (!u->is_running)
		return;
	(void)curl_multi_remove_handle(u->multi, u->easy);
	curl_easy_setopt(u->easy, CURLOPT_POSTFIELDS, NULL);
	u->is_running = false;
}

bool upstream_has_begun(const struct upstream *u)
{
	long bytes = 0;

	return curl_easy_getinfo(u->easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK &&
	       bytes > 0;
}

bool upstream_is_heard(const struct upstream *u)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int bytes = 0;

	return curl_easy_getinfo(u->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
	       fd != CURL_SOCKET_BAD && ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes == 0;
}

bool upstream_is_sent(const struct upstream *u, size_t body_len)
{
	curl_off_t sent = 0;

	(void)curl_easy_getinfo(u->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent >= (curl_off_t)body_len;
}

bool upstream_was_stale(const struct upstream *u)
{
	long connects = 0;

	if (!u->is_done || u->result == CURLE_OK || u->status != 0)
		return false;
	return curl_easy_getinfo(u->easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK &&
	       connects == 0;
}

static const struct {
	CURLcode code;
	const char *reason;
} reasons[] = {
	{ CURLE_OK, "the answer ended too early" },
	{ CURLE_COULDNT_RESOLVE_HOST, "its name cannot be resolved" },
	{ CURLE_COULDNT_CONNECT, "the connection was refused" },
	{ CURLE_OPERATION_TIMEDOUT, "the connection could not be made in time" },
	{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, "its TLS certificate is not trusted" },
	{ CURLE_GOT_NOTHING, "it closed the connection without an answer" },
	{ CURLE_SEND_ERROR, "the connection broke while sending" },
	{ CURLE_RECV_ERROR, "the connection broke while receiving" },
	{ CURLE_PARTIAL_FILE, "the answer ended too early" },
	{ CURLE_OUT_OF_MEMORY,
	  "its answer's head is too large" }, /* libcurl's word for that */
	{ CURLE_UNSUPPORTED_PROTOCOL, "it did not answer in HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, "it did not answer in HTTP" },
};

const char *upstream_reason(const struct upstream *u)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == u->result)
			return reasons[i].reason;
	return "the connection failed";
}
