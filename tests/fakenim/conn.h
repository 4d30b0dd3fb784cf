/* SPDX-License-Identifier: MIT */
/*
 * One client's connection to the simulated NIM: blocking, a thread each, kept open
 * between requests. Reads whole requests with llhttp and writes whatever it is told to,
 * also what no sane server would.
 */
#ifndef NIM_FAKENIM_CONN_H
#define NIM_FAKENIM_CONN_H

#include <llhttp.h>

#include "translate/buf.h"
#include "translate/pool.h"

enum {
	CONN_FIELDS_MAX = 100,
	CONN_HEAD_MAX = 256 << 10,
	CONN_BODY_MAX = 100 << 20, /* above nim's own largest body */
	EARLY_MAX = 256 << 10,	   /* of mock/413-early */
	CONN_IN = 64 << 10,
};

struct conn_field { /* offsets into conn.head */
	size_t name_at, name_len, value_at, value_len;
};

struct conn {
	int fd;
	llhttp_t parser;
	struct pool pool; /* of the current request */
	struct buf head;  /* target and fields, one behind the other */
	struct buf body;
	size_t target_len; /* the target stands first in head */
	struct conn_field fields[CONN_FIELDS_MAX];
	size_t field_count;
	bool is_in_value;
	bool is_complete;
	bool is_gone;	   /* the client has left, or writing failed */
	bool wants_close;  /* after this answer */
	bool closes_next;  /* in place of the next answer */
	size_t from, till; /* unread bytes of in */
	char in[CONN_IN];
};

enum conn_read { CONN_REQUEST, CONN_END, CONN_BROKEN };

/* Takes over fd. */
void conn_init(struct conn *c, int fd);
void conn_release(struct conn *c);

/* Waits for one whole request. CONN_END: the client closed between two requests;
 * CONN_BROKEN: what came is not HTTP/1.1. */
enum conn_read conn_read(struct conn *c);
struct str conn_path(const struct conn *c); /* the target without its query */
const char *conn_method(const struct conn *c);
/* The field's value, empty when it is absent; *is_there may be NULL. */
struct str conn_field(const struct conn *c, struct str name, bool *is_there);
struct str conn_field_name(const struct conn *c, size_t i);
struct str conn_field_value(const struct conn *c, size_t i);

/* Writes all of it, or sets is_gone. */
void conn_send(struct conn *c, const char *bytes, size_t len);
/* A whole answer. fields: further lines, each with CRLF. */
void conn_answer(struct conn *c, int status, const char *type, const char *fields,
		 struct str body);
/* Sleeps, but wakes when the client leaves (is_gone). */
void conn_sleep(struct conn *c, int64_t ms);
/* The next close sends RST in place of FIN. */
void conn_reset(struct conn *c);

#endif
