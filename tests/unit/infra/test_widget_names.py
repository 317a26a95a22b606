"""Bundling shortens names and replaces those of texts by numbers: nothing that others read may change with that."""

import json
import re
import shutil
import subprocess

import pytest

from infra.catalogues.compiling import read_module
from infra.catalogues.parts import ROOT
from infra.local.site.widget_files import BUNDLE, is_bundled

NEEDS_BUNDLE = pytest.mark.skipif(not is_bundled(), reason="the tools for JavaScript may be missing")
MODULES = [*(ROOT / "widget").rglob("*.js")]
SCHEMAS = [*(ROOT / "docs" / "schemas").glob("*.json"), ROOT / "docs" / "asyncapi.yaml"]


def read_shortened_names():
    """Return the names that the bundle shortens."""
    source = (ROOT / "infra" / "bundle_widget.js").read_text(encoding="utf-8")
    found = re.search(r"const SHORTENED = `([^`]*)`", source)
    assert found is not None
    return set(found[1].split())


def test_no_name_of_the_protocol_is_shortened():
    """A client of ours has to write and read what the contract says."""
    words = {word for path in SCHEMAS for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    assert {"appointment_id", "data"} <= words
    assert not read_shortened_names() & words


def list_exports_of_parts():
    """Return what the modules export that are imported on demand: there the names are properties of a module."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in MODULES if path.parent.name != "styles"}
    parts = {name for text in sources.values() for name in re.findall(r'import\("[./\w-]*?([\w-]+\.js)"\)', text)}
    declared = re.compile(r"^export (?:async )?(?:const|function|class) (\w+)", re.MULTILINE)
    listed = re.compile(r"^export \{ (\w+) \}", re.MULTILINE)
    return {name for part in parts for rule in (declared, listed) for name in rule.findall(sources[part])}


def list_stored_fields():
    """Return the fields of the form that a tab keeps."""
    types = (ROOT / "widget" / "types.d.ts").read_text(encoding="utf-8")
    draft = re.search(r"interface FormDraft \{(.*?)^\}", types, re.DOTALL | re.MULTILINE)
    assert draft is not None
    return set(re.findall(r"^  (\w+)\??:", draft[1], re.MULTILINE))


def test_no_name_that_is_stored_or_exported_is_shortened():
    """A release reads what the one before has kept, and the texts and parts are modules with names."""
    exported, stored = list_exports_of_parts(), list_stored_fields()
    assert {"solveChallenge", "Menu", "furtherBlocksCss"} <= exported
    assert "isOpen" in stored
    assert not read_shortened_names() & (stored | exported | {"loadMore"})


@NEEDS_BUNDLE
@pytest.mark.parametrize("language", ["de", "en", "pl"])
def test_every_text_is_in_one_of_the_two_files_of_its_language(language):
    """Those of the conversation in one, those of parts that are loaded on demand in the other."""
    folder = BUNDLE / json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))["version"] / "locales"
    bundled = [(folder / name).read_text(encoding="utf-8") for name in (f"{language}.js", f"{language}.parts.js")]
    texts = read_module(ROOT / "widget" / "locales" / f"{language}.js")
    loaded_with_launcher = {"open", "load_failed"}
    for text_id, text in texts.items():
        form = text if isinstance(text, str) else text["other"]
        if text_id not in loaded_with_launcher and '"' not in form:
            assert any(form in content for content in bundled), text_id
    assert texts["your_visit"] not in bundled[0]
    assert texts["your_visit"] in bundled[1]


@NEEDS_BUNDLE
def test_a_text_that_is_looked_up_in_two_ways_is_refused(tmp_path):
    """By `t("book")` it has a number; another way would look for its name."""
    node = shutil.which("node", path=str(ROOT / ".venv" / "bin")) or shutil.which("node")
    if node is None:
        pytest.skip("there is no Node")
    sources = tmp_path / "widget"
    shutil.copytree(ROOT / "widget", sources)
    module = sources / "views" / "panel.js"
    module.write_text(
        module.read_text(encoding="utf-8") + '\nexport const twice = (t, is) => t(is ? "book" : "retry");\n'
    )
    command = [node, "infra/bundle_widget.js", tmp_path / "dist", "--sources", sources]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode != 0
    assert 't("book")' in result.stderr
