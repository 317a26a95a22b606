"""Reads the rules of the large providers from `providers.json`, which names the source of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider reads the name in an address; the fields are described in the file."""

    name: str
    domains: tuple[str, ...]
    sources: tuple[str, ...]
    one_name_space: bool = False
    ignored: str = ""
    equal: tuple[str, ...] = ()
    tag_separators: str = ""
    subdomain_is_name: bool = False
    every_spelling_arrives: bool = False

    def find_main_domain(self, domain: str) -> str:
        """Return the domain that stands for `domain`."""
        return self.domains[0] if self.one_name_space else domain


@cache
def read_providers() -> Mapping[str, Provider]:
    """Return the providers by their domains."""
    entries = json.loads(files("shared.mailboxes").joinpath("providers.json").read_bytes())["providers"]
    providers = [_build_provider(entry) for entry in entries]
    return MappingProxyType({domain: provider for provider in providers for domain in provider.domains})


def _build_provider(entry: dict[str, Any]) -> Provider:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Provider(**fields)
