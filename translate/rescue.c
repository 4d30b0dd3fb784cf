/* SPDX-License-Identifier: MIT */
/* The search: text passes until something begins that looks like a block of calls. */
#include "config.h"

#include "translate/rescue.h"

#include "translate/rescue_read.h"

enum { FENCE = 3 };

static const struct rescue_dialect *dialect_of(const struct rescue *r)
{
	return &rescue_dialects[r->dialect];
}

void rescue_init(struct rescue *r, enum model_dialect dialect, struct pool *p,
		 const struct rescue_ops *ops, void *context)
{
	*r = (struct rescue){
		.ops = ops, .context = context, .pool = p, .dialect = dialect
	};
	if (dialect != MODEL_DIALECT_NONE)
		r->held = pool_buf(p, 2 * RESCUE_BLOCK_MAX);
}

/* A fence begins and ends with a run of three backticks or more. */
static void watch_fences(struct rescue *r, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '`') {
			r->ticks++;
			continue;
		}
		if (r->ticks >= FENCE)
			r->is_fenced = !r->is_fenced;
		r->ticks = 0;
	}
}

static void pass(struct rescue *r, size_t len)
{
	struct str text = { r->held->data, len };

	if (len == 0)
		return;
	watch_fences(r, text);
	r->has_passed |= str_trim(text).len > 0;
	r->ops->text(r->context, text);
	buf_drop(r->held, len);
}

/* Where a mark or token first stands in text, and which; text.len when nowhere. */
struct found {
	size_t at;
	const struct rescue_mark *mark;
	size_t len;	/* of the mark or token */
	size_t partial; /* bytes at the end that could begin one */
};

static size_t common(struct str text, struct str word)
{
	size_t len = text.len < word.len ? text.len : word.len;

	return memcmp(text.ptr, word.ptr, len) == 0 ? len : 0;
}

/* Looks for word; remembers it when it stands before what has been found. */
static void look_for(struct found *f, struct str text, struct str word,
		     const struct rescue_mark *mark)
{
	size_t last = f->at < text.len ? f->at : text.len;

	for (size_t at = 0; at < last; at++) {
		const char *next = memchr(text.ptr + at, word.ptr[0], last - at);
		size_t same;

		if (!next)
			return;
		at = (size_t)(next - text.ptr);
		same = common((struct str){ next, text.len - at }, word);
		if (same == word.len) {
			f->at = at;
			f->mark = mark;
			f->len = same;
			return;
		}
		if (same > f->partial)
			f->partial = same; /* it reaches the end of text */
	}
}

/* The same for a mark that counts only when nothing but blanks stands before it. */
static void look_at_start(struct found *f, const struct rescue *r, struct str text,
			  const struct rescue_mark *mark)
{
	struct str rest = text, word = str_of(mark->open);
	size_t same;

	while (rest.len > 0 && (*rest.ptr == ' ' || *rest.ptr == '\n'))
		rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	same = r->has_passed || rest.len == 0 ? 0 : common(rest, word);
	if (same == word.len && text.len - rest.len < f->at)
		*f = (struct found){ text.len - rest.len, mark, same, f->partial };
	else if (same == rest.len && same > f->partial)
		f->partial = same;
}

static struct found look(const struct rescue *r)
{
	const struct rescue_dialect *d = dialect_of(r);
	struct str text = buf_str(r->held);
	struct found f = { .at = text.len };

	for (const struct rescue_mark *m = d->marks; m->open; m++) {
		if (m->is_start_only)
			look_at_start(&f, r, text, m);
		else
			look_for(&f, text, str_of(m->open), m);
	}
	for (const char *const *stray = d->strays; *stray; stray++)
		look_for(&f, text, str_of(*stray), NULL);
	return f;
}

/* True when what stands before the mark does not open a fence around it. */
static bool is_outside(struct rescue *r, size_t at)
{
	struct rescue ahead = *r;

	watch_fences(&ahead, (struct str){ r->held->data, at });
	return !ahead.is_fenced && ahead.ticks < FENCE;
}

