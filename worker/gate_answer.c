/* SPDX-License-Identifier: MIT */
/* An answer of the gate fits the empty send buffer of a new connection, so sending it
 * never waits. */
#include "config.h"

#include "worker/gate_answer.h"

#include <errno.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <unistd.h>

#include "translate/ids.h"
#include "worker/worker.h"

enum {
	BODY_MAX = 4 << 10,
	TEXT_MAX = 8 << 10,
	DRAIN_PIECE = 64 << 10, /* then the others get their turn */
};

static void on_no_memory(void)
{
	_exit(WORKER_NO_MEMORY);
}

static void compose(struct buf *text, struct pool *pool, const struct an_error *e)
{
	const struct an_error_info *info = &an_errors[e->kind];
	struct buf *body = pool_buf(pool, BODY_MAX);
	uint8_t random[IDS_RANDOM] = { 0 };
	struct str id;

	(void)RAND_bytes(random, sizeof(random)); /* without it two ids may be equal */
	id = ids_make(pool, STR("req_"), random);
	an_error_body(body, e, id);
	buf_addf(text,
		 "HTTP/1.1 %d %s\r\n"
		 "content-type: application/json\r\n"
		 "content-length: %zu\r\n"
		 "connection: close\r\n"
		 "request-id: %.*s\r\n",
		 info->status, info->reason, body->len, STR_ARG(id));
	if (e->retry_after > 0)
		buf_addf(text, "retry-after: %d\r\n", e->retry_after);
	buf_lit(text, "\r\n");
	buf_adds(text, buf_str(body));
}

void gate_answer(int fd, const struct an_error *e)
{
	struct pool pool;
	struct buf *text;

	pool_init(&pool, on_no_memory);
	text = pool_buf(&pool, TEXT_MAX);
	compose(text, &pool, e);
	/* Who has left already can't be told. */
	(void)send(fd, text->data, text->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	pool_release(&pool);
}

bool gate_drain(int fd)
{
	static char forgotten[DRAIN_PIECE];
	ssize_t n = recv(fd, forgotten, sizeof(forgotten), MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}
