/* SPDX-License-Identifier: MIT */
/* What the process gives away before it serves anybody. */
#ifndef NIM_MASTER_HARDEN_H
#define NIM_MASTER_HARDEN_H

#include <stdint.h>

#include "translate/str.h"

/*
 * Removes the variables that libraries obey (proxies, SSLKEYLOGFILE), and overwrites the
 * keys, which have been read by now: else they could be read in /proc/PID/environ.
 * SSL_CERT_FILE and SSL_CERT_DIR stay.
 */
void harden_environment(void);
/* No core dumps, no ptrace by others of the same user. */
void harden_process(void);
/* As many descriptors as the system allows; returns how many that are. */
int64_t harden_descriptors(void);
/*
 * Started as root: becomes that user for good, with its group and no other, or dies.
 * Otherwise, or when the user is root on purpose (a warning), does nothing.
 */
void harden_user(struct str user);

#endif
