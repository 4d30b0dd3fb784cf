/* SPDX-License-Identifier: MIT */
/* people.conf: lanes, pools of lanes, and the people who may use them. */
#include "config.h"

#include <openssl/sha.h>

#include "master/conf_group.h"
#include "master/conf_opts.h"

enum { DAY_MOST = 1000000000, NAME_MOST = 32 };

static const struct conf_member lane_members[] = {
	{ "name", CONFIG_TYPE_STRING, true },
	{ "key_credential", CONF_TEXTS, false },
	{ "key_file", CONF_TEXTS, false },
	{ "key_env", CONF_TEXTS, false },
	{ "owner", CONFIG_TYPE_STRING, false },
	{ "rpm", CONFIG_TYPE_INT, false },
	{ "window", CONFIG_TYPE_INT, false },
	{ "spacing", CONFIG_TYPE_INT, false },
	{ "tokens_per_minute", CONFIG_TYPE_INT, false },
	{ "paced", CONFIG_TYPE_BOOL, false },
};
static const struct conf_member pool_members[] = {
	{ "name", CONFIG_TYPE_STRING, true },
	{ "lanes", CONF_TEXTS, true },
};
static const struct conf_member person_members[] = {
	{ "name", CONFIG_TYPE_STRING, true },
	{ "token_sha256", CONFIG_TYPE_STRING, true },
	{ "lane", CONFIG_TYPE_STRING, false },
	{ "weight", CONFIG_TYPE_INT, false },
	{ "requests_per_minute", CONFIG_TYPE_INT, false },
	{ "requests_per_day", CONFIG_TYPE_INT, false },
	{ "tokens_per_day", CONFIG_TYPE_INT, false },
	{ "streams", CONFIG_TYPE_INT, false },
	{ "models", CONF_TEXTS, false },
	{ "max_wait", CONFIG_TYPE_INT, false },
	{ "admin", CONFIG_TYPE_BOOL, false },
	{ "disabled", CONFIG_TYPE_BOOL, false },
};
static const char *const top_names[] = { "lanes", "pools", "people" };
enum {
	LANE_MEMBERS = sizeof(lane_members) / sizeof(lane_members[0]),
	POOL_MEMBERS = sizeof(pool_members) / sizeof(pool_members[0]),
	PERSON_MEMBERS = sizeof(person_members) / sizeof(person_members[0]),
	TOP_NAMES = sizeof(top_names) / sizeof(top_names[0]),
};

/* Where an element stands, for messages. */
struct place {
	struct conf *c;
	const char *file, *list;
	const config_setting_t *group;
};

static int64_t number(const struct place *at, const char *name, int64_t least,
		      int64_t most, int64_t otherwise)
{
	int64_t value = conf_group_int(at->group, name, otherwise);

	if (config_setting_get_member(at->group, name) && (value < least || value > most))
		conf_error(at->c, at->file, config_setting_get_member(at->group, name),
			   "%s: %s = %lld is out of range; give %lld to %lld", at->list,
			   name, (long long)value, (long long)least, (long long)most);
	return value;
}

/* It stands in logs, on the status page and on command lines. */
static struct str read_name(const struct place *at)
{
	struct str name = conf_group_str(at->c, at->group, "name");
	bool is_good = name.len > 0 && name.len <= NAME_MOST && name.ptr[0] != '-';

