/* SPDX-License-Identifier: MIT */
/*
 * A word to systemd (sd_notify(3)): one datagram to $NOTIFY_SOCKET, with a descriptor for
 * its store if there is one.  Without that variable nothing happens.
 */
#ifndef NIM_MASTER_NOTIFY_H
#define NIM_MASTER_NOTIFY_H

/* Reads the environment and takes its variables out of it; once, at the start. */
void notify_init(void);
/* Assignments, one a line ("READY=1"); fd -1: none goes with them. 0, or -1 with errno.
 */
int notify_send(const char *text, int fd);
/* Is somebody there who keeps descriptors? */
int notify_is_heard(void);
/*
 * The descriptor that was stored under that name (sd_listen_fds_with_names(3)), close-on-
 * exec from now on; -1: there is none. Others of the same name are closed.
 */
int notify_stored(const char *name);

#endif
