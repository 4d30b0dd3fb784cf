/* SPDX-License-Identifier: MIT */
/*
 * Servers with rules of their own: behaviours that look at the request and refuse what
 * that one server would, or answer as always. Such a refusal is no violation: it is what
 * the behaviour is there for, and nim has to cope with it.
 */
#ifndef NIM_FAKENIM_RULES_H
#define NIM_FAKENIM_RULES_H

#include "tests/fakenim/behave.h"

/* Fields: what is not in the smallest set is refused, in four wordings. */
void rules_dynamo(struct turn *t);
void rules_nim1(struct turn *t);
void rules_nim1_list(struct turn *t);
void rules_nim1_repr(struct turn *t);
void rules_no_stream_options(struct turn *t);
void rules_no_tools(struct turn *t);
/* Models' templates. */
void rules_mistral(struct turn *t);
void rules_llama(struct turn *t);
void rules_order(struct turn *t);
void rules_deepseek(struct turn *t);
void rules_ctk(struct turn *t); /* hangs without chat_template_kwargs */
/* Windows of number[0] tokens, a token being four bytes of the body. */
void rules_ctx_dynamo(struct turn *t);
void rules_ctx_vllm(struct turn *t);
void rules_ctx_vllm_old(struct turn *t);
void rules_ctx_vllm_max(struct turn *t); /* max_tokens alone is above the window */
void rules_ctx_vllm_negative(struct turn *t);
void rules_ctx_sglang(struct turn *t);
/* number[0] requests, or tokens of prompts, in any 60 s. */
void rules_window(struct turn *t);
void rules_tokens(struct turn *t);
/* More than number[0] requests at once: 503, in three forms. */
void rules_busy(struct turn *t);
void rules_busy_429(struct turn *t);
void rules_busy_stream(struct turn *t);
/* 202 unless the request asks to be held. */
void rules_202(struct turn *t);
/* Calls as text: number[0] chooses the dialect; the tool's name is declared or not. */
void rules_dialect(struct turn *t);

#endif
