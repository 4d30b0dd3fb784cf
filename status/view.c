/* SPDX-License-Identifier: MIT */
/* Names, cleaned; without the right to see them their place is taken by a number. */
#include "config.h"

#include "status/view.h"

#include <stdio.h>
#include <unistr.h>

static bool is_bad(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

struct str status_clean(struct pool *p, struct str text)
{
	char *clean = pool_alloc(p, STATUS_NAME_MAX + 1);
	size_t len = 0, at = 0;

	while (at < text.len && len + 4 <= STATUS_NAME_MAX) {
		ucs4_t c;
		int n = u8_mbtouc(&c, (const uint8_t *)text.ptr + at, text.len - at);

		if (c == 0xfffd || is_bad(c)) {
			memcpy(clean + len, "\xef\xbf\xbd", 3);
			len += 3;
		} else {
			memcpy(clean + len, text.ptr + at, (size_t)n);
			len += (size_t)n;
		}
		at += (size_t)n;
	}
	clean[len] = '\0';
	return (struct str){ clean, len };
}

struct str status_lane_name(const struct status_view *v, uint32_t i)
{
	if (!v->has_names)
		return pool_strf(v->pool, "%u", i + 1);
	return status_clean(v->pool, str_of(v->s->lanes[i].name));
}

struct str status_person_name(const struct status_view *v, uint32_t i)
{
	if (!v->has_names)
		return pool_strf(v->pool, "%u", i + 1);
	return status_clean(v->pool, str_of(v->s->people[i].name));
}

struct str status_model_name(const struct status_view *v, uint32_t i)
{
	return status_clean(v->pool, str_of(v->s->models[i].name));
}

struct str status_lane_of(const struct status_view *v, uint32_t row)
{
	for (uint32_t i = 0; i < v->s->lane_count; i++)
		if (v->s->lanes[i].row == row)
			return status_lane_name(v, i);
	return (struct str){ NULL, 0 };
}

struct str status_person_of(const struct status_view *v, uint32_t row)
{
	for (uint32_t i = 0; i < v->s->person_count; i++)
		if (v->s->people[i].row == row)
			return status_person_name(v, i);
	return (struct str){ NULL, 0 };
}
