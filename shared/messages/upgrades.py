"""How envelopes of older versions become what this version reads.

When a change to `Envelope` or `Notice` is not additive, raise `ENVELOPE_VERSION` and add the step from the version
before: `{1: lambda content: {**content, "contact": content["data"].pop("contact")}}`. Messages live for 14 days, and a
failed one may be replayed later still, so a step stays for as long as anybody may hold one.
"""

from collections.abc import Callable, Mapping
from typing import Any

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the whole envelope as JSON, returns it as the next version wants it; `version` itself is set by the caller."""

UPGRADES: Mapping[int, Upgrade] = {}
"""By the version that a step starts from. There is only one version so far."""
