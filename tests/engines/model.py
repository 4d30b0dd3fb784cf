#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the folder of a chat model without weights, for an engine that runs a script instead of a model.

    model.py FOLDER

A token is a byte (its number is the byte's value), but for the end of a turn and four marks that vLLM's parsers ask
the vocabulary for. So tokens are counted by counting bytes, and characters of several bytes are cut by every stream.
The chat template puts all that the engine was given into one JSON text: what a proxy really sent can be read from the
prompt, and script.py finds its lines there.
"""

import json
import os
import sys

END = 256
MARKS = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
LENGTH = 262144
GIVEN = ["messages", "tools", "enable_thinking", "thinking", "reasoning_effort"]
TEMPLATE = ("{{ {" + ", ".join(f'"{name}": {name} if {name} is defined else none' for name in GIVEN) + "} | tojson }}")


def letters():
    """The character that byte-level vocabularies write for each byte: itself when it prints, else one above 255."""
    plain = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = [b for b in range(256) if b not in plain]
    return {**{b: chr(b) for b in plain}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def pieces():
    """The bytes of each token that has some."""
    return [bytes([b]) for b in range(256)] + [b""] + [mark.encode() for mark in MARKS]


def added(number, text, special):
    return {"id": number, "content": text, "special": special, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False}


def tokenizer():
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [added(END, "<|end|>", True)] + [added(END + 1 + i, m, False) for i, m in enumerate(MARKS)],
        "pre_tokenizer": level, "decoder": level,
        "model": {"type": "BPE", "vocab": {c: b for b, c in sorted(letters().items())}, "merges": [], "dropout": None,
                  "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False}}


FILES = {
    "tokenizer.json": tokenizer(),
    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "bos_token": None,
                              "pad_token": "<|end|>", "model_max_length": LENGTH, "chat_template": TEMPLATE,
                              "clean_up_tokenization_spaces": False},
    "generation_config.json": {"eos_token_id": [END], "pad_token_id": END},
    "config.json": {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 320, "hidden_size": 64,
                    "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
                    "head_dim": 32, "max_position_embeddings": LENGTH, "rms_norm_eps": 1e-5, "hidden_act": "silu",
                    "eos_token_id": END, "pad_token_id": END, "torch_dtype": "float32"},
}


def write(folder):
    os.makedirs(folder, exist_ok=True)
    for name, data in FILES.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(data, f, ensure_ascii=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
