/* SPDX-License-Identifier: MIT */
/* The gate's only look at what a client says. */
#include "config.h"

#include "worker/gate_head.h"

bool gate_head_is_whole(struct str text)
{
	while (text.len > 0 && (*text.ptr == '\r' || *text.ptr == '\n')) {
		text.ptr++;
		text.len--;
	}
	if (text.len == 0)
		return false;
	if (*text.ptr < 'A' || *text.ptr > 'Z')
		return true;
	return memmem(text.ptr, text.len, "\r\n\r\n", 4) ||
	       memmem(text.ptr, text.len, "\n\n", 2);
}
