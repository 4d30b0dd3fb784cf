# SPDX-License-Identifier: MIT
"""A strict reader of Anthropic's event streams (Messages API, "Streaming messages").

It knows nothing of nim: it holds bytes against the rules that the API's documentation gives, and against those
that keep Anthropic's SDK and Claude Code from throwing a stream away (measured with SDK 1.12.0 and Claude Code
2.1.330). check() returns sentences, one for each broken rule; an empty list means that all is well.
"""

import json
import re

STOP_REASONS = {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
                "model_context_window_exceeded"}
ERROR_TYPES = {"invalid_request_error", "authentication_error", "billing_error", "permission_error",
               "not_found_error", "request_too_large", "rate_limit_error", "api_error", "timeout_error",
               "overloaded_error", "not_supported"}
BLOCKS = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "tool_use": {"type": "tool_use", "id": None, "name": None, "input": {}},
}
# delta type: (block type, the member that holds the piece)
DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("thinking", "signature"),
    "input_json_delta": ("tool_use", "partial_json"),
}
TOOL_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
MESSAGE_ID = re.compile(r"msg_[A-Za-z0-9_-]+\Z")
# Tool blocks with another reason: the answer was cut while a call was being written.
REASONS_BESIDE_TOOLS = {"tool_use", "max_tokens", "model_context_window_exceeded", "refusal", "stop_sequence"}


def strict_json(text):
    """RFC 8259 without duplicate names and without NaN; raises ValueError."""
    def pairs(items):
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            raise ValueError("a name occurs twice in an object")
        return dict(items)

    def constant(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)


def has_surrogate(text):
    return any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def split_events(raw):
    """(events, problems): events are (name, data text) of whole events."""
    problems = []
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return [], [f"the stream is not UTF-8: {error}"]
    if "\r" in text:
        problems.append("the stream has carriage returns")
    parts = text.split("\n\n")
    if parts[-1] != "":
        problems.append(f"the last event has no empty line: {parts[-1][-80:]!r}")
    events = []
    for part in parts[:-1]:
        match = re.fullmatch(r"event: ([a-z_]+)\ndata: (.*)", part)
        if match:
            events.append((match.group(1), match.group(2)))
        else:
            problems.append(f"no event line followed by one data line: {part[:120]!r}")
    return events, problems


