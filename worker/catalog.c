/* SPDX-License-Identifier: MIT */
/*
 * The list of models comes from models.conf alone: the upstream's own list names models
 * that a key may not call, and says nothing of their limits. Each stands there twice, by
 * its id and with MODELS_PREFIX in front of it.
 */
#include "config.h"

#include "worker/catalog.h"

#include <time.h>

#include "translate/jput.h"
#include "worker/reply.h"

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000 };

/* One line of the list. */
struct entry {
	const struct model *model;
	struct str id; /* by which it was asked for, or is listed */
};

static void put_model(struct buf *b, const struct worker_env *env, const struct entry *e)
{
	const struct model *m = e->model;

	char created[32];
	time_t at = (time_t)env->start_wall_s;
	struct tm utc;

	gmtime_r(&at, &utc);
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc);
	buf_lit(b, "{\"type\":\"model\",\"id\":");
	jput_str(b, e->id);
	buf_lit(b, ",\"display_name\":");
	jput_str(b, m->id);
	buf_lit(b, ",\"created_at\":");
	jput_str(b, str_of(created));
	if (m->context) {
		buf_lit(b, ",\"max_input_tokens\":");
		jput_int(b, m->context);
	}
	if (m->max_output) {
		buf_lit(b, ",\"max_tokens\":");
		jput_int(b, m->max_output);
	}
	buf_lit(b, "}");
}

/* The value of a query's field, as it stands; empty when absent. */
static struct str query_field(const struct http *http, struct str name)
{
	struct str rest = { http->target.ptr + http->path.len,
			    http->target.len - http->path.len };

	while (rest.len) {
		const char *start = rest.ptr + 1; /* behind ? or & */
		size_t len = rest.len - 1;
		const char *end = len ? memchr(start, '&', len) : NULL;
		struct str pair = { start, end ? (size_t)(end - start) : len };

		rest = (struct str){ start + pair.len, len - pair.len };
		if (pair.len > name.len && str_has_prefix(pair, name) &&
		    start[name.len] == '=')
			return (struct str){ start + name.len + 1,
					     pair.len - name.len - 1 };
	}
	return (struct str){ NULL, 0 };
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Percent-encoding undone (RFC 3986 §2.1); a broken triple stays as it is. */
static struct str decoded(struct pool *p, struct str text)
{
	char *out = pool_alloc(p, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;

		if (text.ptr[i] == '%' && low >= 0) {
			out[len++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[len++] = text.ptr[i];
		}
	}
	return (struct str){ out, len };
}

/* All lines, in the pool: the default model first, then those of models.conf. */
static struct entry *make_list(struct req *r, size_t *count)
{
	const struct models *models = &r->env->models;
	const struct model *first = models_find(models, r->pool, models->default_model);
	struct entry *list = pool_array(r->pool, 2 * (models->count + 1), sizeof(*list));
	size_t n = 0;

	if (first)
		list[n++].model = first;
	for (size_t i = 0; i < models->count; i++)
		if (&models->list[i] != first)
			list[n++].model = &models->list[i];
	for (size_t i = 0; i < n; i++) {
		list[i].id = list[i].model->id;
		list[n + i].model = list[i].model;
		list[n + i].id =
			pool_strf(r->pool, MODELS_PREFIX "%s", list[i].model->id.ptr);
	}
	*count = 2 * n;
	return list;
}

/* Index of the line with that id; count when there is none. */
static size_t index_of(const struct entry *list, size_t count, struct str id)
{
	size_t i = 0;

	while (i < count && !str_eq(list[i].id, id))
		i++;
	return i;
}

/* The window [*from, *to) of the list that the query asks for. */
static int choose(struct req *r, const struct entry *list, size_t count, size_t *from,
		  size_t *to)
{
	struct str limit = query_field(&r->conn->http, STR("limit"));
	struct str after = query_field(&r->conn->http, STR("after_id"));
	struct str before = query_field(&r->conn->http, STR("before_id"));
	uint64_t most = LIMIT_DEFAULT;

	if (limit.len && (str_to_u64(limit, LIMIT_MAX, &most) < 0 || most == 0)) {
		reply_fail(r, AN_INVALID_REQUEST,
			   "limit: Input should be from 1 to 1000");
		return -1;
	}
	*from = 0;
	*to = count;
	if (after.len)
		*from = index_of(list, count, decoded(r->pool, after)) + 1;
	if (before.len)
		*to = index_of(list, count, decoded(r->pool, before));
	if (*from > *to)
		*from = *to;
	if (*to - *from > most) {
		if (before.len)
			*from = *to - most;
		else
			*to = *from + most;
	}
	return 0;
}

static void put_id(struct buf *b, const char *name, const struct entry *entry)
{
	jput_name(b, true, name);
	if (entry)
		jput_str(b, entry->id);
	else
		buf_lit(b, "null");
}

void catalog_list(struct req *r)
{
	struct buf *out = &r->conn->out;
	size_t count, from, to;
	struct entry *list = make_list(r, &count);

	if (choose(r, list, count, &from, &to) < 0)
		return;
	buf_lit(out, "{\"data\":[");
	for (size_t i = from; i < to; i++) {
		if (i > from)
			buf_lit(out, ",");
		put_model(out, r->env, &list[i]);
	}
	buf_lit(out, "],\"has_more\":");
	jput_bool(out, to < count);
	put_id(out, "first_id", from < to ? &list[from] : NULL);
	put_id(out, "last_id", from < to ? &list[to - 1] : NULL);
	buf_lit(out, "}");
	reply_json(r);
}

void catalog_get(struct req *r)
{
	struct entry entry = { .id = decoded(r->pool, r->rest) };
	struct an_error e = { .kind = AN_NOT_FOUND };

	entry.model = models_known(&r->env->models, r->pool, entry.id);
	if (entry.model) {
		put_model(&r->conn->out, r->env, &entry);
		reply_json(r);
		return;
	}
	e.message =
		pool_strf(r->pool, "model: %.*s is not in models.conf.",
			  (int)(entry.id.len < 128 ? entry.id.len : 128), entry.id.ptr);
	reply_error(r, &e);
}

void catalog_health(struct req *r)
{
	buf_lit(&r->conn->out, "{\"status\":\"ok\",\"service\":\"nim-proxy\"}");
	reply_json(r);
}

void catalog_hello(struct req *r)
{
	buf_lit(&r->conn->out, "{\"service\":\"nim-proxy\"}");
	reply_json(r);
}
