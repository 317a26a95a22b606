"""Structured logs: one JSON object a line, static event names, nothing personal."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from pydantic_core import to_json

from shared.clock import SystemClock

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_PHONE = re.compile(r"(?<![\w.:-])\+\d[\d ().-]{6,}\d")

_fields: ContextVar[dict[str, object] | None] = ContextVar("log_fields", default=None)


class log_fields:  # noqa: N801 - used like the function that `contextlib.contextmanager` would make of it, for less
    """Put fields on every log line inside the `with`, also those of tasks that it starts.

    Yields the fields, to add more as they become known. A field that is None is left out.
    """

    __slots__ = ("_fields", "_token")

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def __enter__(self) -> dict[str, object]:
        self._token = _fields.set(self._fields)
        return self._fields

    def __exit__(self, *_: object) -> None:
        _fields.reset(self._token)


def add_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put what `log_fields` holds on a log line; a field that the line has itself stays."""
    fields = _fields.get()
    return {**fields, **event} if fields else event


def mask_personal_data(text: str) -> str:
    """Return the text without e-mail addresses and international phone numbers."""
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def configure_logging(*, level: str = "INFO", component: str) -> None:
    """Send every log line as JSON to standard output, with the component's name."""
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s", force=True)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, add_fields, _line_of(component)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _line_of(component: str) -> structlog.typing.Processor:
    """Return what makes the line, in one step: there is one for every message, and a step costs as much as its work.

    Fields that are None are left out. What slipped into a field anyway, an exception's text above all, is masked.
    What is no JSON is said by its `repr`.
    """
    clock = SystemClock()

    def line(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        said = {
            "event": event.pop("event"),
            "level": method,
            "timestamp": f"{clock.now().isoformat()[:-6]}Z",
            "component": component,
            **event,
        }
        text = _json({name: value for name, value in said.items() if value is not None})
        # Without one of these characters there is nothing to find, and most lines have neither.
        if b"@" in text or b"+" in text:
            text = _json({name: _masked(value) for name, value in said.items() if value is not None})
        return text.decode()

    return line


def _json(said: dict[str, Any]) -> bytes:
    try:
        return to_json(said, fallback=_masked_repr)
    except ValueError:
        # Text that is no Unicode. Whatever somebody puts on a line, the work that it is about goes on.
        return json.dumps(said, default=_masked_repr).encode()


def _masked(value: Any) -> Any:
    return mask_personal_data(value) if isinstance(value, str) else value


def _masked_repr(value: object) -> str:
    return mask_personal_data(repr(value))
