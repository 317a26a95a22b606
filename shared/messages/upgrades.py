"""Upgrades envelopes of older versions to the one that this version reads.

When a change to `Envelope` or `Notice` is not additive, raise `ENVELOPE_VERSION` and add the step from the version
before: `{1: lambda content: {**content, "contact": content["data"].pop("contact")}}`. Messages live for 14 days, and a
failed one may be replayed later still, so a step stays as long as such messages may exist.
"""

from collections.abc import Callable, Mapping
from typing import Any

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the whole envelope as JSON and returns that of the next version; the caller sets `version`."""

UPGRADES: Mapping[int, Upgrade] = {}
"""The steps by the version from which they start. There is only one version so far."""
