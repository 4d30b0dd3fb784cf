/* SPDX-License-Identifier: MIT */
/* From a configuration to a running service, and back to nothing. */
#include "config.h"

#include "master/master.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/harden.h"
#include "master/keep.h"
#include "master/listen.h"
#include "master/notify.h"
#include "master/spawn.h"
#include "worker/clock.h"
#include "worker/tls_warm.h"

enum {
	TICK_MS = 1000,
	RENEW_MS = 10,	/* while new workers are awaited */
	SPARE_FDS = 64, /* listeners, epoll, log … */
};

struct master {
	struct conf *conf;
	const char *path; /* of its file, as it was asked for */
	struct worker_env env;
	struct keep keep;
	struct children children;
	int signal_fd;
	int lock_fd; /* of those who need us; -1 = none */
	bool is_stopping;
	bool has_killed;   /* what was left at the end of the drain time */
	bool has_terminal; /* the log goes to one */
	struct pool pool;
	struct conf confs[2]; /* of the reloads, in turns */
	int64_t kill_at_ms;
};

/* A status that nobody has asked for is no reason not to start. */
static void open_status(struct master *m)
{
	struct conf *c = m->conf;

	for (int i = 0; i < c->status_count; i++) {
		char why[256];
		int fd = listen_open(&c->status[i], why);

		if (fd < 0 && c->has_status)
			die("status: %s", why);
		if (fd < 0)
			log_say(LOG_LEVEL_WARN, "status", "%s; there is no status page",
				why);
		else
			m->env.status_listeners[m->env.status_count++] = fd;
	}
}

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
	env->people = c->people;
	env->status_open = c->status_open;
	env->worker_count = (uint32_t)c->workers_max;
	env->version = PACKAGE_VERSION;
	env->segment = &m->keep.segment;
}

/* What would be done in each child again is done once, before the first fork. */
static void warm(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("cannot start libcurl");
	tls_warm_handshake(); /* http:// too: ids want random bytes, and those all of it
			       */
}

/* The CA certificates, for an upstream that wants them. 0, or -1 when there are none. */
static int warm_store(struct master *m)
{
	if (!str_has_prefix(m->conf->base_url, STR("https://")) || m->env.ca_store)
		return 0;
	m->env.ca_store = tls_warm_ca_store();
	return m->env.ca_store ? 0 : -1;
}

static const char no_roots[] = "cannot read the system's CA certificates; install them "
			       "(ca-certificates), or name "
			       "a file in SSL_CERT_FILE";

static void make_bells(struct master *m)
{
	for (int i = 0; i < ENV_BELLS; i++) {
		m->env.bells[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (m->env.bells[i] < 0)
			die("cannot make an eventfd: %s", strerror(errno));
	}
	m->env.books_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->env.books_fd < 0)
		die("cannot make an eventfd: %s", strerror(errno));
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
	for (int i = 0; i < m->env.status_count; i++) {
		char name[LISTEN_TEXT];

		listen_name(m->env.status_listeners[i], name);
		log_text(&l, "status", name);
	}
	log_int(&l, "workers", m->conf->workers_max);
	log_str(&l, "upstream", m->env.base_url);
	log_int(&l, "lanes", (int64_t)m->env.people.lane_count);
	log_text(&l, "key", m->env.people.lanes[0].key_count ? "yes" : "no");
	if (m->env.people.has_file)
		log_int(&l, "people", (int64_t)m->env.people.count);
	log_str(&l, "model", m->env.models.default_model);
	log_text(&l, "version", PACKAGE_VERSION);
	log_int(&l, "pid", getpid());
	log_end(&l);
}

/* In this order: what root may do, then what the user is to own. */
static void prepare(struct master *m)
{
	m->has_terminal = isatty(STDERR_FILENO) != 0;
	notify_init();
	harden_environment();
	harden_process();
	check_descriptors(m->conf);
	open_listeners(m);
	open_status(m);
	keep_take_folder(&m->keep, m->conf);
	warm();
	if (warm_store(m) < 0)
		die("%s", no_roots);
	harden_user(m->conf->user);
	keep_open(&m->keep, m->conf);
	fill_env(m);
	m->env.start_wall_s = clock_wall_s();
	make_bells(m);
	m->signal_fd = watch_signals();
	if (spawn_init(&m->children, &m->env, m->keep.segment.shape.slots, m->signal_fd,
		       &m->pool) < 0)
		die("cannot make a pipe: %s", strerror(errno));
	m->children.wanted = (uint32_t)m->conf->workers_max;
	if (m->keep.is_adopted)
		spawn_adopt(&m->children, clock_ms());
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!keep_bury(&m->keep, pid, status))
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
	atomic_store(&m->keep.segment.header->is_draining, 1);
	(void)spawn_signal(&m->children, CHILD_IS_GATE, SIGTERM);
	(void)spawn_signal(&m->children, CHILD_IS_WORKER, SIGTERM);
}

/* The status is there until nobody else is. */
static bool has_company(struct master *m)
{
	if (spawn_living(&m->children, CHILD_IS_GATE) > 0 ||
	    spawn_living(&m->children, CHILD_IS_WORKER) > 0)
		return true;
	return spawn_signal(&m->children, CHILD_IS_STATUS, SIGTERM) > 0;
}

/* Every line of it is one of the log. */
static void log_lines(enum log_level level, const struct buf *lines)
{
	struct str rest = buf_str(lines);

	while (rest.len > 0) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;

		log_say(level, "reload", "%.*s", (int)len, rest.ptr);
		rest = (struct str){ rest.ptr + len + (end != NULL),
				     rest.len - len - (end != NULL) };
	}
}

