/* SPDX-License-Identifier: MIT */
/* Who answers at an address: asks GET /healthz, as any client could. */
#ifndef NIM_MASTER_PROBE_H
#define NIM_MASTER_PROBE_H

enum probe {
	PROBE_NOBODY,	/* nothing listens */
	PROBE_OURS,	/* a nim answers */
	PROBE_STRANGER, /* something else does, or something that does not answer */
};

/* address: numeric IPv4 or IPv6. Takes two seconds at most. */
enum probe probe_ask(const char *address, int port);

#endif
