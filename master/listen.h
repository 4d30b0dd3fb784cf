/* SPDX-License-Identifier: MIT */
/* The listening sockets.  The master owns them; the gate accepts from them. */
#ifndef NIM_MASTER_LISTEN_H
#define NIM_MASTER_LISTEN_H

#include "master/conf.h"

enum { LISTEN_BACKLOG = 1024, LISTEN_TEXT = 64 };

/*
 * Binds one address; non-blocking, close-on-exec. Returns the descriptor, or -1 with why,
 * a sentence for a person ("127.0.0.1:8787 is in use already by another program").
 */
int listen_open(const struct conf_listen *at, char why[256]);
/* "127.0.0.1:8787", with the port that was really taken. */
void listen_name(int fd, char text[LISTEN_TEXT]);

#endif
