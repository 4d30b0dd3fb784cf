/* SPDX-License-Identifier: MIT */
/*
 * One turn of the conversation while it is put together: several messages of the client
 * may become one, and a message may become several.
 *
 * Text is collected escaped, without quotes; with the first image it becomes parts,
 * because only then content has to be an array (servers join text parts each in its own
 * way: measured on vLLM 0.32.0 and Dynamo 1.6.1).
 */
#ifndef NIM_TRANSLATE_OA_TURN_H
#define NIM_TRANSLATE_OA_TURN_H

#include "translate/buf.h"
#include "translate/jget.h"
#include "translate/models.h"
#include "translate/pool.h"

/* A tool's result that waits for its place behind the call. */
struct oa_result {
	struct oa_result *next;
	struct str id; /* tool_use_id as the client wrote it */
	struct json_object *block;
	bool is_placed; /* a call asked for it */
};

/* A call of the assistant's turn. */
struct oa_history_call {
	struct oa_history_call *next;
	struct str id, name;
	struct json_object *input;
	struct oa_result *result; /* that answers it (oa_calls_pair), or NULL */
};

struct oa_turn {
	const struct model *model;
	struct pool *pool;
	bool has_eyes; /* takes images: a user's turn, and the model sees */
	/* in the order in which they will stand */
	struct buf *head;      /* text that goes before everything else */
	struct buf *shown;     /* images out of results, as parts */
	struct buf *parts;     /* finished parts as JSON, comma separated */
	struct buf *text;      /* texts behind the last part, joined by an empty line */
	struct buf *reasoning; /* of an assistant's turn, for models that want it back */
	size_t shown_count;
	struct oa_result *results, **last_result;
	size_t result_count;
	struct oa_history_call *calls, **last_call;
	size_t call_count;
};

/*
 * Memory hangs on the pool; oa_turn_end() gives the large part back earlier. An
 * assistant's turn (is_user false) holds no images: servers refuse them there.
 */
void oa_turn_init(struct oa_turn *t, struct pool *p, const struct model *model,
		  bool is_user);
void oa_turn_clear(struct oa_turn *t); /* empty; the lists stay alive in the pool */
/* True when all texts fitted. */
bool oa_turn_end(struct oa_turn *t);

/* Nothing to say, no result, no call: the turn may be left out. */
bool oa_turn_is_empty(const struct oa_turn *t);
bool oa_turn_has_content(const struct oa_turn *t);

/* Adds a text as a paragraph of its own; an empty one is nothing. */
void oa_turn_text(struct oa_turn *t, struct str text);
/* A thought; it alone makes no turn. */
void oa_turn_reasoning(struct oa_turn *t, struct str text);
/* The same for text that is put together from three pieces. */
void oa_turn_text3(struct oa_turn *t, struct str before, struct str text,
		   struct str after);
/* A paragraph for the caller to write into, escaped, until oa_turn_text_end(). */
size_t oa_turn_text_begin(struct oa_turn *t);
void oa_turn_text_end(struct oa_turn *t, size_t begun);

/*
 * Adds an image block behind what has been added, or a note in its place when the model
 * sees none or the source (API reference, "Vision") is none that can be passed on.
 */
void oa_turn_image(struct oa_turn *t, struct json_object *block);
/*
 * An image out of a result: goes to the front of the turn, because a tool message holds
 * text only; to b, which is not the turn's text, the note that stands for it.
 */
void oa_turn_show(struct oa_turn *t, struct buf *b, struct json_object *block);

/* Adds a result or a call at the end of the list; the turn's pool owns it. */
struct oa_result *oa_turn_result(struct oa_turn *t);
struct oa_history_call *oa_turn_call(struct oa_turn *t);

/* Writes the turn's content: a string, or an array when it holds images. */
void oa_turn_content(const struct oa_turn *t, struct buf *b);

#endif
