/* SPDX-License-Identifier: MIT */
/* Calls and their results find each other by sorting, so that no body makes it slow. */
#include "config.h"

#include "translate/oa_calls.h"

#include <stdlib.h>

#include "translate/ids.h"
#include "translate/jput.h"

/* A call or a result, to be sorted by id and then as they came. */
struct entry {
	struct str id;
	size_t order;
	void *item;
};

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	int difference = str_compare(one->id, other->id);

	return difference ? difference
			  : (one->order > other->order) - (one->order < other->order);
}

static struct entry *sort_calls(struct pool *p, struct oa_history_call *calls,
				size_t *count)
{
	struct entry *list;
	size_t i = 0;

	for (struct oa_history_call *call = calls; call; call = call->next)
		i++;
	list = pool_array(p, i, sizeof(*list));
	*count = i;
	i = 0;
	for (struct oa_history_call *call = calls; call; call = call->next, i++)
		list[i] = (struct entry){ call->id, i, call };
	qsort(list, i, sizeof(*list), compare);
	return list;
}

static struct entry *sort_results(struct pool *p, const struct oa_turn *turn)
{
	struct entry *list = pool_array(p, turn->result_count, sizeof(*list));
	size_t i = 0;

	for (struct oa_result *result = turn->results; result; result = result->next, i++)
		list[i] = (struct entry){ result->id, i, result };
	qsort(list, i, sizeof(*list), compare);
	return list;
}

void oa_calls_pair(struct pool *p, struct oa_history_call *calls,
		   const struct oa_turn *results)
{
	struct entry *wanted, *given;
	size_t count, i = 0, j = 0;

	if (!calls || !results->results)
		return;
	wanted = sort_calls(p, calls, &count);
	given = sort_results(p, results);
	while (i < count && j < results->result_count) {
		int difference = str_compare(wanted[i].id, given[j].id);

		if (difference == 0) {
			struct oa_history_call *call = wanted[i].item;

			call->result = given[j].item;
			call->result->is_placed = true;
		}
		i += difference <= 0;
		j += difference >= 0;
	}
}

static void put_arguments(struct buf *b, struct json_object *input, struct buf *scratch)
{
	if (!json_object_is_type(input, json_type_object)) {
		buf_lit(b, "\"{}\"");
		return;
	}
	buf_clear(scratch);
	jput_tree(scratch, input);
	jput_str(b, buf_str(scratch));
	b->has_failed |= scratch->has_failed;
}

struct str oa_calls_id(const struct model *model, struct pool *p, struct str id)
{
	return model->has_short_ids ? ids_tool_short(p, id) : ids_tool_upstream(p, id);
}

void oa_calls_put(struct buf *b, const struct oa_history_call *calls, size_t count,
		  const struct model *model, const struct oa_names *names, struct pool *p,
		  struct buf *scratch)
{
	const struct oa_history_call *call = calls;

	buf_lit(b, "\"tool_calls\":[");
	for (; call && count > 0; call = call->next, count--) {
		if (call != calls)
			buf_addc(b, ',');
		buf_lit(b, "{\"id\":");
		jput_str(b, oa_calls_id(model, p, call->id));
		buf_lit(b, ",\"type\":\"function\",\"function\":{\"name\":");
		jput_str(b, oa_tools_upstream(names, p, call->name));
		buf_lit(b, ",\"arguments\":");
		put_arguments(b, call->input, scratch);
		buf_lit(b, "}}");
	}
	buf_addc(b, ']');
}
