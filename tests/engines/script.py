# SPDX-License-Identifier: MIT
"""What the model without weights says: the script stands in the conversation, so that it survives every program.

The last user message that holds <|say|> ... <|/say|> is the script; with k assistant messages behind it, stretch k is
spoken, byte for byte; behind the last stretch, or without a script, it says "Done.". Marks in a stretch:

    <|echo|>    the conversation as the chat template was given it, as JSON
    <|pause|>   half a second of silence
    <|babble|>  goes on for ever
    <|crash|>   the engine raises an error
    <|die|>     the engine's process ends
"""

import json
import re

import model

STRETCH = re.compile(r"<\|say\|>(.*?)<\|/say\|>", re.DOTALL)
MARK = re.compile(r"<\|(echo|pause|babble|crash|die)\|>")
LONG = 200  # what is long is said in long pieces
TOKEN = re.compile("|".join(model.MARKS))


def text_of(content):
    """A message's text: engines give it to the template as a string or in parts."""
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content or ""


def tokens(text):
    """Token numbers, as the tokenizer would find them."""
    found, at = [], 0
    for match in TOKEN.finditer(text):
        found += text[at:match.start()].encode("utf-8")
        found.append(model.END + 1 + model.MARKS.index(match.group()))
        at = match.end()
    return found + list(text[at:].encode("utf-8"))


def line_for(messages):
    turns = 0
    for message in reversed(messages):
        if message["role"] == "assistant":
            turns += 1
        stretches = STRETCH.findall(text_of(message.get("content"))) if message["role"] == "user" else []
        if stretches:
            return stretches[turns] if turns < len(stretches) else "Done."
    return "Done."


def steps(prompt):
    """What to say to a prompt of token numbers: a list of lists of numbers, and between them the names of marks."""
    pieces = model.pieces()
    text = b"".join(pieces[n] for n in prompt if n < len(pieces)).decode("utf-8", "replace")
    given = json.loads(text)
    found = []
    for i, part in enumerate(MARK.split(line_for(given["messages"]))):
        if i % 2 == 0:
            found += [[n] for n in tokens(part)]
        elif part == "echo":
            # No parser may see tags in it.
            echo = json.dumps(given).replace("<", "\\u003c").replace("[TOOL", "\\u005bTOOL").encode("utf-8")
            found += [list(echo[at:at + LONG]) for at in range(0, len(echo), LONG)]
        else:
            found.append(part)
    return found
