/* SPDX-License-Identifier: MIT */
/*
 * Which upstream model answers for the name a client asked for, and that model's rules.
 * The tables come from models.conf; no model id stands in the program, because hosted ids
 * live 7 to 15 weeks.
 */
#ifndef NIM_TRANSLATE_MODELS_H
#define NIM_TRANSLATE_MODELS_H

#include "translate/pool.h"

enum { MODEL_EFFORTS_MAX = 8 };

/* How a model writes the calls that its server fails to recognise (rescue.h). */
enum model_dialect {
	MODEL_DIALECT_NONE,
	MODEL_DIALECT_KIMI,
	MODEL_DIALECT_HERMES,
	MODEL_DIALECT_QWEN,
	MODEL_DIALECT_GLM,
	MODEL_DIALECT_DEEPSEEK,
	MODEL_DIALECT_MINIMAX,
	MODEL_DIALECT_LLAMA,
	MODEL_DIALECT_MISTRAL,
	MODEL_DIALECT_HARMONY,
};

/* One entry of models = ( ... ). Read-only after the configuration is read. */
struct model {
	struct str id;	    /* the upstream's id */
	int64_t context;    /* tokens, prompt and answer together; 0 = unknown */
	int64_t max_output; /* largest max_tokens to send; 0 = unknown, send what was
			       asked */
	bool has_vision;    /* accepts image_url parts */
	struct json_object
		*think_on; /* object merged into the request's top level, or NULL */
	struct json_object *think_off; /* the same when the client wants no thinking */
	struct str system_on; /* put in front of the system text when thinking ("/think"),
				 or empty */
	struct str system_off;
	/* the values its reasoning_effort takes, weakest first; none: it is not sent */
	struct str efforts[MODEL_EFFORTS_MAX];
	size_t effort_count;
	int64_t stops;		    /* stop sequences it takes; 0 = OA_STOPS_DEFAULT */
	bool takes_top_k;	    /* NIM 1.x refuses the field */
	bool echoes_reasoning;	    /* thinking of the history goes back to it
				       (DeepSeek V4 talks nonsense without) */
	bool has_single_calls;	    /* one call a message, as Llama 3's template wants */
	bool has_short_ids;	    /* call ids of nine letters and digits: Mistral */
	bool has_plain_schemas;	    /* tool schemas are simplified (schema.h) */
	enum model_dialect dialect; /* of calls written as text, to be rescued */
};

struct model_alias {
	const char
		*from; /* shell pattern, fnmatch(3) with FNM_PATHNAME: * is all but / */
	struct str to; /* a model id */
};

struct models {
	struct str default_model; /* may be empty: then an unknown name is an error */
	struct model *list;
	size_t count;
	struct model_alias *aliases;
	size_t alias_count;
};

/*
 * In front of an id it changes nothing: Claude Code lists only the models of a gateway
 * whose ids hold the word (gateway protocol, model discovery).
 */
#define MODELS_PREFIX "anthropic/"

/*
 * Finds the model for a name, in this order: "[1m]" at the end is cut; the first alias
 * whose pattern matches; an id of the list, also behind MODELS_PREFIX; a name with "/" as
 * it is; the default model. A model that the list does not hold gets an entry of its own
 * in the pool with unknown limits. NULL when nothing fits and there is no default. A name
 * that is longer than MODELS_NAME_MAX or holds a NUL is no name: only the default fits
 * it.
 */
enum { MODELS_NAME_MAX = 256 };
const struct model *models_find(const struct models *m, struct pool *p, struct str name);
/* The same when an alias or an id fits; NULL for all other names. */
const struct model *models_known(const struct models *m, struct pool *p, struct str name);

#endif
