/* SPDX-License-Identifier: MIT */
/* The table of dialects; the bars of DeepSeek's marks are U+FF5C, their blanks U+2581. */
#include "config.h"

#include "translate/rescue_read.h"

#define COUNT_MAX 5 /* marks of a dialect, and the end of the list */

/* clang-format off */
static const struct rescue_mark kimi[COUNT_MAX] = {
	{ "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>",
	  .read = rescue_read_kimi },
	{ "<|tool_call_begin|>", "<|tool_call_end|>",
	  .read = rescue_read_kimi, .keeps_open = true },
};
static const struct rescue_mark hermes[COUNT_MAX] = {
	{ "<tool_call>", "</tool_call>", .read = rescue_read_functions },
};
static const struct rescue_mark qwen[COUNT_MAX] = {
	{ "<tool_call>", "</tool_call>", .read = rescue_read_functions },
	{ "● <function=", "</function>",
	  .read = rescue_read_functions, .keeps_open = true },
	{ "<function=", "</function>",
	  .read = rescue_read_functions, .keeps_open = true },
};
static const struct rescue_mark glm[COUNT_MAX] = {
	{ "<tool_call>", "</tool_call>", .read = rescue_read_glm },
};
static const struct rescue_mark deepseek[COUNT_MAX] = {
	{ "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>",
	  .read = rescue_read_deepseek },
	{ "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
	  .read = rescue_read_deepseek, .keeps_open = true },
	{ "<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>",
	  .read = rescue_read_invokes },
	{ "<｜DSML｜function_calls>", "</｜DSML｜function_calls>",
	  .read = rescue_read_invokes },
};
static const struct rescue_mark minimax[COUNT_MAX] = {
	{ "<minimax:tool_call>", "</minimax:tool_call>", .read = rescue_read_minimax },
	{ "]<]minimax[>[<tool_call>", "</tool_call>", .read = rescue_read_minimax },
};
static const struct rescue_mark llama[COUNT_MAX] = {
	{ "<|python_tag|>", "<|eom_id|>", .read = rescue_read_json },
	{ "{\"", NULL,
	  .read = rescue_read_json, .is_start_only = true, .keeps_open = true },
};
static const struct rescue_mark mistral[COUNT_MAX] = {
	{ "[TOOL_CALLS]", NULL, .read = rescue_read_mistral },
};
static const struct rescue_mark harmony[COUNT_MAX] = {
	{ "<|channel|>commentary to=functions.", "<|call|>",
	  .read = rescue_read_harmony },
	{ "<|start|>assistant to=functions.", "<|call|>", .read = rescue_read_harmony },
	{ "<|channel|>analysis<|message|>", "<|end|>", .read = NULL },
};

#define STRAYS(...) (const char *const[]){ __VA_ARGS__, NULL }
static const char *const none[] = { NULL };

const struct rescue_dialect rescue_dialects[] = {
	[MODEL_DIALECT_KIMI] = { kimi, STRAYS("<|tool_calls_section_end|>",
					      "<|tool_call_end|>", "<|im_end|>") },
	[MODEL_DIALECT_HERMES] = { hermes, STRAYS("<|im_end|>") },
	[MODEL_DIALECT_QWEN] = { qwen, STRAYS("</tool_call>", "<|im_end|>") },
	[MODEL_DIALECT_GLM] = { glm, none },
	[MODEL_DIALECT_DEEPSEEK] = { deepseek, STRAYS("<｜tool▁calls▁end｜>",
						      "<｜end▁of▁sentence｜>") },
	[MODEL_DIALECT_MINIMAX] = { minimax, STRAYS("]<]minimax[>[") },
	[MODEL_DIALECT_LLAMA] = { llama, STRAYS("<|eom_id|>", "<|eot_id|>") },
	[MODEL_DIALECT_MISTRAL] = { mistral, none },
	[MODEL_DIALECT_HARMONY] = { harmony, STRAYS("<|start|>assistant",
						    "<|channel|>final<|message|>",
						    "<|channel|>commentary<|message|>",
						    "<|return|>", "<|end|>",
						    "<|call|>") },
};
/* clang-format on */
