/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events (WHATWG HTML, 9.2.6 "Interpreting an event stream"): bytes in,
 * events out, cut anywhere, also inside a character or between CR and LF.  Accepts what
 * upstreams really send: CR, LF and CRLF, "data:" with or without a blank, several data
 * lines, comments, event/id/retry lines, a BOM at the start, a last event without its
 * empty line.
 * One liberty: an event named "error" is delivered without data too.
 */
#ifndef NIM_TRANSLATE_SSE_H
#define NIM_TRANSLATE_SSE_H

#include "translate/buf.h"

enum {
	SSE_EVENT_MAX =
		8 << 20, /* one event's data; the largest seen is a whole tool call */
	SSE_NAME_MAX =
		64, /* longer event names are cut: only "message" and "error" matter */
};

/*
 * Called for each event with data (name empty when no event: line came). data is without
 * the last line feed and lives until the callback returns. Return 0 to go on; anything
 * else stops sse_feed(), which returns it.
 */
typedef int sse_event_fn(void *context, struct str name, struct str data);

struct sse {
	struct buf line; /* an unfinished line */
	struct buf data; /* data lines of the unfinished event */
	char name[SSE_NAME_MAX];
	size_t name_len;
	bool has_data;
	bool skip_lf;	 /* the last byte was CR: a following LF belongs to it */
	bool is_started; /* the BOM question is settled */
	sse_event_fn *on_event;
	void *context;
};

void sse_init(struct sse *s, sse_event_fn *on_event, void *context);
void sse_clear(struct sse *s); /* ready for the next stream, keeps memory */
void sse_release(struct sse *s);

enum {
	SSE_TOO_LONG = -1000
}; /* a line or an event above SSE_EVENT_MAX, or no memory for it */
/*
 * Returns 0, SSE_TOO_LONG, or what the callback returned. After anything but 0 the rest
 * of the bytes is lost and only sse_clear() or sse_release() may follow.
 */
int sse_feed(struct sse *s, const char *bytes, size_t len);
/*
 * The stream ended: an event that only lacks its empty line, or the end of its last line,
 * is delivered. Returns as sse_feed(); s is as after sse_clear().
 */
int sse_end(struct sse *s);

#endif
