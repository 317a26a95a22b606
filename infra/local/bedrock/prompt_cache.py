"""Stores the prefixes that cache points mark, and splits a request's tokens into fresh, written and read ones.

The service's rules: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.bedrock.generations import find_generation
from infra.local.bedrock.request import ConverseRequest
from infra.local.bedrock.tokens import count_tokens, list_blocks

_LIFETIME_SECONDS = {"5m": 300.0, "1h": 3600.0}
_LOOK_BACK_BLOCKS = 20


@dataclass(frozen=True)
class InputUsage:
    """The tokens of a request: fresh ones at the full price, those read from the cache, and those written to it."""

    fresh: int
    cache_read: int
    cache_write: int

    @property
    def total(self) -> int:
        """Return the number of all input tokens."""
        return self.fresh + self.cache_read + self.cache_write


@dataclass(frozen=True)
class _Prefix:
    digest: str
    tokens: int
    ttl: str | None  # set where a cache point ends the prefix


@dataclass
class _Entry:
    ttl: str
    expires_at: float


class PromptCache:
    """The prefixes that this process has cached; a read restarts an entry's lifetime."""

    def __init__(self, clock: Callable[[], float], *, minimum_of_each_point: bool = False) -> None:
        """Keep prefixes by a clock; `minimum_of_each_point` is the strict reading of the service's page.

        It says that a second point can follow after twice the minimum. Anthropic's own page has one minimum for the
        whole prefix, and that is the usual reading.
        """
        self._clock = clock
        self._minimum_of_each_point = minimum_of_each_point
        self._entries: dict[str, _Entry] = {}

    def clear(self) -> None:
        """Remove every prefix."""
        self._entries.clear()

    def charge_input(
        self, model_id: str, request: ConverseRequest, *, count: Callable[[str], int] = count_tokens
    ) -> InputUsage:
        """Look up the request's prefixes, store the missing ones, and return how the tokens are charged.

        `count` returns the tokens of a block's text.
        """
        prefixes, total = _list_prefixes(model_id, request, count)
        generation = find_generation(model_id)
        minimum = generation.minimum_cached_tokens
        marked: list[int] = []
        for position, prefix in enumerate(prefixes):
            if prefix.ttl and prefix.tokens >= minimum * (len(marked) + 1 if self._minimum_of_each_point else 1):
                marked.append(position)
        if not marked:
            return InputUsage(fresh=total, cache_read=0, cache_write=0)
        now = self._clock()
        self._entries = {key: entry for key, entry in self._entries.items() if entry.expires_at > now}
        look_back = _LOOK_BACK_BLOCKS if generation.looks_back else 0
        read = max((self._find_cached_tokens(prefixes, position, look_back, now) for position in marked), default=0)
        for position in marked:
            prefix = prefixes[position]
            if prefix.digest not in self._entries and prefix.ttl:
                self._entries[prefix.digest] = _Entry(prefix.ttl, now + _LIFETIME_SECONDS[prefix.ttl])
        cached = prefixes[marked[-1]].tokens
        return InputUsage(fresh=total - cached, cache_read=read, cache_write=cached - read)

    def _find_cached_tokens(self, prefixes: list[_Prefix], position: int, look_back: int, now: float) -> int:
        # A conversation grows by a few blocks a turn and its cache point moves with it, so the service also
        # tries the boundaries shortly before the point.
        for prefix in reversed(prefixes[max(0, position - look_back) : position + 1]):
            entry = self._entries.get(prefix.digest)
            if entry:
                entry.expires_at = now + _LIFETIME_SECONDS[entry.ttl]
                return prefix.tokens
        return 0


def _list_prefixes(model_id: str, request: ConverseRequest, count: Callable[[str], int]) -> tuple[list[_Prefix], int]:
    running = hashlib.sha256(model_id.encode())
    tokens = 0
    prefixes: list[_Prefix] = []
    for block in list_blocks(request):
        if block.cache_point:
            if prefixes:
                prefixes[-1] = _Prefix(prefixes[-1].digest, tokens, block.cache_point.ttl)
            continue
        running.update(b"\0" + block.weight.encode())
        tokens += count(block.weight)
        prefixes.append(_Prefix(running.hexdigest(), tokens, None))
    return prefixes, tokens
