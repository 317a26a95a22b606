"""A release of the widget: its files never change, and they are kept for thirty days after the next one."""

import base64
import hashlib
import json
import shutil
import subprocess

import pytest

from infra.catalogues.parts import ROOT
from infra.local.site.widget_files import is_bundled

NODE = ROOT / ".venv" / "bin" / "node"

pytestmark = pytest.mark.skipif(not is_bundled(), reason="the tools for JavaScript may be missing")


class Builder:
    """Builds releases of a copy of the widget into a folder of the test."""

    def __init__(self, folder, node):
        self.folder = folder / "dist"
        self.sources = folder / "widget"
        self._node = node
        shutil.copytree(ROOT / "widget", self.sources)

    def build(self, now="2026-11-01T12:00:00Z"):
        """Build a release, and return the manifest."""
        command = [self._node, "infra/bundle_widget.js", self.folder, "--sources", self.sources, "--now", now]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    def change(self, text):
        """Change a module that is loaded with the conversation."""
        module = self.sources / "styles" / "frame.js"
        module.write_text(module.read_text(encoding="utf-8").replace(".panel {", f"{text} .panel {{", 1))

    def read(self, path):
        return (self.folder / path).read_bytes()


@pytest.fixture
def builder(tmp_path):
    node = shutil.which("node", path=str(NODE.parent)) or shutil.which("node")
    if node is None:
        pytest.skip("there is no Node")
    return Builder(tmp_path, node)


def test_the_files_before_a_release_stay_for_thirty_days(builder):
    """A page that was opened before it finds them; the loader imports the new ones. Building again is no release."""
    first = builder.build()
    check_hashes(builder, first)
    old = first["version"]
    window = builder.read(f"{old}/chat-window.js")
    builder.change(".first { color: red }")
    new = builder.build(now="2026-11-10T12:00:00Z")["version"]

    assert new != old
    assert builder.read(f"{old}/chat-window.js") == window
    assert f"./{new}/chat-window.js".encode() in builder.read("stride-chat.js")
    assert old.encode() not in builder.read("stride-chat.js")

    kept = builder.build(now="2026-12-10T11:59:00Z")
    assert [each["version"] for each in kept["releases"]] == [new, old]
    assert kept["releases"][0]["built_at"] == "2026-11-10T12:00:00.000Z"
    assert (builder.folder / old).is_dir()
    left = builder.build(now="2026-12-10T12:00:00Z")
    assert [each["version"] for each in left["releases"]] == [new]
    assert not (builder.folder / old).exists()


def test_the_types_are_published_beside_the_loader(builder):
    """A page's developer gets them where the loader is; they need no other file."""
    builder.build()
    types = builder.read("stride-chat.d.ts").decode()
    assert "HTMLElementTagNameMap" in types
    assert "import" not in types


def check_hashes(builder, manifest):
    """A page can pin a release: its loader is beside the files of it, and imports them from there."""
    files = manifest["releases"][0]["files"]
    for path, facts in files.items():
        content = builder.read(f"{manifest['version']}/{path}")
        digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
        assert (facts["integrity"], facts["bytes"]) == (f"sha384-{digest}", len(content))
    assert {"stride-chat.js", "chat-window.js", "views/visit-sheet.js", "proof.js", "locales/en.js"} <= files.keys()
    assert b'import("./chat-window.js")' in builder.read(f"{manifest['version']}/stride-chat.js")
