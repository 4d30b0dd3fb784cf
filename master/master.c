/* SPDX-License-Identifier: MIT */
/* From a configuration to a running service, and back to nothing. */
#include "config.h"

#include "master/master.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/harden.h"
#include "master/listen.h"
#include "master/spawn.h"
#include "worker/clock.h"
#include "worker/tls_warm.h"

enum {
	TICK_MS = 1000,
	SPARE_FDS = 64, /* listeners, epoll, log … */
};

struct master {
	struct conf *conf;
	struct worker_env env;
	struct shm_segment segment;
	struct children children;
	int signal_fd;
	int lock_fd; /* of those who need us; -1 = none */
	bool is_stopping;
	bool has_killed;   /* what was left at the end of the drain time */
	bool has_terminal; /* the log goes to one */
	int64_t kill_at_ms;
};

static void open_listeners(struct master *m)
{
	struct conf *c = m->conf;

	for (int i = 0; i < c->listen_count; i++) {
		char why[256];
		int fd;

		fd = listen_open(&c->listen[i], why);
		if (fd < 0)
			die("%s", why);
		m->env.listeners[m->env.listener_count++] = fd;
	}
}

static void fill_env(struct master *m)
{
	struct conf *c = m->conf;
	struct worker_env *env = &m->env;

	env->settings = c->settings;
	env->models = c->models;
	env->base_url = c->base_url;
	env->api_key = c->api_key;
	env->has_proxy_key = c->proxy_api_key.len > 0;
	SHA256((const uint8_t *)(c->proxy_api_key.ptr ? c->proxy_api_key.ptr : ""),
	       c->proxy_api_key.len, env->proxy_key_sha256);
	env->version = PACKAGE_VERSION;
	env->start_wall_s = clock_wall_s();
	env->segment = &m->segment;
}

/* What would be done in each child again is done once, before the first fork. */
static void warm(struct master *m)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("cannot start libcurl");
	tls_warm_handshake(); /* http:// too: ids want random bytes, and those all of it
			       */
	if (!str_has_prefix(m->env.base_url, STR("https://")))
		return;
	m->env.ca_store = tls_warm_ca_store();
	if (!m->env.ca_store)
		die("cannot read the system's CA certificates; install them "
		    "(ca-certificates), or name a file in SSL_CERT_FILE");
}

static int watch_signals(void)
{
	static const int numbers[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	struct sigaction ignore;
	sigset_t set;
	int fd;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &ignore, NULL); /* a log nobody reads must not end us */
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		die("cannot block signals: %s", strerror(errno));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("cannot watch signals: %s", strerror(errno));
	return fd;
}

/* Each waiting client costs the gate a descriptor, each worker two. */
static void check_descriptors(const struct conf *c)
{
	int64_t wanted = c->settings.waiting_max + c->workers_max * 2 + SPARE_FDS;
	int64_t limit = harden_descriptors();

	if (limit < wanted)
		log_say(LOG_LEVEL_WARN, "descriptors",
			"%lld are allowed, waiting_max = %lld wants %lld: raise the "
			"limit "
			"(ulimit -n), or fewer clients can wait",
			(long long)limit, (long long)c->settings.waiting_max,
			(long long)wanted);
}

static void log_ready(const struct master *m)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_INFO, "ready");
	for (int i = 0; i < m->env.listener_count; i++) {
		char name[LISTEN_TEXT];

		listen_name(m->env.listeners[i], name);
		log_text(&l, "listen", name);
	}
	log_int(&l, "workers", m->conf->workers_max);
	log_str(&l, "upstream", m->env.base_url);
	log_text(&l, "key", m->env.api_key.len ? "yes" : "no");
	log_str(&l, "model", m->env.models.default_model);
	log_text(&l, "version", PACKAGE_VERSION);
	log_int(&l, "pid", getpid());
	log_end(&l);
}

/* The configured models have their rows before a client can fill the table with names. */
static void claim_models(struct master *m)
{
	const struct models *models = &m->conf->models;

	for (size_t i = 0; i < models->count; i++)
		(void)shm_model_find(m->segment.models, models->list[i].id.ptr,
				     (unsigned)models->list[i].id.len);
	if (models->default_model.len > 0)
		(void)shm_model_find(m->segment.models, models->default_model.ptr,
				     (unsigned)models->default_model.len);
}

