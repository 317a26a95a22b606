"""Writes the contract documents: `python -m infra.contracts`; `--check` only reports the outdated ones."""

import argparse
import functools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.contracts.asyncapi import build_document
from infra.contracts.schemas import FAMILIES, build_family_schema

DOCS = Path(__file__).parent.parent.parent / "docs"
COMMAND = "python -m infra.contracts"


class _Dumper(yaml.CSafeDumper):
    """Writes YAML without anchors, because not every reader supports them."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library calls it so
        return True


@functools.cache
def build_documents() -> dict[str, str]:
    """Return the text of every document by its path under `docs`."""
    asyncapi = yaml.dump(build_document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    schemas = {
        f"schemas/{family.name}.schema.json": json.dumps(build_family_schema(family), indent=2, ensure_ascii=False)
        + "\n"
        for family in FAMILIES
    }
    return {"asyncapi.yaml": f"# Made by `{COMMAND}` from shared/messages. Do not edit.\n{asyncapi}", **schemas}


def list_stale_documents(docs: Path) -> list[str]:
    """Return the paths of the documents that are missing or differ from the models."""
    return [name for name, text in build_documents().items() if _read_text(docs / name) != text]


def write_documents(docs: Path) -> list[str]:
    """Update every document; return the paths of those that changed."""
    changed = list_stale_documents(docs)
    for name in changed:
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(build_documents()[name], encoding="utf-8", newline="\n")
    return changed


def _read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: Sequence[str] | None = None, *, docs: Path = DOCS) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write docs/asyncapi.yaml and docs/schemas/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a document is outdated")
    if not parser.parse_args(arguments).check:
        changed = write_documents(docs)
        print("\n".join(f"wrote docs/{name}" for name in changed) or "All contract documents are up to date.")
        return 0
    if outdated := list_stale_documents(docs):
        for name in outdated:
            print(f"docs/{name} is outdated: shared/messages has changed.", file=sys.stderr)
        print(f"Update them with: {COMMAND}", file=sys.stderr)
        return 1
    print("All contract documents are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
