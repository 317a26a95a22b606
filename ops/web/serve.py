"""Serves the desk until a SIGTERM or Ctrl-C, and says where it is."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from ops.deployment import Deployment
from ops.web.settings import WebSettings
from ops.web.wiring import open_web
from shared.consumer.lifecycle import Stop, stop_on_signals
from shared.errors import ConfigurationError

_STOP_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Served:
    """Where the desk is, and what lets one in."""

    url: str
    token: str | None
    """None where an OpenID provider is asked, and where whoever started the desk knows it already."""

    @property
    def sign_in_url(self) -> str:
        """Return the address that fills the token in: behind the #, so no server and no log sees it."""
        return f"{self.url}/sign-in#{self.token}" if self.token else f"{self.url}/sign-in"


async def serve(deployment: Deployment, settings: WebSettings, *, ready: Callable[[Served], None]) -> None:
    """Serve the desk of a deployment; `ready` is told when it listens.

    Raises:
        ConfigurationError: the port is taken, or the deployment lacks a part; the text says which.
    """
    with _listening(settings) as listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        own = f"http://{host}:{listener.getsockname()[1]}"
        public_url = (settings.public_url or own).rstrip("/")
        given = settings.token.get_secret_value() if settings.token else secrets.token_urlsafe(24)
        stop = Stop()
        with stop_on_signals(stop):
            async with open_web(deployment, settings, public_url=public_url, token=given) as (app, samples):
                server = _Server(
                    uvicorn.Config(
                        app,
                        log_config=None,
                        access_log=False,
                        server_header=False,
                        # The desk believes nobody about who they are, but the network.
                        proxy_headers=False,
                        timeout_graceful_shutdown=_STOP_SECONDS,
                    ),
                    ready=lambda: ready(Served(public_url, None if settings.oidc_issuer or settings.token else given)),
                )
                ending = asyncio.create_task(_end(server, stop))
                sampling = asyncio.create_task(samples.run(stop.asked))
                try:
                    await server.serve(sockets=[listener])
                finally:
                    for task in (ending, sampling):
                        task.cancel()
                    await asyncio.gather(ending, sampling, return_exceptions=True)


class _Server(uvicorn.Server):
    """Leaves the signals to `stop_on_signals`: uvicorn's own way ends the process before it has closed its tables."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _end(server: uvicorn.Server, stop: Stop) -> None:
    await stop.asked.wait()
    server.should_exit = True
    await stop.at_once.wait()
    server.force_exit = True


@contextmanager
def _listening(settings: WebSettings) -> Iterator[socket.socket]:
    """Take the port before anything else, so that the address is known and a taken port is said at once."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        yield listener
