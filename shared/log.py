"""Structured logs: one JSON object a line, static event names, nothing personal."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_PHONE = re.compile(r"(?<![\w.:-])\+\d[\d ().-]{6,}\d")


def mask_personal_data(text: str) -> str:
    """Return the text without e-mail addresses and international phone numbers."""
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what slipped into a log line anyway, an exception's text above all."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_personal_data(value)
    return event


def configure_logging(*, level: str = "INFO", component: str) -> None:
    """Send every log line as JSON to standard output, with the component's name."""
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            _component(component),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _component(name: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["component"] = name
        return event

    return add
