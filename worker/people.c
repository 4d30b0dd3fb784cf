/* SPDX-License-Identifier: MIT */
/* Finding a lane of the configuration by its row in the segment. */
#include "config.h"

#include "worker/people.h"

#include <openssl/sha.h>

#include "shm/segment.h"

bool people_may_use(const struct shm_segment *segment, const struct person *person,
		    uint32_t row)
{
	const struct shm_group *group;

	if (person->group >= segment->shape.groups)
		return false;
	group = &segment->groups[person->group];
	for (uint32_t i = 0; i < atomic_load(&group->count) && i < SHM_POOL_LANES; i++)
		if (atomic_load(&group->lanes[i]) == row)
			return true;
	return false;
}

uint64_t people_fingerprint(struct str key)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t first;

	SHA256((const uint8_t *)key.ptr, key.len, digest);
	memcpy(&first, digest, sizeof(first));
	return first;
}

const struct lane *people_lane(const struct people *people, uint32_t row)
{
	for (size_t i = 0; i < people->lane_count; i++)
		if (people->lanes[i].row == row)
			return &people->lanes[i];
	return NULL;
}
