/* SPDX-License-Identifier: MIT */
/* The table of dialects. */
#include "config.h"

#include "translate/rescue_read.h"

#define NO_STRAYS                                                                        \
	(const char *const[])                                                            \
	{                                                                                \
		NULL                                                                     \
	}
#define MARKS (const struct rescue_mark[])

const struct rescue_dialect rescue_dialects[] = {
	[MODEL_DIALECT_KIMI] = {
		MARKS{ { .open = "<|tool_calls_section_begin|>",
			 .close = "<|tool_calls_section_end|>", .read = rescue_read_kimi },
		       { .open = "<|tool_call_begin|>", .close = "<|tool_call_end|>",
			 .read = rescue_read_kimi, .keeps_open = true },
		       { .open = NULL } },
		(const char *const[]){ "<|tool_calls_section_end|>", "<|tool_call_end|>",
				       "<|im_end|>", NULL },
	},
	[MODEL_DIALECT_HERMES] = {
		MARKS{ { .open = "<tool_call>", .close = "</tool_call>",
			 .read = rescue_read_functions },
		       { .open = NULL } },
		(const char *const[]){ "<|im_end|>", NULL },
	},
	[MODEL_DIALECT_QWEN] = {
		MARKS{ { .open = "<tool_call>", .close = "</tool_call>",
			 .read = rescue_read_functions },
		       { .open = "● <function=", .close = "</function>",
			 .read = rescue_read_functions, .keeps_open = true },
		       { .open = "<function=", .close = "</function>",
			 .read = rescue_read_functions, .keeps_open = true },
		       { .open = NULL } },
		(const char *const[]){ "</tool_call>", "<|im_end|>", NULL },
	},
	[MODEL_DIALECT_GLM] = {
		MARKS{ { .open = "<tool_call>", .close = "</tool_call>",
			 .read = rescue_read_glm },
		       { .open = NULL } },
		NO_STRAYS,
	},
	[MODEL_DIALECT_DEEPSEEK] = {
		MARKS{ { .open = "<｜tool▁calls▁begin｜>",
			 .close = "<｜tool▁calls▁end｜>", .read = rescue_read_deepseek },
		       { .open = "<｜tool▁call▁begin｜>",
			 .close = "<｜tool▁call▁end｜>", .read = rescue_read_deepseek,
			 .keeps_open = true },
		       { .open = "<｜DSML｜tool_calls>",
			 .close = "</｜DSML｜tool_calls>", .read = rescue_read_invokes },
		       { .open = "<｜DSML｜function_calls>",
			 .close = "</｜DSML｜function_calls>", .read = rescue_read_invokes },
		       { .open = NULL } },
		(const char *const[]){ "<｜tool▁calls▁end｜>", "<｜end▁of▁sentence｜>",
				       NULL },
	},
	[MODEL_DIALECT_MINIMAX] = {
		MARKS{ { .open = "<minimax:tool_call>", .close = "</minimax:tool_call>",
			 .read = rescue_read_minimax },
		       { .open = "]<]minimax[>[<tool_call>", .close = "</tool_call>",
			 .read = rescue_read_minimax },
		       { .open = NULL } },
		(const char *const[]){ "]<]minimax[>[", NULL },
	},
	[MODEL_DIALECT_LLAMA] = {
		MARKS{ { .open = "<|python_tag|>", .close = "<|eom_id|>",
			 .read = rescue_read_json },
		       { .open = "{\"", .close = NULL, .read = rescue_read_json,
			 .is_start_only = true, .keeps_open = true },
		       { .open = NULL } },
		(const char *const[]){ "<|eom_id|>", "<|eot_id|>", NULL },
	},
	[MODEL_DIALECT_MISTRAL] = {
		MARKS{ { .open = "[TOOL_CALLS]", .close = NULL, .read = rescue_read_mistral },
		       { .open = NULL } },
		NO_STRAYS,
	},
	[MODEL_DIALECT_HARMONY] = {
		MARKS{ { .open = "<|channel|>commentary to=functions.",
			 .close = "<|call|>", .read = rescue_read_harmony },
		       { .open = "<|start|>assistant to=functions.", .close = "<|call|>",
			 .read = rescue_read_harmony },
		       { .open = "<|channel|>analysis<|message|>", .close = "<|end|>" },
		       { .open = NULL } },
		(const char *const[]){ "<|start|>assistant", "<|channel|>final<|message|>",
				       "<|channel|>commentary<|message|>", "<|return|>",
				       "<|end|>", "<|call|>", NULL },
	},
};