	for (size_t i = 0; i < name.len; i++)
		is_good = is_good && (name.ptr[i] == '.' || name.ptr[i] == '_' ||
				      name.ptr[i] == '-' || name.ptr[i] == '@' ||
				      (name.ptr[i] >= '0' && name.ptr[i] <= '9') ||
				      (name.ptr[i] >= 'a' && name.ptr[i] <= 'z') ||
				      (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'));
	if (!is_good)
		conf_error(at->c, at->file, at->group,
			   "%s: \"%s\" is no name: 1 to %d letters, digits and . _ - @",
			   at->list, name.ptr, NAME_MOST);
	return name;
}

static void refuse_twin(const struct place *at, struct str name)
{
	conf_error(at->c, at->file, at->group, "%s: \"%s\" stands here twice", at->list,
		   name.ptr);
}

static bool has_key_of(const struct lane *a, const struct lane *b)
{
	for (size_t i = 0; i < a->key_count; i++)
		for (size_t k = 0; k < b->key_count; k++)
			if (str_eq(a->keys[i], b->keys[k]))
				return true;
	return false;
}

static void read_lane(const struct place *at, struct lane *lane)
{
	struct conf *c = at->c;
	int errors = c->error_count;

	lane->name = read_name(at);
	lane->owner = conf_group_str(c, at->group, "owner");
	lane->rpm = number(at, "rpm", 1, SHM_RPM_MAX, c->rpm);
	lane->window_ms = number(at, "window", 100, 3600 * 1000, c->window_ms);
	lane->spacing_ms = number(at, "spacing", 0, 60000, c->spacing_ms);
	lane->tpm = number(at, "tokens_per_minute", 0, DAY_MOST, 0);
	lane->is_paced = conf_group_bool(at->group, "paced", c->is_paced);
	conf_keys_read(c, at->file, at->group, lane);
	if (c->error_count == errors && lane->is_paced &&
	    lane->spacing_ms * lane->rpm > lane->window_ms)
		conf_error(c, at->file, at->group,
			   "lanes: %lld requests %lld ms apart do not fit into a window "
			   "of %lld ms; lower rpm or spacing",
			   (long long)lane->rpm, (long long)lane->spacing_ms,
			   (long long)lane->window_ms);
	for (struct lane *other = c->people.lanes; other < lane; other++)
		if (str_eq(other->name, lane->name))
			refuse_twin(at, lane->name);
		else if (has_key_of(lane, other))
			conf_error(c, at->file, at->group,
				   "lanes: \"%s\" and \"%s\" have the same key: the "
				   "upstream counts it once",
				   other->name.ptr, lane->name.ptr);
}

static size_t find_lane(const struct people *p, struct str name)
{
	size_t i = 0;

	while (i < p->lane_count && !str_eq(p->lanes[i].name, name))
		i++;
	return i;
}

static const struct lane_pool *find_pool(const struct people *p, struct str name)
{
	for (size_t i = 0; i < p->pool_count; i++)
		if (str_eq(p->pools[i].name, name))
			return &p->pools[i];
	return NULL;
}

static void read_pool(const struct place *at, struct lane_pool *pool)
{
	struct people *p = &at->c->people;
	struct str *names;
	size_t count = conf_group_texts(at->c, at->group, "lanes", &names);

	pool->name = read_name(at);
	pool->lanes = pool_array(&at->c->pool, count, sizeof(pool->lanes[0]));
	for (size_t i = 0; i < count; i++) {
		size_t lane = find_lane(p, names[i]);

		if (lane == p->lane_count)
			conf_error(at->c, at->file, at->group,
				   "pools: \"%s\" names the lane \"%s\", which is not "
				   "there",
				   pool->name.ptr, names[i].ptr);
		else
			pool->lanes[pool->lane_count++] = lane;
	}
	if (count == 0 || count > SHM_POOL_LANES)
		conf_error(at->c, at->file, at->group, "pools: give 1 to %d lanes",
			   SHM_POOL_LANES);
	if (find_lane(p, pool->name) < p->lane_count)
		conf_error(at->c, at->file, at->group,
			   "pools: \"%s\" is the name of a lane, too", pool->name.ptr);
	for (struct lane_pool *other = p->pools; other < pool; other++)
		if (str_eq(other->name, pool->name))
			refuse_twin(at, pool->name);
}

int conf_digest_read(struct str hex, uint8_t digest[32])
{
	static const char digits[] = "0123456789abcdef";

	if (hex.len != 64)
		return -1;
	for (size_t i = 0; i < 64; i++) {
		char low = hex.ptr[i] >= 'A' && hex.ptr[i] <= 'F'
				   ? (char)(hex.ptr[i] | 32)
				   : hex.ptr[i];
		const char *at = low ? strchr(digits, low) : NULL;

		if (!at)
			return -1;
		digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (at - digits));
	}
	return 0;
}

static void read_token(const struct place *at, struct person *person)
{
	struct str hex = conf_group_str(at->c, at->group, "token_sha256");

	person->has_token = conf_digest_read(hex, person->token_sha256) == 0;
	if (!person->has_token)
		conf_error(at->c, at->file, at->group,
			   "people: token_sha256 of \"%s\" must have 64 hexadecimal "
			   "digits; nim user rotate makes a new one",
			   person->name.ptr);
}

static void read_patterns(const struct place *at, struct person *person)
{
	struct str *texts;

	person->model_count = conf_group_texts(at->c, at->group, "models", &texts);
	person->models =
		pool_array(&at->c->pool, person->model_count, sizeof(person->models[0]));
	for (size_t i = 0; i < person->model_count; i++)
		person->models[i] = texts[i].ptr;
}

static void check_person(const struct place *at, const struct person *person)
{
	const struct people *p = &at->c->people;

	for (const struct person *other = p->list; other < person; other++) {
		if (str_eq(other->name, person->name))
			refuse_twin(at, person->name);
		else if (person->has_token && other->has_token &&
			 memcmp(other->token_sha256, person->token_sha256, 32) == 0)
			conf_error(at->c, at->file, at->group,
				   "people: \"%s\" and \"%s\" have the same token",
				   other->name.ptr, person->name.ptr);
	}
}

/* Whose lane or pool: his own key, the team's, or lanes joined on purpose. */
static void check_lane_of(const struct place *at, const struct person *person)
{
	const struct people *p = &at->c->people;
	size_t lane = find_lane(p, person->lane);

	if (lane < p->lane_count) {
		struct str owner = p->lanes[lane].owner;

		if (owner.len && !str_eq(owner, person->name))
			conf_error(at->c, at->file, at->group,
				   "people: the lane \"%s\" is the key of %s; "
				   "\"%s\" may use it in a pool only",
				   person->lane.ptr, owner.ptr, person->name.ptr);
	} else if (!find_pool(p, person->lane)) {
		conf_error(at->c, at->file, at->group,
			   "people: \"%s\" wants the lane \"%s\", which is not there",
			   person->name.ptr, person->lane.ptr);
	}
}

static void read_person(const struct place *at, struct person *person)
{
	struct people *p = &at->c->people;

	person->name = read_name(at);
	read_token(at, person);
	person->lane = conf_group_str(at->c, at->group, "lane");
	if (person->lane.len == 0 && p->lane_count == 1)
		person->lane = p->lanes[0].name;
	person->weight = number(at, "weight", 1, 1000, 1);
	person->requests_per_minute =
		number(at, "requests_per_minute", 0, SHM_RPM_MAX, 0);
	person->requests_per_day = number(at, "requests_per_day", 0, DAY_MOST, 0);
	person->tokens_per_day = number(at, "tokens_per_day", 0, INT64_MAX / 2, 0);
	person->streams = number(at, "streams", 0, SHM_SLOTS_MAX, 0);
	person->max_wait_ms = number(at, "max_wait", 0, 3600 * 1000, -1);
	person->is_admin = conf_group_bool(at->group, "admin", false);
	person->is_disabled = conf_group_bool(at->group, "disabled", false);
	read_patterns(at, person);
	check_person(at, person);
	if (person->lane.len == 0)
		conf_error(at->c, at->file, at->group,
			   "people: \"%s\" has no lane, and there is not just one",
			   person->name.ptr);
	else
		check_lane_of(at, person);
}

static void check_names(struct conf *c, const char *file, const config_setting_t *root)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);
		const char *nearest = conf_nearest(name, top_names, TOP_NAMES);

		if (!nearest || strcmp(nearest, name) != 0)
			conf_error(c, file, s,
				   "unknown name \"%s\"; did you mean \"%s\"?", name,
				   nearest ? nearest : "people");
	}
}

