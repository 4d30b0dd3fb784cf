# SPDX-License-Identifier: MIT
"""Lets vLLM's model say what the script says (--logits-processors vllm_said:Said): at each step one token is left.

SAID_CLOSES=1 puts </think> in front of an answer that has none: vLLM's parsers of thinking take text without it for
thinking. Crashes are not played: vLLM's engine is one process for all.
"""

import os
import sys
import time

import torch
from vllm.v1.sample.logits_processor import LogitsProcessor
from vllm.v1.sample.logits_processor.interface import MoveDirectionality

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model  # noqa: E402
import script  # noqa: E402

CLOSE = model.END + 1 + model.MARKS.index("</think>")


class Line:
    """One answer: its tokens, where it pauses, whether it goes on for ever."""

    def __init__(self, prompt):
        self.tokens, self.pauses, self.is_endless = [], {}, False
        for step in script.steps(prompt):
            if isinstance(step, list):
                self.tokens += step
            elif step == "pause":
                self.pauses[len(self.tokens)] = self.pauses.get(len(self.tokens), 0) + 1
            else:
                self.is_endless = self.is_endless or step == "babble"
        if os.environ.get("SAID_CLOSES") and CLOSE not in self.tokens:
            self.tokens.insert(0, CLOSE)

    def token(self, at):
        time.sleep(0.5 * self.pauses.pop(at, 0))
        if at < len(self.tokens):
            return self.tokens[at]
        return ord("x") if self.is_endless else model.END


class Said(LogitsProcessor):
    def __init__(self, vllm_config, device, is_pin_memory):
        self.rows = {}  # place in the batch: (line, the tokens said so far, which vLLM goes on filling)

    def is_argmax_invariant(self):
        return False

    def update_state(self, batch_update):
        if not batch_update:
            return
        for i in batch_update.removed:
            self.rows.pop(i, None)
        for i, _, prompt, said in batch_update.added:
            self.rows[i] = (Line(prompt), said)
        for a, b, way in batch_update.moved:
            one, other = self.rows.pop(a, None), self.rows.pop(b, None)
            if one:
                self.rows[b] = one
            if other and way == MoveDirectionality.SWAP:
                self.rows[a] = other

    def apply(self, logits):
        for i, (line, said) in self.rows.items():
            token = line.token(len(said))
            logits[i] = torch.full_like(logits[i], float("-inf"))
            logits[i, token] = 0
        return logits
