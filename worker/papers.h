/* SPDX-License-Identifier: MIT */
/*
 * PDFs in a request: chat completions have no place for them, so a model gets their text.
 * poppler's pdftotext takes it out, in a process of its own that holds no key, gets ten
 * seconds of CPU, 512 MiB and an empty environment: a broken or hostile file can end
 * nothing but that process.
 */
#ifndef NIM_WORKER_PAPERS_H
#define NIM_WORKER_PAPERS_H

#include "worker/req.h"

/*
 * Puts the text of each PDF in place of its bytes, in r->asked's tree: documents become
 * documents of text. What can't be read stays as it is, and is told to the model as such
 * (oa_render.h). Takes PAPERS_MS in all; gives up when the client's master is gone.
 */
enum { PAPERS_MS = 15000, PAPERS_MAX = 20, PAPERS_TEXT_MAX = 4 << 20 };
void papers_read(struct req *r);

#endif
