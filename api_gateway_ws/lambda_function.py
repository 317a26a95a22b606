"""The Lambda entry points of ingress and authorizer.

Both functions import this module, and each builds only itself: in the init phase, in which Lambda gives it a whole
processor. The module imports nothing that a package could lack, so that an import that fails is a failed start.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from api_gateway_ws.connect_policy import build_connect_policy
from shared.lambda_start import Start, StartError, is_running_handler, read_trace_header

if TYPE_CHECKING:
    from collections.abc import Callable


def _build_ingress() -> Callable[..., dict[str, Any]]:
    from api_gateway_ws.ingress_events import serve_event  # noqa: PLC0415 - the authorizer does not need it
    from api_gateway_ws.wiring import build_ingress  # noqa: PLC0415

    return partial(serve_event, ingress=build_ingress())


def _build_authorizer() -> Callable[..., dict[str, Any]]:
    from api_gateway_ws.authorizer_events import authorize_event  # noqa: PLC0415 - the ingress does not need it
    from api_gateway_ws.authorizer_wiring import build_authorizer  # noqa: PLC0415

    return partial(authorize_event, authorizer=build_authorizer())


_ingress = Start(_build_ingress, component="ingress")
_authorizer = Start(_build_authorizer, component="authorizer")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve `$connect`, `$disconnect` and `$default`; the body that is returned is the route response."""
    return _ingress.get()(event, trace_header=read_trace_header())


def authorizer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a `$connect` REQUEST authorizer with an allow or a deny policy; it denies while it can't be built."""
    try:
        authorize = _authorizer.get()
    except StartError:
        return build_connect_policy(event, None)
    return authorize(event)


if is_running_handler("handler"):
    _ingress.attempt()
if is_running_handler("authorizer"):
    _authorizer.attempt()