class Reader:
    """The state of one message; problems collects what is wrong."""

    def __init__(self, delta_chars=None):
        self.problems = []
        self.message = None
        self.open = None        # the open block
        self.has_signature = False
        self.has_delta = False
        self.has_stop = False
        self.error = None
        self.pings = 0
        self.delta_chars = delta_chars

    def say(self, problem):
        self.problems.append(problem)

    # ---- events

    def take(self, name, text):
        try:
            data = strict_json(text)
        except ValueError as error:
            self.say(f"{name}: data is not JSON: {error}: {text[:80]!r}")
            return
        if not isinstance(data, dict):
            self.say(f"{name}: data is no object")
            return
        if data.get("type") != name:
            self.say(f"event: {name} carries type {data.get('type')!r}")
        if self.has_stop:
            self.say(f"{name} after message_stop")
        if self.error is not None:
            self.say(f"{name} after error")
        handler = getattr(self, "on_" + name, None)
        if handler is None:
            self.say(f"unknown event {name}")
            return
        if name not in ("message_start", "ping", "error") and self.message is None:
            self.say(f"{name} before message_start")
            return
        handler(data)

    def on_ping(self, data):
        self.pings += 1
        if data != {"type": "ping"}:
            self.say(f"ping with other members: {data}")

    def on_error(self, data):
        self.error = data
        error = data.get("error")
        if not isinstance(error, dict):
            self.say("error event without an error object")
            return
        if error.get("type") not in ERROR_TYPES:
            self.say(f"unknown error type {error.get('type')!r}")
        if not isinstance(error.get("message"), str) or not error["message"]:
            self.say("error event without a message")

    def on_message_start(self, data):
        if self.message is not None:
            self.say("message_start twice")
            return
        message = data.get("message")
        if not isinstance(message, dict):
            self.say("message_start without a message")
            message = {}
        self.message = message
        check_frame(message, self.say)
        if message.get("content") != []:
            self.say(f"message_start: content is {message.get('content')!r}, not []")
        message["content"] = []
        for name in ("stop_reason", "stop_sequence"):
            if name not in message or message[name] is not None:
                self.say(f"message_start: {name} is not null")

    def on_content_block_start(self, data):
        if self.has_delta:
            self.say("content_block_start after message_delta")
        if self.open is not None:
            self.say("content_block_start while another block is open")
        content = self.message["content"]
        if data.get("index") != len(content):
            self.say(f"content_block_start with index {data.get('index')!r}, expected {len(content)}")
        block = data.get("content_block")
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in BLOCKS:
            self.say(f"unknown block type {kind!r}")
            block, kind = dict(BLOCKS["text"]), "text"
        elif set(block) != set(BLOCKS[kind]):
            self.say(f"a {kind} block starts with members {sorted(block)}")
        for name, value in BLOCKS[kind].items():
            if value is not None and block.get(name) != value:
                self.say(f"a {kind} block starts with {name} = {block.get(name)!r}")
        self.open = dict(block)
        self.open["input_text"] = ""
        self.has_signature = False
        content.append(self.open)

    def on_content_block_delta(self, data):
        delta = data.get("delta")
        kind = delta.get("type") if isinstance(delta, dict) else None
        if self.open is None:
            self.say("content_block_delta without an open block")
            return
        if data.get("index") != len(self.message["content"]) - 1:
            self.say(f"content_block_delta with index {data.get('index')!r}")
        if kind not in DELTAS or set(delta) != {"type", DELTAS.get(kind, (0, 0))[1]}:
            self.say(f"unknown delta {delta!r}")
            return
        block_type, member = DELTAS[kind]
        piece = delta[member]
        if self.open["type"] != block_type:
            self.say(f"{kind} in a {self.open['type']} block")
        if not isinstance(piece, str):
            self.say(f"{kind}: {member} is no text")
            return
        self.add_piece(kind, piece)

    def add_piece(self, kind, piece):
        if self.has_signature:
            self.say(f"{kind} after signature_delta")
        if has_surrogate(piece):
            self.say(f"{kind} with half of a surrogate pair")
        if kind == "signature_delta":
            self.has_signature = True
            if not piece:
                self.say("an empty signature")
            self.open["signature"] = piece
        elif kind == "input_json_delta":
            self.open["input_text"] += piece
            if self.open["input_text"].lstrip()[:1] not in ("", "{"):
                self.say("tool input that does not begin with {")
        else:
            if not piece:
                self.say(f"an empty {kind}")
            if kind == "text_delta" and self.delta_chars and len(piece) > self.delta_chars:
                self.say(f"text_delta of {len(piece)} characters, more than {self.delta_chars}: {piece!r}")
            self.open[DELTAS[kind][1]] = self.open.get(DELTAS[kind][1], "") + piece

    def on_content_block_stop(self, data):
        if self.open is None:
            self.say("content_block_stop without an open block")
            return
        if data.get("index") != len(self.message["content"]) - 1:
            self.say(f"content_block_stop with index {data.get('index')!r}")
        block, self.open = self.open, None
        text = block.pop("input_text")
        if block["type"] == "tool_use":
            try:
                block["input"] = strict_json(text)
            except ValueError as error:
                self.say(f"tool input is not JSON: {error}: {text[:200]!r}")
        if block["type"] == "thinking" and not self.has_signature:
            self.say("a thinking block without signature_delta right before its stop")
        check_block(block, self.say)

    def on_message_delta(self, data):
        if self.has_delta:
            self.say("message_delta twice")
        if self.open is not None:
            self.say("message_delta while a block is open")
        self.has_delta = True
        delta, usage = data.get("delta"), data.get("usage")
        if not isinstance(delta, dict) or not {"stop_reason", "stop_sequence"} <= set(delta):
            self.say("message_delta: delta needs stop_reason and stop_sequence")
            return
        self.message["stop_reason"] = delta["stop_reason"]
        self.message["stop_sequence"] = delta["stop_sequence"]
        if not isinstance(usage, dict) or not is_count(usage.get("output_tokens")):
            self.say("message_delta: usage needs output_tokens")
            return
        if not is_count(usage.get("input_tokens")):
            self.say("message_delta: usage needs the final input_tokens")
        self.message["usage"] = {**(self.message.get("usage") or {}), **usage}

    def on_message_stop(self, data):
        if data != {"type": "message_stop"}:
            self.say(f"message_stop with other members: {data}")
        if not self.has_delta:
            self.say("message_stop without message_delta")
        self.has_stop = True
        check_end(self.message, self.say)