/* A token may be the beginning of a longer mark that is still coming. */
static bool may_grow(const struct rescue *r, const struct found *f)
{
	return !f->mark && f->partial >= f->len && r->held->len - f->partial <= f->at;
}

/* Passes text; true when a block has been opened. */
static bool search(struct rescue *r, bool is_end)
{
	struct found f = look(r);

	while (f.len > 0 && (is_end || !may_grow(r, &f))) {
		if (!is_outside(r, f.at)) {
			pass(r, f.at + f.len);
		} else if (f.mark) {
			pass(r, f.at);
			r->open = f.mark;
			r->searched = f.len;
			return true;
		} else {
			pass(r, f.at);
			buf_drop(r->held, f.len);
		}
		f = look(r);
	}
	pass(r, is_end ? r->held->len : r->held->len - f.partial);
	return false;
}

static bool are_declared(const struct rescue *r, const struct rescue_block *block)
{
	for (size_t i = 0; i < block->count; i++)
		if (!r->ops->is_declared(r->context, block->calls[i].name))
			return false;
	return block->count > 0;
}

/* The block is the first len bytes of held; inner is what stands between its marks. */
static void read_block(struct rescue *r, struct str inner, size_t len)
{
	struct rescue_block block = { .rescue = r };
	const struct rescue_mark *mark = r->open;

	r->open = NULL;
	if (!mark->read) {
		r->ops->thought(r->context, inner);
		buf_drop(r->held, len);
		return;
	}
	if (!mark->read(&block, inner) || !are_declared(r, &block)) {
		pass(r, len);
		return;
	}
	for (size_t i = 0; i < block.count; i++)
		r->ops->call(r->context, &block.calls[i]);
	r->has_passed = true;
	buf_drop(r->held, len);
}

static size_t inner_start(const struct rescue *r)
{
	return r->open->keeps_open ? 0 : strlen(r->open->open);
}

/* True when the open block has ended. */
static bool close_block(struct rescue *r)
{
	struct str close = str_of(r->open->close), text = buf_str(r->held);
	size_t start = inner_start(r);

	if (close.len == 0 || r->held->len > RESCUE_BLOCK_MAX) {
		if (r->held->len <= RESCUE_BLOCK_MAX)
			return false;
		pass(r, strlen(r->open->open)); /* not looked at again */
		r->open = NULL;
		return true;
	}
	for (size_t at = r->searched; at + close.len <= text.len; at++) {
		if (memcmp(text.ptr + at, close.ptr, close.len) != 0 ||
		    rescue_is_inside((struct str){ text.ptr + start, at - start }))
			continue;
		read_block(r, (struct str){ text.ptr + start, at - start },
			   at + close.len);
		return true;
	}
	if (text.len >= close.len && text.len - close.len + 1 > r->searched)
		r->searched = text.len - close.len + 1;
	return false;
}

void rescue_feed(struct rescue *r, struct str text)
{
	bool has_moved = true;

	if (r->dialect == MODEL_DIALECT_NONE) {
		r->ops->text(r->context, text);
		return;
	}
	while (text.len > 0) {
		size_t len = text.len < RESCUE_BLOCK_MAX ? text.len : RESCUE_BLOCK_MAX;

		buf_add(r->held, text.ptr, len);
		text = (struct str){ text.ptr + len, text.len - len };
		for (has_moved = true; has_moved;)
			has_moved = r->open ? close_block(r) : search(r, false);
	}
}

void rescue_flush(struct rescue *r)
{
	if (r->dialect != MODEL_DIALECT_NONE && !r->open)
		(void)search(r, true); /* what is held is no whole mark */
}

void rescue_end(struct rescue *r)
{
	if (r->dialect == MODEL_DIALECT_NONE)
		return;
	rescue_flush(r);
	if (r->open) {
		size_t start = inner_start(r), len = r->held->len;

		read_block(r, (struct str){ r->held->data + start, len - start }, len);
	}
	pass(r, r->held->len);
}
