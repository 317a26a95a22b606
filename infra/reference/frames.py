"""The types of all frames for TypeScript, from their JSON Schemas."""

from infra.reference.tools import ROOT, SCHEMA_COMPILER, run_tool

FAMILIES = ("client-frame", "server-frame")
_BANNER = "/** Made by `make reference` from {name}.schema.json; do not edit. */"


def build_types(name: str) -> str:
    """Return the declarations of a family of frames, laid out as Prettier does it here."""
    schema = ROOT / "docs" / "schemas" / f"{name}.schema.json"
    banner = _BANNER.format(name=name)
    # An object may hold fields of a newer release; an index signature for them would accept misspelt ones.
    options = (
        "--no-additionalProperties",
        # Without it, a list of up to a hundred items is a union of a hundred tuples.
        "--maxItems=-1",
        "--style.printWidth",
        "120",
        "--style.trailingComma",
        "all",
        "--bannerComment",
        banner,
    )
    return run_tool(SCHEMA_COMPILER, "--input", str(schema), *options)
