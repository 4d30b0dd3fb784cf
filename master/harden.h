/* SPDX-License-Identifier: MIT */
/* What the process gives away before it serves anybody. */
#ifndef NIM_MASTER_HARDEN_H
#define NIM_MASTER_HARDEN_H

#include "translate/str.h"

/*
 * Removes the variables that libraries obey (proxies, SSLKEYLOGFILE) and the keys, which
 * have been read by now. SSL_CERT_FILE and SSL_CERT_DIR stay.
 */
void harden_environment(void);
/* No core dumps, no ptrace by others of the same user; as many descriptors as the system
 * allows. */
void harden_process(void);
/* Started as root: becomes that user for good, or dies. Otherwise does nothing. */
void harden_user(struct str user);

#endif
