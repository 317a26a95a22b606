"""Writes the reference for developers of pages: `python -m infra.reference` (`--check` writes nothing)."""

import argparse
import sys

from infra.reference.element import fill_page, read_manifest
from infra.reference.frames import FAMILIES, build_types
from infra.reference.tools import ROOT, ToolError

DOCS = ROOT / "docs"


def build_documents() -> dict[str, str]:
    """Return the text of every document by its path under `docs`."""
    page = (DOCS / "widget.md").read_text(encoding="utf-8")
    types = {f"schemas/{name}.d.ts": build_types(name) for name in FAMILIES}
    return {"widget.md": fill_page(page, read_manifest()), **types}


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a document is outdated")
    is_check = parser.parse_args().check
    try:
        documents = build_documents()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    paths = {DOCS / name: text for name, text in documents.items()}
    outdated = {path: text for path, text in paths.items() if not path.is_file() or path.read_text("utf-8") != text}
    for path, text in outdated.items():
        if is_check:
            print(f"{path.relative_to(ROOT)} is outdated; update it with: make reference", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if is_check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
