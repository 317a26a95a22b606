"""The control routes under `/_standin`: faults, lies, obedience, pace, scripted replies, and the record of calls."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from infra.local.bedrock.access import State
from infra.local.bedrock.converse import STAND_IN
from infra.local.bedrock.faults import Fault
from infra.local.bedrock.lies import Lie
from infra.local.bedrock.standin import Pace, ScriptedReply

_T = TypeVar("_T")


class _Rules(BaseModel):
    """Several faults, which are applied in their order."""

    model_config = ConfigDict(extra="forbid")

    rules: list[Fault]


class _Script(BaseModel):
    """The replies of the next calls."""

    model_config = ConfigDict(extra="forbid")

    replies: list[ScriptedReply]


class _Access(BaseModel):
    """Whether the account has access to a model."""

    model_config = ConfigDict(extra="forbid")

    model: str
    state: State


class _Obedience(BaseModel):
    """Whether the model does what any text of a request orders."""

    model_config = ConfigDict(extra="forbid")

    obeys: bool


_FAULTS: TypeAdapter[Fault | _Rules] = TypeAdapter(Fault | _Rules)
_ACCESS = TypeAdapter(_Access)
_LIE = TypeAdapter(Lie)
_OBEDIENCE = TypeAdapter(_Obedience)
_PACE = TypeAdapter(Pace)
_SCRIPT = TypeAdapter(_Script)


async def report_ready(_: web.Request) -> web.Response:
    """Report that the server is ready."""
    return web.json_response({"ready": True})


async def list_calls(http: web.Request) -> web.Response:
    """Return the record of the latest calls."""
    return web.json_response(http.app[STAND_IN].report_calls())


async def list_faults(http: web.Request) -> web.Response:
    """Return the pending rules, and how many faults were applied."""
    faults = http.app[STAND_IN].faults
    return web.json_response({"fired": faults.fired, "rules": [rule.model_dump() for rule in faults.rules]})


async def add_faults(http: web.Request) -> web.Response:
    """Add one fault, or several as `{"rules": [...]}`."""
    requested = await _read_body(http, _FAULTS)
    for rule in requested.rules if isinstance(requested, _Rules) else [requested]:
        http.app[STAND_IN].faults.add(rule)
    return await list_faults(http)


async def clear_faults(http: web.Request) -> web.Response:
    """Remove the pending rules."""
    http.app[STAND_IN].faults.clear()
    return await list_faults(http)


async def add_lie(http: web.Request) -> web.Response:
    """Let the answers of the next calls have one thing wrong."""
    lies = http.app[STAND_IN].lies
    lies.add(await _read_body(http, _LIE))
    return web.json_response({"rules": [rule.model_dump() for rule in lies.rules]})


async def set_obedience(http: web.Request) -> web.Response:
    """Let the model do what any text of a request orders, or stop that."""
    stand_in = http.app[STAND_IN]
    stand_in.obeys = (await _read_body(http, _OBEDIENCE)).obeys
    return web.json_response({"obeys": stand_in.obeys})


async def set_pace(http: web.Request) -> web.Response:
    """Change the pace of later calls; an omitted field keeps its value."""
    stand_in = http.app[STAND_IN]
    requested = await _read_body(http, _PACE)
    stand_in.pace = stand_in.pace.model_copy(update=requested.model_dump(exclude_unset=True))
    return web.json_response(stand_in.pace.model_dump())


async def add_script(http: web.Request) -> web.Response:
    """Queue replies for the next calls."""
    stand_in = http.app[STAND_IN]
    stand_in.script.extend((await _read_body(http, _SCRIPT)).replies)
    return web.json_response({"queued": len(stand_in.script)})


async def set_access(http: web.Request) -> web.Response:
    """Grant or withdraw the access to a model."""
    requested = await _read_body(http, _ACCESS)
    http.app[STAND_IN].access[requested.model] = requested.state
    return web.json_response(http.app[STAND_IN].access)


async def reset_state(http: web.Request) -> web.Response:
    """Restore the initial state."""
    http.app[STAND_IN].reset()
    return web.json_response({"reset": True})


ROUTES: list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = [
    ("GET", "/_standin/ready", report_ready),
    ("GET", "/_standin/calls", list_calls),
    ("GET", "/_standin/faults", list_faults),
    ("POST", "/_standin/faults", add_faults),
    ("DELETE", "/_standin/faults", clear_faults),
    ("POST", "/_standin/lies", add_lie),
    ("POST", "/_standin/obedience", set_obedience),
    ("POST", "/_standin/pace", set_pace),
    ("POST", "/_standin/script", add_script),
    ("POST", "/_standin/access", set_access),
    ("POST", "/_standin/reset", reset_state),
]


async def _read_body(http: web.Request, shape: TypeAdapter[_T]) -> _T:
    try:
        return shape.validate_json(await http.read())
    except ValidationError as error:
        text = error.json(include_url=False, include_input=False)
        raise web.HTTPBadRequest(text=text, content_type="application/json") from None
