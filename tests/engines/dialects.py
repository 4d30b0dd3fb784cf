# SPDX-License-Identifier: MIT
"""How models write thinking, text and calls: the text that an engine's parser is given, for each dialect."""

import json

DSML = "｜DSML｜"
MINIMAX = "]<]minimax[>["


def word(value):
    """A parameter's value between tags: strings stand as they are."""
    return value if isinstance(value, str) else json.dumps(value)


class Hermes:
    """think: the tags of thinking; opens: the parser takes an answer's begin as thinking until the closing tag."""

    model = "tiny"
    think = ("<think>", "</think>")
    opens = False
    has_calls = True

    def says(self, text="", think="", calls=()):
        before = self.think[0] + think + self.think[1] if think or self.opens else ""
        return before + self.text(text) + (self.calls(calls) if calls else "")

    def forced(self, name, arguments, is_named):
        """What the model writes when the engine makes it call: bare JSON."""
        return json.dumps(arguments if is_named else [{"name": name, "parameters": arguments}])

    def text(self, text):
        return text

    def calls(self, calls):
        return "\n".join("<tool_call>" + json.dumps({"name": n, "arguments": a}) + "</tool_call>" for n, a in calls)


class Plain(Hermes):
    """No parser at all: calls reach the proxy as text, thinking as tags."""
    model = "tiny/plain"
    has_calls = False


class Native(Hermes):
    """A forced call is written like any other."""

    def forced(self, name, arguments, is_named):
        return self.says(calls=[(name, arguments)])


class Kimi(Native):
    model = "tiny/kimi"
    opens = True

    def calls(self, calls):
        return "<|tool_calls_section_begin|>" + "".join(
            f"<|tool_call_begin|>functions.{name}:{i}<|tool_call_argument_begin|>{json.dumps(arguments)}"
            "<|tool_call_end|>" for i, (name, arguments) in enumerate(calls)) + "<|tool_calls_section_end|>"


class Kimi3(Native):
    model = "tiny/kimi3"
    think = ("<|open|>think<|sep|>", "<|close|>think<|sep|>")

    def element(self, name, attributes, inner):
        return f"<|open|>{name}{attributes}<|sep|>{inner}<|close|>{name}<|sep|>"

    def text(self, text):
        return self.element("response", "", text) if text else ""

    def calls(self, calls):
        return self.element("tools", "", "".join(
            self.element("call", f' tool="{name}" index="{i}"', "".join(
                self.element("argument", f' key="{key}" type="{"string" if isinstance(value, str) else "number"}"',
                             word(value)) for key, value in arguments.items()))
            for i, (name, arguments) in enumerate(calls, 1)))


class Glm(Hermes):
    model = "tiny/glm"

    def calls(self, calls):
        return "".join(f"<tool_call>{name}" + "".join(
            f"<arg_key>{key}</arg_key><arg_value>{word(value)}</arg_value>" for key, value in arguments.items())
            + "</tool_call>" for name, arguments in calls)


class Deepseek(Hermes):
    model = "tiny/deepseek"

    def calls(self, calls):
        def parameter(key, value):
            is_text = "true" if isinstance(value, str) else "false"
            return f'<{DSML}parameter name="{key}" string="{is_text}">{word(value)}</{DSML}parameter>\n'

        return f"<{DSML}tool_calls>\n" + "".join(
            f'<{DSML}invoke name="{name}">\n' + "".join(parameter(*item) for item in arguments.items())
            + f"</{DSML}invoke>\n" for name, arguments in calls) + f"</{DSML}tool_calls>"


class Minimax(Hermes):
    model = "tiny/minimax"
    think = ("<mm:think>", "</mm:think>")
    opens = True

    def calls(self, calls):
        return f"{MINIMAX}<tool_call>\n" + "".join(
            f'{MINIMAX}<invoke name="{name}">' + "".join(
                f"{MINIMAX}<{key}>{word(value)}{MINIMAX}</{key}>" for key, value in arguments.items())
            + f"{MINIMAX}</invoke>\n" for name, arguments in calls) + f"{MINIMAX}</tool_call>"


class Coder(Hermes):
    model = "tiny/coder"

    def calls(self, calls):
        return "\n".join(f"<tool_call>\n<function={name}>\n" + "".join(
            f"<parameter={key}>\n{word(value)}\n</parameter>\n" for key, value in arguments.items())
            + "</function>\n</tool_call>" for name, arguments in calls)


class Nemotron(Coder):
    model = "tiny/nemotron"
    opens = True


class Llama(Hermes):
    """Thinking stands in its text: the proxy finds it."""
    model = "tiny/llama"

    def calls(self, calls):
        return "".join("<|python_tag|>" + json.dumps({"name": n, "parameters": a}) for n, a in calls)


class Mistral(Hermes):
    model = "tiny/mistral"

    def calls(self, calls):
        return "[TOOL_CALLS]" + json.dumps([{"name": n, "arguments": a} for n, a in calls])


class Gptoss(Hermes):
    """Its control tokens are not in the vocabulary here: text only."""
    model = "tiny/gptoss"
    has_calls = False


ALL = (Hermes, Plain, Kimi, Kimi3, Glm, Deepseek, Minimax, Coder, Nemotron, Llama, Mistral, Gptoss)