# ---- rules that streams and whole messages share

def check_frame(message, say):
    if not isinstance(message.get("id"), str) or not MESSAGE_ID.match(message["id"]):
        say(f"message id {message.get('id')!r}")
    if message.get("type") != "message" or message.get("role") != "assistant":
        say("a message needs type message and role assistant")
    if not isinstance(message.get("model"), str) or not message["model"]:
        say("a message needs its model")
    usage = message.get("usage")
    if not isinstance(usage, dict) or not is_count(usage.get("input_tokens")) \
            or not is_count(usage.get("output_tokens")):
        say(f"usage needs input_tokens and output_tokens: {usage!r}")


def check_block(block, say):
    kind = block.get("type")
    if kind == "text" and not block.get("text", "").strip():
        say(f"a text block without text: {block.get('text')!r}")
    elif kind == "thinking" and not block.get("thinking"):
        say("a thinking block without thinking")
    elif kind == "tool_use":
        if not isinstance(block.get("id"), str) or not TOOL_ID.match(block["id"]):
            say(f"illegal tool id {block.get('id')!r}")
        if not isinstance(block.get("name"), str) or not block["name"]:
            say(f"tool without a name: {block.get('name')!r}")
        if not isinstance(block.get("input"), dict):
            say(f"tool input is no object: {block.get('input')!r}")


def check_end(message, say):
    content = message.get("content", [])
    tools = [b for b in content if b.get("type") == "tool_use"]
    reason = message.get("stop_reason")
    ids = [b.get("id") for b in tools]
    if not content:
        say("a message without any block")
    if len(set(ids)) != len(ids):
        say(f"tool ids repeat: {ids}")
    if reason not in STOP_REASONS:
        say(f"unknown stop_reason {reason!r}")
    if reason == "tool_use" and not tools:
        say("stop_reason tool_use without a tool_use block")
    if tools and reason not in REASONS_BESIDE_TOOLS:
        say(f"stop_reason {reason} beside a tool_use block")
    if (reason == "stop_sequence") != (message.get("stop_sequence") is not None):
        say(f"stop_reason {reason} with stop_sequence {message.get('stop_sequence')!r}")
    usage = message.get("usage") or {}
    seen = usage.get("input_tokens", 0) + (usage.get("cache_read_input_tokens") or 0)
    if not seen or not usage.get("output_tokens"):
        say(f"usage is zero: {usage}")


# ---- what tests call

COMPLETE, ERROR, CUT = "complete", "error", "cut"


def read(raw, end=COMPLETE, delta_chars=None):
    """Reads a stream that should end in that way, or in one of these ways: COMPLETE (message_stop), ERROR (an error
    event), CUT (the connection broke: neither). Returns the Reader, with message, error, pings and problems."""
    reader = Reader(delta_chars)
    events, problems = split_events(raw)
    reader.problems += problems
    for name, text in events:
        reader.take(name, text)
    how = COMPLETE if reader.has_stop else ERROR if reader.error is not None else CUT
    reader.how = how
    if how != end and how not in (end if isinstance(end, tuple) else ()):
        reader.say(f"the stream ended as {how}, not as {end}")
    return reader


def check(raw, end=COMPLETE, delta_chars=None):
    return read(raw, end, delta_chars).problems


def check_message(message):
    """The same rules for the JSON of an answer that was not streamed."""
    problems = []
    if not isinstance(message, dict):
        return ["the answer is no object"]
    check_frame(message, problems.append)
    if not isinstance(message.get("content"), list):
        return problems + ["content is no array"]
    for block in message["content"]:
        if not isinstance(block, dict) or block.get("type") not in BLOCKS:
            problems.append(f"unknown block {block!r}")
            continue
        if set(block) != set(BLOCKS[block["type"]]):
            problems.append(f"a {block['type']} block has members {sorted(block)}")
        if block["type"] == "thinking" and not block.get("signature"):
            problems.append("a thinking block without signature")
        check_block(block, problems.append)
    check_end(message, problems.append)
    return problems
