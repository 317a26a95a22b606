"""Serves the desk until SIGTERM or Ctrl-C."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from ops.deployment import Deployment
from ops.desk.domain.values import Operator
from ops.settings import find_account_name
from ops.tokens.desk_tokens import check_name
from ops.web.request_time import limit_request_time
from ops.web.settings import WebSettings
from ops.web.sign_in import ProcessToken
from ops.web.wiring import open_web
from shared.consumer.stop import Stop, stop_on_signals
from shared.errors import ConfigurationError

_STOP_SECONDS = 3
_SHARED_NAME = "operator"


@dataclass(frozen=True, slots=True)
class DeskAddress:
    """The address of the desk, and the token of the sign-in."""

    url: str
    token: str | None
    """None if an OpenID provider is used or the token was configured."""

    @property
    def sign_in_url(self) -> str:
        """Return the address that fills in the token: after the #, so that it reaches neither servers nor logs."""
        return f"{self.url}/sign-in#{self.token}" if self.token else f"{self.url}/sign-in"


async def serve(deployment: Deployment, settings: WebSettings, *, ready: Callable[[DeskAddress], None]) -> None:
    """Serve the desk of a deployment; `ready` is called with its address when it listens.

    Raises:
        ConfigurationError: the port is in use, or a part of the deployment is missing; the text says which.
    """
    with _open_listener(settings) as listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        local_url = f"http://{host}:{listener.getsockname()[1]}"
        public_url = (settings.public_url or local_url).rstrip("/")
        token = build_process_token(settings)
        stop = Stop()
        with stop_on_signals(stop):
            async with open_web(deployment, settings, public_url=public_url, process_token=token) as (app, samples):
                server = _Server(
                    uvicorn.Config(
                        app,
                        log_config=None,
                        access_log=False,
                        server_header=False,
                        # `client_address.py` reads the headers of proxies, and only of those that are trusted.
                        proxy_headers=False,
                        http=limit_request_time(settings.request_seconds),
                        ws="none",
                        timeout_graceful_shutdown=_STOP_SECONDS,
                    ),
                    ready=lambda: ready(
                        DeskAddress(public_url, None if settings.oidc_issuer or token.is_configured else token.text)
                    ),
                )
                stopping = asyncio.create_task(_stop_server(server, stop))
                sampling = asyncio.create_task(samples.run(stop.requested))
                try:
                    await server.serve(sockets=[listener])
                finally:
                    for task in (stopping, sampling):
                        task.cancel()
                    await asyncio.gather(stopping, sampling, return_exceptions=True)


def build_process_token(settings: WebSettings) -> ProcessToken:
    """Return the token of this process, and who signs in with it: by default the user who starts the desk."""
    tenants = frozenset(settings.tenants.split()) or None
    name = settings.operator_name or (_find_own_name() if settings.token is None else _SHARED_NAME)
    operator = Operator(name, tenants, is_display_name=bool(settings.operator_name))
    if settings.token is None:
        return ProcessToken(secrets.token_urlsafe(24), operator)
    return ProcessToken(settings.token.get_secret_value(), operator, is_configured=True)


def _find_own_name() -> str:
    """Return the name of the account that runs the desk, if it has a printable one."""
    try:
        return check_name(find_account_name())
    except (ConfigurationError, ValueError):
        return _SHARED_NAME


class _Server(uvicorn.Server):
    """Leaves signals to `stop_on_signals`: uvicorn's own handler ends the process before clients are closed."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and report that the desk listens."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield


async def _stop_server(server: uvicorn.Server, stop: Stop) -> None:
    await stop.requested.wait()
    server.should_exit = True
    await stop.at_once.wait()
    server.force_exit = True


@contextmanager
def _open_listener(settings: WebSettings) -> Iterator[socket.socket]:
    """Bind the port first, so that the address is known and a port in use is reported at once."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        yield listener