/* The lane of NVIDIA_API_KEY: the only one where people.conf names none. */
static void add_default_lane(struct conf *c)
{
	struct lane *lane;

	if (c->people.lane_count > 0)
		return;
	lane = pool_array(&c->pool, 1, sizeof(*lane));
	lane->name = STR("default");
	lane->rpm = c->rpm;
	lane->window_ms = c->window_ms;
	lane->spacing_ms = c->spacing_ms;
	lane->is_paced = c->is_paced;
	lane->keys = pool_array(&c->pool, 1, sizeof(lane->keys[0]));
	c->has_default_lane = true; /* its key: conf_people_settle() */
	c->people.lanes = lane;
	c->people.lane_count = 1;
}

static void read_lanes(struct conf *c, const char *file, const config_setting_t *root)
{
	struct place at = { .c = c, .file = file, .list = "lanes" };
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "lanes", lane_members, LANE_MEMBERS,
				    &list);

	if (count <= 0)
		return;
	c->people.lanes = pool_array(&c->pool, (size_t)count, sizeof(struct lane));
	for (int i = 0; i < count; i++) {
		at.group = config_setting_get_elem(list, (unsigned)i);
		read_lane(&at, &c->people.lanes[i]);
	}
	c->people.lane_count = (size_t)count;
	if (count > SHM_LANES_MAX)
		conf_error(c, file, list, "lanes: give at most %d", SHM_LANES_MAX);
}

