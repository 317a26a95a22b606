"""The reference of `<stride-chat>` in docs/widget.md, from the Custom Elements Manifest of its source."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from infra.reference.tools import PRINT_MANIFEST, ROOT, ToolError, run_tool

Json = dict[str, Any]

SOURCE = "widget/stride-chat.js"
TYPES = ROOT / "widget" / "element.d.ts"
BEGIN, END = "<!-- Made by `make reference`. -->", "<!-- End of what is made. -->"


def read_manifest() -> Json:
    """Return the declaration of the element (https://github.com/webcomponents/custom-elements-manifest)."""
    manifest = json.loads(run_tool(PRINT_MANIFEST, SOURCE))
    [declaration] = [
        each for module in manifest["modules"] for each in module["declarations"] if each.get("customElement")
    ]
    return declaration  # type: ignore[no-any-return] # JSON


def fill_page(page: str, declaration: Json) -> str:
    """Return the page with the reference between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ToolError(f"docs/widget.md needs the marks {BEGIN} and {END}")
    return f"{before}{begin}\n\n{render(declaration)}\n{end}{after}"


def render(declaration: Json) -> str:
    """Return a table each of attributes, properties, methods, events, parts and custom properties, and the types."""
    public = [each for each in declaration["members"] if each.get("privacy") != "private" and not each.get("static")]
    # The analyzer takes what the constructor sets on the shadow root for a field of the element, without a description.
    fields = [each for each in public if each["kind"] == "field" and "description" in each]
    methods = [each for each in public if each["kind"] == "method"]
    attributes = [each for each in declaration["attributes"] if each.get("description")]
    tables = {
        "Attributes": _render_table(attributes, ("Attribute", _name), ("Values", _type), ("", _describe)),
        "Properties": _render_table(fields, ("Property", _name), ("", _describe_field)),
        "Methods": _render_table(methods, ("Method", lambda each: f"`{each['name']}()`"), ("", _describe)),
        "Events": _render_table(declaration["events"], ("Event", _name), ("`event`", _type), ("", _describe)),
        "Parts": _render_table(declaration["cssParts"], ("Part", _name), ("", _describe)),
        "Custom properties": _render_table(
            declaration["cssProperties"], ("Property", _name), ("Default", _default), ("", _describe)
        ),
    }
    sections = [f"### {title}\n\n{table}" for title, table in tables.items()]
    types = TYPES.read_text(encoding="utf-8").partition("\n\n")[2].strip()
    return "\n".join(
        [
            *sections,
            f"### Types\n\nPublished beside the loader as `dist/widget/stride-chat.d.ts`:\n\n```ts\n{types}\n```\n",
        ]
    )


def _render_table(rows: Iterable[Json], *columns: tuple[str, Callable[[Json], str]]) -> str:
    lines = [[title for title, _ in columns], ["---"] * len(columns)]
    lines += [[write(row).replace("|", "\\|").replace("\n", " ") for _, write in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _name(row: Json) -> str:
    return f"`{row['name']}`"


def _type(row: Json) -> str:
    return f"`{row['type']['text']}`"


def _default(row: Json) -> str:
    return f"`{row['default']}`" if "default" in row else ""


def _describe(row: Json) -> str:
    return str(row["description"])


def _describe_field(row: Json) -> str:
    return _describe(row) + (" Read-only." if row.get("readonly") else "")
