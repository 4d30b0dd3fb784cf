/* SPDX-License-Identifier: MIT */
/* Finding a lane of the configuration by its row in the segment. */
#include "config.h"

#include "worker/people.h"

const struct lane *people_lane(const struct people *people, uint32_t row)
{
	for (size_t i = 0; i < people->lane_count; i++)
		if (people->lanes[i].row == row)
			return &people->lanes[i];
	return NULL;
}
