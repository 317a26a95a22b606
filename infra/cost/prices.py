"""Prices and assumptions: those of the model from the catalogue of language models, all others from `prices.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shared.language_models.catalogue import find_model
from shared.language_models.prices import NANO
from shared.language_models.values import LanguageModel

FILE = Path(__file__).with_name("prices.json")

Quantities = Mapping[str, float]
"""How much of each item of the price list something takes."""


@dataclass(frozen=True)
class Price:
    """What one item costs."""

    usd: float
    per: int
    source: str
    note: str = ""
    free: float = 0
    """What AWS gives to each account every month, for ever."""

    def compute_usd(self, quantity: float) -> float:
        """Return the price of a quantity."""
        return quantity * self.usd / self.per


@dataclass(frozen=True)
class PriceList:
    """The prices of a region by item, and what is assumed where nothing can be counted."""

    region: str
    known: str
    prices: Mapping[str, Price]
    assumptions: Mapping[str, float]

    def compute_usd(self, quantities: Quantities) -> float:
        """Return what quantities cost, without free allowances."""
        return sum(self.prices[item].compute_usd(quantity) for item, quantity in quantities.items())

    def compute_month_usd(self, quantities: Quantities) -> float:
        """Return what a month costs that uses the free allowances of an account alone."""
        return sum(
            self.prices[item].compute_usd(max(0.0, quantity - self.prices[item].free))
            for item, quantity in quantities.items()
        )


def read_prices(path: Path = FILE) -> PriceList:
    """Read the price list."""
    content = json.loads(path.read_text(encoding="utf-8"))
    others = {item: Price(**fields) for item, fields in content["prices"].items()}
    prices = {**_list_model_prices(find_model(content["model"])), **others}
    return PriceList(content["region"], content["known"], prices, content["assumptions"])


def _list_model_prices(model: LanguageModel) -> dict[str, Price]:
    """Return the prices of a prompt that is not a long one; the note is that of the first item."""
    kinds = {"input": "input", "cache write": "cache_write_5m", "cache read": "cache_read", "output": "output"}
    listed = {
        f"model {name} token": Price(
            usd=getattr(model.prices.standard, kind) / NANO,
            per=1_000_000,
            source=model.sources[f"usd_per_million_tokens.{kind}"].url,
        )
        for name, kind in kinds.items()
    }
    first = next(iter(listed))
    return {**listed, first: replace(listed[first], note=f"{model.name} through the profile {model.id}")}
