"""Serves the demo page until SIGTERM or Ctrl-C: `python -m infra.local.site`."""

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from infra.local.site.server import SiteConfig, create_app


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.site", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 stands for a free one")
    parser.add_argument("--websocket-url", required=True, help="the chat's address, without a query")
    parser.add_argument("--tenant", default="studio-lumen")
    parser.add_argument("--aws-endpoint-url", required=True, help="the emulator, whose e-mails the inbox shows")
    parser.add_argument("--bedrock", choices=("stand-in", "aws"), default="stand-in")
    return parser.parse_args()


async def _serve(config: SiteConfig, port: int) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = web.AppRunner(create_app(config), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        print(f"cannot listen on 127.0.0.1:{port}: {error.strerror}", file=sys.stderr)
        await runner.cleanup()
        return 1
    print(f"ready http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await stop.wait()
    await runner.cleanup()
    return 0


def main() -> int:
    """Return the exit code: 0 after a requested stop, 1 when the port is in use."""
    arguments = _parse_arguments()
    config = SiteConfig(
        websocket_url=arguments.websocket_url,
        tenant=arguments.tenant,
        aws_endpoint_url=arguments.aws_endpoint_url,
        bedrock=arguments.bedrock,
    )
    return asyncio.run(_serve(config, arguments.port))


if __name__ == "__main__":
    sys.exit(main())
