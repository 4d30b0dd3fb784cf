/* SPDX-License-Identifier: MIT */
/*
 * Requests that a server refuses for their form, and what all workers learn from it: the
 * field it named is left out, the max_tokens it would not take is lowered (oa_repair.h),
 * this time by sending the request once more, later from the start.
 */
#ifndef NIM_WORKER_RELAY_MEND_H
#define NIM_WORKER_RELAY_MEND_H

#include "worker/relay_state.h"

/*
 * After a refusal: true when r->body_out has been mended and may be sent again. At most
 * twice for one request.
 */
bool relay_mend(struct relay *rl);

#endif
