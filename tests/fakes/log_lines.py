"""Looks at log lines before they are written."""

from collections.abc import MutableMapping
from typing import Any

from shared.log import get_log_fields


def add_fields(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Put what `log_fields` holds on a captured line: `capture_logs(processors=[add_fields])`."""
    return {**get_log_fields(), **event}