static void read_pools(struct conf *c, const char *file, const config_setting_t *root)
{
	struct place at = { .c = c, .file = file, .list = "pools" };
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "pools", pool_members, POOL_MEMBERS,
				    &list);

	if (count <= 0)
		return;
	c->people.pools = pool_array(&c->pool, (size_t)count, sizeof(struct lane_pool));
	for (int i = 0; i < count; i++) {
		at.group = config_setting_get_elem(list, (unsigned)i);
		read_pool(&at, &c->people.pools[i]);
	}
	c->people.pool_count = (size_t)count;
}

static void read_people(struct conf *c, const char *file, const config_setting_t *root)
{
	struct place at = { .c = c, .file = file, .list = "people" };
	config_setting_t *list = NULL;
	int count = conf_group_list(c, file, root, "people", person_members,
				    PERSON_MEMBERS, &list);

	c->people.has_file = list != NULL;
	if (count <= 0)
		return;
	c->people.list = pool_array(&c->pool, (size_t)count, sizeof(struct person));
	for (int i = 0; i < count; i++) {
		at.group = config_setting_get_elem(list, (unsigned)i);
		read_person(&at, &c->people.list[i]);
	}
	c->people.count = (size_t)count;
	if (count >= SHM_PERSONS_MAX)
		conf_error(c, file, list, "people: give fewer than %d", SHM_PERSONS_MAX);
}

void conf_people_read(struct conf *c, const char *file, const config_setting_t *root)
{
	int errors = c->error_count;

	check_names(c, file, root);
	read_lanes(c, file, root);
	if (c->error_count == errors) /* what hangs on a wrong lane is not wrong itself */
		read_pools(c, file, root);
	add_default_lane(c);
	if (c->error_count == errors)
		read_people(c, file, root);
}

/* The one person of a proxy without people: everybody who is let in. */
static void add_everybody(struct conf *c)
{
	struct person *p = pool_array(&c->pool, 1, sizeof(*p));

	p->name = STR("everybody");
	p->lane =
		c->people.pool_count ? c->people.pools[0].name : c->people.lanes[0].name;
	p->weight = 1;
	p->max_wait_ms = -1;
	p->has_token = c->proxy_api_key.len > 0;
	SHA256((const uint8_t *)(c->proxy_api_key.ptr ? c->proxy_api_key.ptr : ""),
	       c->proxy_api_key.len, p->token_sha256);
	c->people.list = p;
	c->people.count = 1;
}

/* The environment is read after the files. */
static void settle_default_lane(struct conf *c)
{
	struct lane *lane = &c->people.lanes[0];

	if (!c->has_default_lane)
		return;
	lane->keys[0] = c->api_key;
	lane->key_count = c->api_key.len > 0;
	if (lane->is_paced && lane->spacing_ms * lane->rpm > lane->window_ms)
		conf_error(
			c, c->file.ptr, NULL,
			"%lld requests (rpm) %lld ms apart (spacing) do not fit into a "
			"window of %lld ms",
			(long long)lane->rpm, (long long)lane->spacing_ms,
			(long long)lane->window_ms);
}

void conf_people_settle(struct conf *c)
{
	add_default_lane(c);
	settle_default_lane(c);
	if (c->people.has_file && c->proxy_api_key.len > 0)
		conf_warn(c, NULL, NULL,
			  "PROXY_API_KEY is not used: people.conf names the people");
	if (c->people.count > 0)
		return;
	if (c->people.has_file && c->error_count == 0)
		conf_warn(
			c, c->people_file.ptr, NULL,
			"people names nobody, so nobody may ask; nim user add makes one");
	if (c->people.lane_count > 1 && c->people.pool_count != 1 && c->error_count == 0)
		conf_error(c, c->people_file.ptr, NULL,
			   "there are several lanes and no people: name people, or one "
			   "pool for everybody");
	add_everybody(c);
}
