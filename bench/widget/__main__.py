"""Measures bytes, requests, and the times to the launcher and to an open chat, beside two published widgets.

One server on this machine serves all of them in brotli. Chromium has an empty cache for every page, and a network of
300 ms per round trip and 1 Mbit/s. The widgets take turns, so that whatever else runs slows all of them down alike.
`deep-chat` has no launcher: its chat is open as soon as it is on the page.
"""

import argparse
import asyncio
import gzip
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from aiohttp import web
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".stride" / "bench-widget"
NODE = ROOT / ".venv" / "bin"

ROUND_TRIP_MS = 300
BYTES_PER_SECOND = 125_000

CHROMIUM = ("chromium-headless-shell", "chromium")
CONTENT_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True)
class Contender:
    """A widget: its page, and how its launcher and its open chat are found (through shadow roots)."""

    name: str
    head: str
    body: str
    launcher: str
    chat: str


CONTENDERS = (
    Contender(
        name="stride-chat",
        head='<script type="module" src="/ours/stride-chat.js"></script>',
        body='<stride-chat tenant="studio-lumen" locale="en" websocket-url="ws://127.0.0.1:9/"></stride-chat>',
        launcher=".launcher",
        chat=".panel textarea",
    ),
    Contender(
        name="@n8n/chat",
        head='<link rel="stylesheet" href="/packages/@n8n/chat/dist/style.css">'
        '<script type="module">import { createChat } from "/packages/@n8n/chat/dist/chat.bundle.es.js";'
        'createChat({ webhookUrl: "/nothing" });</script>',
        body="",
        launcher=".chat-window-toggle",
        chat=".chat-window textarea",
    ),
    Contender(
        name="deep-chat",
        head='<script type="module" src="/packages/deep-chat/dist/deepChat.bundle.js"></script>',
        body='<deep-chat demo="true"></deep-chat>',
        launcher="#text-input",
        chat="#text-input",
    ),
)

WATCH = """([launcher, chat]) => {
  const find = (selector, root = document) => {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const element of root.querySelectorAll("*")) {
      const inside = element.shadowRoot && find(selector, element.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  globalThis.times = {};
  const look = () => {
    const button = find(launcher);
    if (button?.checkVisibility() && !times.launcher) {
      times.launcher = performance.now();
      if (!find(chat)?.checkVisibility()) {
        button.dispatchEvent(new PointerEvent("pointerenter"));
        button.click();
      }
    }
    if (times.launcher && find(chat)?.checkVisibility()) times.chat = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@dataclass
class Loaded:
    """What the pages of a widget loaded until its chat was open."""

    launcher_ms: list[float] = field(default_factory=list)
    chat_ms: list[float] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


def main() -> None:
    """Print a table: the medians of the times, and the sizes of the files."""
    parser = argparse.ArgumentParser(prog="python -m bench.widget", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ours = _build_ours()
    _install_packages()
    folders = {"ours": ours, "packages": PACKAGES / "node_modules"}
    dists = [ours, PACKAGES / "node_modules/@n8n/chat/dist", PACKAGES / "node_modules/deep-chat/dist"]
    subprocess.run([_find_node(), ROOT / "bench" / "widget" / "compress.js", *dists], check=True)
    loaded, version = asyncio.run(_measure(folders, rounds))
    print(_render(loaded, folders, f"Chromium {version}, {rounds} rounds, load {os.getloadavg()[0]:.1f}"))


def _find_node() -> str:
    found = shutil.which("node", path=str(NODE)) or shutil.which("node")
    if found is None:
        raise SystemExit("there is no Node")
    return found


def _build_ours() -> Path:
    folder = PACKAGES / "ours"
    shutil.rmtree(folder, ignore_errors=True)
    command = [_find_node(), "infra/bundle_widget.js", folder]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def _install_packages() -> None:
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "bench" / "widget" / name, PACKAGES / name)
    npm = shutil.which("npm", path=str(NODE)) or shutil.which("npm") or str(Path(_find_node()).parent / "npm")
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--loglevel=error"], cwd=PACKAGES, check=True)


async def _measure(folders: dict[str, Path], rounds: int) -> tuple[dict[str, Loaded], str]:
    runner = web.AppRunner(_create_app(folders), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        raise SystemExit("there is no Chromium on PATH")
    loaded = {contender.name: Loaded() for contender in CONTENDERS}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--no-proxy-server"])
        for _ in range(rounds):
            for number, contender in enumerate(CONTENDERS):
                await _open_page(browser, f"{address}/{number}", contender, loaded[contender.name])
        version = browser.version
        await browser.close()
    await runner.cleanup()
    return loaded, version


async def _open_page(browser: Browser, address: str, contender: Contender, into: Loaded) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    network = {"offline": False, "latency": ROUND_TRIP_MS}
    speed = {"downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
    await session.send("Network.emulateNetworkConditions", {**network, **speed})
    page.on("request", lambda request: into.files.add(request.url.removeprefix(address.rpartition("/")[0])))
    await page.add_init_script(f"({WATCH})({[contender.launcher, contender.chat]!r})")
    await page.goto(address, wait_until="commit")
    await page.wait_for_function("globalThis.times?.chat", timeout=120_000)
    times = await page.evaluate("globalThis.times")
    into.launcher_ms.append(times["launcher"])
    into.chat_ms.append(times["chat"])
    await context.close()


def _create_app(folders: dict[str, Path]) -> web.Application:
    app = web.Application()
    for number, contender in enumerate(CONTENDERS):
        app.router.add_get(f"/{number}", _build_page(contender))

    async def serve(request: web.Request) -> web.StreamResponse:
        path = folders[request.match_info["folder"]] / request.match_info["path"]
        content_type = CONTENT_TYPES.get(path.suffix)
        compressed = path.with_name(f"{path.name}.br")
        if content_type is None or not compressed.is_file():
            raise web.HTTPNotFound
        headers = {"Content-Type": content_type, "Content-Encoding": "br"}
        return web.Response(body=compressed.read_bytes(), headers=headers)

    app.router.add_get("/{folder:ours|packages}/{path:.+}", serve)
    return app


def _build_page(contender: Contender) -> Callable[[web.Request], Awaitable[web.Response]]:
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">'
        f"{contender.head}<body>{contender.body}"
    )

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    return answer


def _render(loaded: dict[str, Loaded], folders: dict[str, Path], title: str) -> str:
    lines = [
        f"{ROUND_TRIP_MS} ms per round trip, 1 Mbit/s; {title}",
        "bytes and requests until the chat is open, without the page",
        "",
        "| widget | raw | gzip | brotli | requests | launcher | open chat |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, facts in loaded.items():
        paths = [_find_file(url, folders) for url in sorted(facts.files)]
        files = [path for path in paths if path is not None]
        raw = sum(path.stat().st_size for path in files)
        packed = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
        brotli = sum(path.with_name(f"{path.name}.br").stat().st_size for path in files)
        times = [f"{median(each) / 1000:.2f} s" for each in (facts.launcher_ms, facts.chat_ms)]
        sizes = [f"{each / 1000:.1f} KB" for each in (raw, packed, brotli)]
        lines.append(f"| {' | '.join([name, *sizes, str(len(files)), *times])} |")
    return "\n".join(lines)


def _find_file(url: str, folders: dict[str, Path]) -> Path | None:
    folder, _, path = url.lstrip("/").partition("/")
    return folders[folder] / path if folder in folders else None


if __name__ == "__main__":
    main()
