"""The entry of one model in the catalogue, a JSON file, and how it becomes a `LanguageModel` for each of its ids.

Each figure is an object with `value`, `source` (a URL) and `confirmed`, and perhaps a `note`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.language_models.prices import NANO, Prices, TokenPrices
from shared.language_models.values import CacheRules, Geography, LanguageModel, Lifecycle, Source, Thinking

T = TypeVar("T")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Figure(_Part, Generic[T]):
    """A value with its source."""

    value: T
    source: Annotated[str, Field(pattern=r"^https://")]
    confirmed: bool
    note: str = ""


def _check_whole(figure: Figure[Decimal]) -> Figure[Decimal]:
    if figure.value * NANO % 1 or figure.value <= 0:
        raise ValueError("a price is more than nothing, and a whole number of nano-dollars for a million tokens")
    return figure


Tokens = Figure[Annotated[int, Field(gt=0)]]
Names = Figure[frozenset[str]]
Price = Annotated[Figure[Decimal], AfterValidator(_check_whole)]


class _Profile(_Part):
    id: str
    geography: Geography
    regions: Figure[tuple[str, ...]]
    price_factor: Figure[Decimal]


class _Prices(_Part):
    input: Price
    output: Price
    cache_read: Price
    cache_write_5m: Price
    cache_write_1h: Figure[Decimal | None]


class _LongPrompt(_Part):
    above_tokens: Tokens
    price_factor: Figure[Decimal]


class _Cache(_Part):
    minimum_tokens: Tokens
    maximum_tokens: Figure[int | None]
    fields: Names
    max_points: Tokens


class _Thinking(_Part):
    on_by_default: Figure[bool]
    switch_off: Figure[dict[str, Any] | None]


class _Supports(_Part):
    caching: Figure[bool]
    tools: Figure[bool]
    streaming: Figure[bool]


class _Lifecycle(_Part):
    legacy_since: Figure[date | None]
    end_of_life: Figure[date | None]
    earliest_end_of_life: Figure[date | None]


class Entry(_Part):
    """What a file of the catalogue holds; an unknown field is an error."""

    name: str
    foundation_model: str
    profiles: Annotated[tuple[_Profile, ...], Field(min_length=1)]
    usd_per_million_tokens: _Prices
    long_prompt: _LongPrompt | None = None
    context_tokens: Tokens
    max_output_tokens: Tokens
    tokenizer_factor: Figure[Annotated[float, Field(ge=1)]]
    cache: _Cache
    sampling_parameters: Names
    one_sampling_parameter: Figure[bool]
    accepts_prefill: Figure[bool]
    thinking: _Thinking
    stop_reasons: Names
    supports: _Supports
    lifecycle: _Lifecycle

    def list_models(self) -> Iterator[LanguageModel]:
        """Yield the model once for each id by which it is invoked."""
        figures = dict(_list_sources("", self))
        for number, profile in enumerate(self.profiles):
            prefix = f"profiles.{number}."
            own = {path.removeprefix(prefix): source for path, source in figures.items() if path.startswith(prefix)}
            shared = {path: source for path, source in figures.items() if not path.startswith("profiles.")}
            yield self._build_model(profile, shared | own)

    def _build_model(self, profile: _Profile, sources: Mapping[str, Source]) -> LanguageModel:
        return LanguageModel(
            id=profile.id,
            name=self.name,
            geography=profile.geography,
            foundation_model=self.foundation_model,
            regions=profile.regions.value,
            prices=self._build_prices(profile.price_factor.value),
            context_tokens=self.context_tokens.value,
            max_output_tokens=self.max_output_tokens.value,
            tokenizer_factor=self.tokenizer_factor.value,
            cache=CacheRules(**_read_values(self.cache)),
            sampling_parameters=self.sampling_parameters.value,
            one_sampling_parameter=self.one_sampling_parameter.value,
            accepts_prefill=self.accepts_prefill.value,
            thinking=Thinking(**_read_values(self.thinking)),
            stop_reasons=self.stop_reasons.value,
            supports_caching=self.supports.caching.value,
            supports_tools=self.supports.tools.value,
            supports_streaming=self.supports.streaming.value,
            lifecycle=Lifecycle(**_read_values(self.lifecycle)),
            sources=sources,
        )

    def _build_prices(self, factor: Decimal) -> Prices:
        listed = self.usd_per_million_tokens
        hour = listed.cache_write_1h.value
        standard = TokenPrices(
            input=_convert_to_nano(listed.input.value),
            output=_convert_to_nano(listed.output.value),
            cache_read=_convert_to_nano(listed.cache_read.value),
            cache_write_5m=_convert_to_nano(listed.cache_write_5m.value),
            cache_write_1h=None if hour is None else _convert_to_nano(hour),
        ).scale(factor)
        if self.long_prompt is None:
            return Prices(standard)
        long_prompt = standard.scale(self.long_prompt.price_factor.value)
        return Prices(standard, long_prompt, self.long_prompt.above_tokens.value)


def _convert_to_nano(usd: Decimal) -> int:
    return int(usd * NANO)


def _read_values(part: _Part) -> dict[str, Any]:
    return {name: getattr(part, name).value for name in type(part).model_fields}


def _list_sources(path: str, value: object) -> Iterator[tuple[str, Source]]:
    """Yield the source of each figure with its path."""
    if isinstance(value, Figure):
        yield path.removesuffix("."), Source(value.source, value.confirmed, value.note)
    elif isinstance(value, _Part):
        for name in type(value).model_fields:
            yield from _list_sources(f"{path}{name}.", getattr(value, name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _list_sources(f"{path}{number}.", item)
