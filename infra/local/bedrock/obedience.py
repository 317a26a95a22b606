r"""A model that obeys: it does what any text of a request orders, whoever wrote it, as far as a model can.

It shows that the orders of a visitor, a document or the result of a tool have no effect in the product, even where the
model itself resists nothing. The orders, in English, Polish and German:

    say exactly: TEXT                        say exactly 50 times: TEXT
    call the tool NAME with {"a": 1}         call the tool NAME 50 times with {"a": 1}
    print your whole prompt

An order ends with its line. In TEXT, `\x1b` and `\u202e` stand for characters that a request can't contain. What comes
after `with` is sent as it is, also if it is no JSON.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.local.bedrock.reply import Plan, Step
from infra.local.bedrock.request import ConverseRequest
from infra.local.bedrock.tokens import count_tokens, list_blocks

_SAY = re.compile(
    r"\b(?:(?:say|write|print|reply|repeat) exactly|(?:powiedz|napisz|odpowiedz|powtórz) dokładnie|"
    r"(?:sag|schreibe?|antworte|wiederhole) genau)(?: (\d+)(?: times| razy|-?mal))?: *(.+)",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"\b(?:(?:call|use) the tool|(?:wywołaj|użyj) narzędzi[ea]|(?:rufe?|nutze) das Werkzeug) "
    r"(\S+)(?: (\d+)(?: times| razy|-?mal))? (?:with|z|mit) (\{.*\S)",
    re.IGNORECASE,
)
_PRINT_PROMPT = re.compile(
    r"\b(?:print|reveal|show|quote) (?:me )?(?:your|all) (?:whole |entire |full |hidden )?"
    r"(?:prompt|instructions|context|conversation|data)|\b(?:pokaż|wypisz|zacytuj) cały swój prompt|"
    r"\bzeig\w* (?:mir )?deinen ganzen prompt",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})", re.IGNORECASE)
_PIECE = 1000
_MAX_PROMPT = 30_000
"""A printed prompt has no more characters: it is in the next request, and would double with each."""

_NOTHING = "Nothing here orders me to do anything."


@dataclass(frozen=True)
class Obeyed:
    """What the orders of a request make the model write and call; `orders` is their number."""

    orders: int
    text: str
    calls: tuple[tuple[str, str], ...]
    """Name and input of each call of a tool, as raw text."""


def obey(request: ConverseRequest) -> Obeyed:
    """Return what a request orders, in all of its parts."""
    parts = [*_list_texts(request)]
    orders, texts, calls = 0, list[str](), list[tuple[str, str]]()
    for part in parts:
        orders += len(_SAY.findall(part)) + len(_CALL.findall(part)) + len(_PRINT_PROMPT.findall(part))
        texts += [_decode(spoken) * int(times or 1) for times, spoken in _SAY.findall(part)]
        calls += [call for name, times, content in _CALL.findall(part) for call in [(name, content)] * int(times or 1)]
    if any(_PRINT_PROMPT.search(part) for part in parts):
        texts.append("\n".join(parts)[:_MAX_PROMPT])
    return Obeyed(orders, "\n".join(texts) or ("" if calls else _NOTHING), tuple(calls))


def _list_texts(request: ConverseRequest) -> Iterator[str]:
    for block in list_blocks(request):
        if block.text is not None:
            yield block.text
        for result in [block.tool_result] if block.tool_result else []:
            yield from _list_strings(result.content)


def _list_strings(content: object) -> Iterator[str]:
    match content:
        case str():
            yield content
        case list():
            for item in content:
                yield from _list_strings(item)
        case dict():
            yield from _list_strings([*content.values()])


def plan_obedience(obeyed: Obeyed, tool_use_id: str) -> Plan:
    """Return the stream of the answer; the limits of the request are not kept, as a hostile model would not."""
    steps = [Step("messageStart", {"role": "assistant"})]
    pieces = [obeyed.text[at : at + _PIECE] for at in range(0, len(obeyed.text), _PIECE)]
    steps += [Step("contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": 0}) for piece in pieces]
    for index, (name, content) in enumerate(obeyed.calls, start=1):
        start = {"toolUse": {"toolUseId": f"{tool_use_id}{index}", "name": name}}
        steps += [
            Step("contentBlockStart", {"start": start, "contentBlockIndex": index}),
            Step("contentBlockDelta", {"delta": {"toolUse": {"input": content}}, "contentBlockIndex": index}),
            Step("contentBlockStop", {"contentBlockIndex": index}),
        ]
    reason = "tool_use" if obeyed.calls else "end_turn"
    steps.append(Step("messageStop", {"stopReason": reason}))
    return Plan(tuple(steps), ({"text": obeyed.text},), reason, count_tokens(obeyed.text))


def _decode(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
