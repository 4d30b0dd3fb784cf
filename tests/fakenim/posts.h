/* SPDX-License-Identifier: MIT */
/*
 * Every POST to the chat completions, by key and by the moment of its arrival: a true
 * rolling window for each key, and a record that tests compare the proxy's books with.
 * All functions may be called from any thread.
 */
#ifndef NIM_FAKENIM_POSTS_H
#define NIM_FAKENIM_POSTS_H

#include <stdbool.h>

#include "translate/buf.h"

/* So many posts a key in any window of that many milliseconds; 0: no limit is enforced.
 */
void posts_limit(int limit, int64_t window_ms);

/*
 * A request has been read. mark: what a test wrote into it to find it again. Returns its
 * number; *is_over says that it is one too many for its key.
 */
size_t posts_begin(struct str key, struct str model, struct str mark, bool *is_over);
/* How often that key has posted, this one included. */
int posts_count(struct str key);
/* How far it has come: deltas sent. */
void posts_progress(size_t number, int64_t deltas);
void posts_end(size_t number, int status, bool was_aborted);
void posts_reset(void);

/* {"keys":[{"key","posts","over","most"}]}: the most in any window. */
void posts_put_keys(struct buf *b);
/* {"posts":[{"key","model","mark","at_us","status","deltas","end"}]} */
void posts_put(struct buf *b);

#endif
