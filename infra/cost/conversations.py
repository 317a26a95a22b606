"""The typical conversations, `conversations.yaml`, and how many tokens their texts have."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from infra.local.seed import TENANTS
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile

FILE = Path(__file__).with_name("conversations.yaml")
COUNTS = Path(__file__).with_name("token_counts.json")
_FOLDERS = (TENANTS, Path(__file__).parents[2] / "evals" / "tenants")

Kind = Literal["greeting", "thanks", "booking", "person"]


class Exchange(BaseModel):
    """A visitor's message with its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visitor: str
    assistant: str
    kind: Kind | None = None
    """What the message is, if it needs no documents."""
    form: bool = False
    """Whether the answer opens the booking form."""
    finds_times: bool = False
    """Whether the model asks for free times first, so that the answer takes two calls."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    business: str
    language: str
    exchanges: Mapping[str, Exchange]
    conversations: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One visitor's messages and their answers, in order."""

    business: str
    language: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Business:
    """What the assistant knows of a business."""

    profile: TenantProfile
    documents: Mapping[str, str]


def list_questions_for_times(path: Path = FILE) -> tuple[Conversation, ...]:
    """Return a conversation for each question about free times, which none of the typical conversations has."""
    return tuple(
        Conversation(group.business, group.language, (exchange,))
        for group in _read_groups(path)
        for exchange in group.exchanges.values()
        if exchange.finds_times
    )


def read_conversations(path: Path = FILE) -> tuple[Conversation, ...]:
    """Return the conversations, one of each business and language after the other."""
    listed = [
        [
            Conversation(group.business, group.language, tuple(group.exchanges[name] for name in names))
            for names in group.conversations
        ]
        for group in _read_groups(path)
    ]
    return tuple(conversation for row in zip(*listed, strict=True) for conversation in row)


def _read_groups(path: Path) -> list[_Group]:
    return [_Group.model_validate(group) for group in yaml.safe_load(path.read_text(encoding="utf-8"))]


@cache
def read_business(name: str) -> Business:
    """Return a business of the local stack or of the golden conversations."""
    folder = next(parent / name for parent in _FOLDERS if (parent / name).is_dir())
    documents = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    return Business(parse_profile((folder / "profile.yaml").read_text(encoding="utf-8")), documents)


class TokenCounter:
    """Counts tokens by the bytes a token of each kind of text that were counted (`token_counts.json`)."""

    def __init__(self, factor: float = 1.0, path: Path = COUNTS) -> None:
        """Take the tokens of a model relative to Claude Haiku 4.5."""
        self._bytes_per_token: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))["bytes_per_token"]
        self._factor = factor

    def count(self, text: str, kind: str) -> int:
        """Return the tokens of a text of a kind, such as `dialogue pl`; at least one."""
        return max(1, round(len(text.encode()) / self._bytes_per_token[kind] * self._factor))