/* In this order: what root may do, then what the user is to own. */
static void prepare(struct master *m)
{
	uint32_t slots = (uint32_t)m->conf->workers_max + 1;

	m->has_terminal = isatty(STDERR_FILENO) != 0;
	harden_environment();
	harden_process();
	check_descriptors(m->conf);
	open_listeners(m);
	fill_env(m);
	warm(m);
	harden_user(m->conf->user);
	if (shm_segment_make(&m->segment, slots, clock_wall_s(), clock_ms()) < 0)
		die("cannot make the shared segment: %s", strerror(errno));
	claim_models(m);
	m->signal_fd = watch_signals();
	if (spawn_init(&m->children, &m->env, slots, m->signal_fd, &m->conf->pool) < 0)
		die("cannot make a pipe: %s", strerror(errno));
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		spawn_bury(&m->children, pid, status, clock_ms());
}

static void stop(struct master *m, const char *why)
{
	if (m->is_stopping) {
		m->kill_at_ms = 0; /* the second signal: now */
		return;
	}
	m->is_stopping = true;
	m->kill_at_ms = clock_ms() + m->conf->drain_timeout_ms;
	log_say(LOG_LEVEL_INFO, "stopping", "%s: running answers have %lld ms", why,
		(long long)m->conf->drain_timeout_ms);
	for (int i = 0; i < m->env.listener_count; i++)
		(void)close(
			m->env.listeners[i]); /* the gate's copies end with the gate */
	m->env.listener_count = 0;
	spawn_signal(&m->children, SIGTERM);
}

/* A closed terminal sends the same signal as who wants a reload. */
static void on_hangup(struct master *m)
{
	if (m->has_terminal && !isatty(STDERR_FILENO))
		stop(m, "the terminal was closed");
	else
		log_say(LOG_LEVEL_WARN, "reload",
			"this version reads its files at start only: restart it");
}

static void on_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			stop(m, strsignal((int)info.ssi_signo));
			break;
		case SIGHUP:
			on_hangup(m);
			break;
		default: /* SIGCHLD: reap() looks at all of them */
			break;
		}
	}
	reap(m);
}

/* The drain time is over, or a second signal came. */
static void kill_rest(struct master *m)
{
	uint32_t count = spawn_signal(&m->children, SIGKILL);

	if (!m->has_killed && count > 0)
		log_say(LOG_LEVEL_WARN, "killed", "%u processes had not ended", count);
	m->has_killed = true;
}

static int sleep_ms(const struct master *m)
{
	if (m->is_stopping && !m->has_killed)
		return clock_left(m->kill_at_ms, TICK_MS);
	return TICK_MS;
}

static void tick(struct master *m)
{
	int64_t now_ms = clock_ms();
	bool has_untold = false;
	struct pollfd fds[2] = { { .fd = m->signal_fd, .events = POLLIN },
				 { .fd = -1, .events = POLLOUT } };

	atomic_store(&m->segment.header->master_beat_ms, now_ms);
	if (!m->is_stopping) {
		spawn_missing(&m->children, now_ms);
		has_untold = spawn_tell(&m->children);
	} else if (now_ms >= m->kill_at_ms) {
		kill_rest(m);
	}
	if (has_untold)
		fds[1].fd = m->children.control_fd;
	if (poll(fds, 2, sleep_ms(m)) > 0 && fds[0].revents != 0)
		on_signals(m);
	if (now_ms - m->children.watched_ms >= TICK_MS) {
		spawn_watch(&m->children, clock_ms());
		/* Once taken it is kept to the end: who comes now waits for that. */
		if (!m->is_stopping && m->lock_fd >= 0 &&
		    flock(m->lock_fd, LOCK_EX | LOCK_NB) == 0)
			stop(m, "nobody uses it any more");
	}
}

/* The last word: what has been counted, since nobody can ask any more. */
static void log_stopped(const struct master *m)
{
	struct shm_delta totals;
	struct log_line l;

	shm_segment_totals(&m->segment, &totals);
	log_begin(&l, LOG_LEVEL_INFO, "stopped");
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		log_int(&l, shm_counter_names[i], (int64_t)totals.by[i]);
	log_end(&l);
}

int master_run(struct conf *c, int lock_fd)
{
	static struct master m;

	m.conf = c;
	m.lock_fd = lock_fd;
	log_set_level(c->log_level);
	prepare(&m);
	spawn_missing(&m.children, clock_ms());
	m.children.watched_ms = clock_ms();
	log_ready(&m);
	while (!m.is_stopping || spawn_living(&m.children) > 0)
		tick(&m);
	log_stopped(&m);
	shm_segment_close(&m.segment);
	X509_STORE_free(m.env.ca_store);
	curl_global_cleanup();
	return 0;
}
