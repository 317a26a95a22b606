"""What a request, a price and a check need to know of a language model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from shared.language_models.prices import Prices

EARLY_WARNING = timedelta(days=90)
"""How long before a model ends its users are warned; Bedrock announces an end at least six months before."""


class Geography(StrEnum):
    """Where the regions are to which a model's id routes a request."""

    EU = "eu"
    US = "us"
    GLOBAL = "global"
    """Every commercial region."""
    REGION = "region"
    """The region that is called: a foundation model by its own id."""
    OTHER = "other"
    """Another part of the world, or an id that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from."""

    url: str
    confirmed: bool
    """Whether its vendor says so for Bedrock; otherwise compare it with the page before you rely on it."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class CacheRules:
    """What the model accepts and caches as a prefix."""

    minimum_tokens: int
    """A shorter prefix is not cached, and no error."""
    maximum_tokens: int | None
    fields: frozenset[str]
    """The parts of a request that may contain a cache point: `system`, `messages` and `tools`."""
    max_points: int


@dataclass(frozen=True, slots=True)
class Thinking:
    """Whether the model thinks before it answers; its thoughts are billed as output and count in `maxTokens`."""

    on_by_default: bool
    switch_off: Mapping[str, Any] | None
    """The `additionalModelRequestFields` that switch it off; None if nothing does, or nothing has to."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """When the model ends."""

    legacy_since: date | None = None
    end_of_life: date | None = None
    """The announced day from which requests fail."""
    earliest_end_of_life: date | None = None
    """No end before this day; for a model that is not legacy this is no announcement."""

    def find_near_end(self, today: date) -> date | None:
        """Return the day on which the model ends, or may end as it is legacy, if that is within 90 days or past."""
        end = self.end_of_life or (self.earliest_end_of_life if self.legacy_since else None)
        return end if end and end - today <= EARLY_WARNING else None


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """One id by which a model is invoked, with what is known of the model."""

    id: str
    """An inference profile, or a foundation model where that can be called itself."""
    name: str
    geography: Geography
    foundation_model: str
    regions: tuple[str, ...]
    """The regions to which a request may be routed; empty if they are not listed."""
    prices: Prices
    context_tokens: int
    max_output_tokens: int
    tokenizer_factor: float
    """Tokens of a text relative to Claude Haiku 4.5."""
    cache: CacheRules
    sampling_parameters: frozenset[str]
    one_sampling_parameter: bool
    """Whether `temperature` and `top_p` exclude each other."""
    accepts_prefill: bool
    thinking: Thinking
    stop_reasons: frozenset[str]
    supports_caching: bool
    supports_tools: bool
    supports_streaming: bool
    lifecycle: Lifecycle
    sources: Mapping[str, Source]
    """By the path of the figure in the entry, such as `cache.minimum_tokens` or `prices.input`."""
    is_in_catalogue: bool = True
    """False for an id that the catalogue does not know: then the values are the most careful ones."""

    @property
    def unconfirmed_figures(self) -> tuple[str, ...]:
        """Return the paths of the figures that could not be confirmed, sorted."""
        return tuple(sorted(path for path, source in self.sources.items() if not source.confirmed))