static bool are_listeners_the_same(const struct conf *a, const struct conf *b)
{
	if (a->listen_count != b->listen_count)
		return false;
	for (int i = 0; i < a->listen_count; i++)
		if (!str_eq(a->listen[i].address, b->listen[i].address) ||
		    a->listen[i].port != b->listen[i].port)
			return false;
	return true;
}

/* NULL when the new configuration is in use; what is wrong with it otherwise. */
static const char *renew(struct master *m, struct conf *next)
{
	struct conf *old = m->conf;
	const char *why;

	if (!rows_fit(next, &m->keep.segment.shape))
		return "there is no room for so many workers, lanes, pools or people: "
		       "restart it";
	m->conf = next;
	if (warm_store(m) < 0) {
		m->conf = old;
		return no_roots;
	}
	if (rows_configure(&m->keep.segment, next, &why) < 0) {
		m->conf = old;
		return why;
	}
	if (!are_listeners_the_same(old, next))
		log_say(LOG_LEVEL_WARN, "reload",
			"listen has changed: that wants a restart; all else is in use");
	log_set_level(next->log_level);
	fill_env(m);
	spawn_renew(&m->children, (uint32_t)next->workers_max);
	return NULL;
}

static void reload(struct master *m)
{
	struct conf *next = m->conf == &m->confs[0] ? &m->confs[1] : &m->confs[0];
	struct shm_header *header = m->keep.segment.header;
	struct conf *old = m->conf;
	const char *why = "the files have errors";

	if (conf_read(next, m->path) == 0)
		why = renew(m, next);
	log_lines(LOG_LEVEL_WARN, &next->warnings);
	log_lines(LOG_LEVEL_ERROR, &next->errors);
	if (why) {
		atomic_fetch_add(&header->reload_errors, 1);
		log_say(LOG_LEVEL_ERROR, "reload", "%s; nothing was changed", why);
		conf_release(next);
		return;
	}
	atomic_fetch_add(&header->reloads, 1);
	log_say(LOG_LEVEL_INFO, "reloaded", "%zu lanes, %zu people, %lld workers",
		next->people.lane_count, next->people.count,
		(long long)next->workers_max);
	if (old == &m->confs[0] || old == &m->confs[1])
		conf_release(old); /* the first one is the caller's */
}

/* A closed terminal sends the same signal as who wants a reload. */
static void on_hangup(struct master *m)
{
	if (m->has_terminal && !isatty(STDERR_FILENO))
		stop(m, "the terminal was closed");
	else if (!m->is_stopping)
		reload(m);
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
	uint32_t count = spawn_signal(&m->children, CHILD_IS_GATE, SIGKILL) +
			 spawn_signal(&m->children, CHILD_IS_WORKER, SIGKILL);

	if (!m->has_killed && count > 0)
		log_say(LOG_LEVEL_WARN, "killed", "%u processes had not ended", count);
	m->has_killed = true;
}

static int sleep_ms(const struct master *m)
{
	if (m->is_stopping && !m->has_killed)
		return clock_left(m->kill_at_ms, TICK_MS);
	return m->children.has_old ? RENEW_MS : TICK_MS;
}

static void tick(struct master *m)
{
	int64_t now_ms = clock_ms();
	bool has_untold = false;
	uint64_t calls;
	struct pollfd fds[3] = { { .fd = m->signal_fd, .events = POLLIN },
				 { .fd = m->env.books_fd, .events = POLLIN },
				 { .fd = -1, .events = POLLOUT } };

	atomic_store(&m->keep.segment.header->master_beat_ms, now_ms);
	keep_tick(&m->keep, now_ms);
	if (!m->is_stopping) {
		if (m->keep.is_adopted)
			spawn_look_at_foreign(&m->children, now_ms);
		spawn_missing(&m->children, now_ms);
		has_untold = spawn_tell(&m->children);
		spawn_retire(&m->children);
	} else if (now_ms >= m->kill_at_ms) {
		kill_rest(m);
	}
	if (has_untold)
		fds[2].fd = m->children.control_fd;
	if (poll(fds, 3, sleep_ms(m)) > 0) {
		if (fds[1].revents)
			(void)!read(m->env.books_fd, &calls, sizeof(calls));
		if (fds[0].revents)
			on_signals(m);
	}
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

	shm_segment_totals(&m->keep.segment, &totals);
	log_begin(&l, LOG_LEVEL_INFO, "stopped");
	for (size_t i = 0; i < SHM_COUNTER_COUNT; i++)
		log_int(&l, shm_counter_names[i], (int64_t)totals.by[i]);
	log_end(&l);
}

int master_run(struct conf *c, const char *path, int lock_fd)
{
	static struct master m;

	m.conf = c;
	m.path = path;
	pool_init(&m.pool, NULL);
	m.lock_fd = lock_fd;
	log_set_level(c->log_level);
	prepare(&m);
	spawn_missing(&m.children, clock_ms());
	m.children.watched_ms = clock_ms();
	log_ready(&m);
	(void)notify_send("READY=1", -1); /* without systemd nobody hears it */
	while (!m.is_stopping || has_company(&m))
		tick(&m);
	keep_tick(&m.keep, INT64_MIN);
	log_stopped(&m);
	keep_close(&m.keep);
	X509_STORE_free(m.env.ca_store);
	curl_global_cleanup();
	if (m.conf != c)
		conf_release(m.conf);
	pool_release(&m.pool);
	return 0;
}
