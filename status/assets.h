/* SPDX-License-Identifier: MIT */
/* The page's style and script, made from etc/status.css and etc/status.js. */
#ifndef NIM_STATUS_ASSETS_H
#define NIM_STATUS_ASSETS_H

extern const char assets_style[], assets_script[];

/* Once, before assets_policy(): the header field that lets a browser use these two and
 * nothing else (CSP level 3, by their SHA-256). */
void assets_prepare(void);
const char *assets_policy(void);

#endif
