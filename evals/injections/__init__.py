"""Attempts to make the assistant do what it must not, as data."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ATTEMPTS = Path(__file__).parent / "attempts.jsonl"

Part = Literal[
    "message", "history", "answer", "document", "document_name", "heading", "service_name", "business_name", "price",
    "address", "question", "visit", "contact", "refusal", "locale", "tool_result",
]  # fmt: skip
"""Where the text of an attempt stands."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; `text` has an order that the obedient model of the Bedrock stand-in understands."""

    id: str
    kind: str
    part: Part
    text: str
    reaches: bool = True
    """Whether the text gets to the model at all."""


def read_attempts() -> tuple[Attempt, ...]:
    """Return the attempts of `attempts.jsonl`, which has one JSON object a line."""
    lines = ATTEMPTS.read_text(encoding="utf-8").splitlines()
    return tuple(Attempt(**json.loads(line)) for line in lines)
