"""The table of metrics in docs/operations.md lists what the code publishes, with the dimensions and units."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOYED = ("shared", "workers", "api_gateway_ws")
UNITS = {"count": "count", "record_milliseconds": "milliseconds", "record_nano_dollars": "10^-9 US dollars"}
PREDECESSORS = ("AppointmentCreated", "AppointmentVerified", "BedrockLatency", "KBCacheHit")
ROW = re.compile(r"\| `(\w+)` \| (-|`\w+`(?:, `\w+`)*) \| ([^|]+) \| [^|]+ \|")


def list_documented_metrics():
    """Return (name, dimensions, unit) of each row of the table."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = page.partition("| metric | dimensions | unit |")[2].partition("\n\n")[0]
    rows = [ROW.fullmatch(line) for line in table.splitlines()[2:]]
    return [(row[1], tuple(re.findall(r"\w+", row[2])), row[3]) for row in rows if row]


def list_published_metrics():
    """Return the same of each place in the code that publishes a metric."""
    found = set()
    for folder in DEPLOYED:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            calls = ast.walk(ast.parse(text)) if "metrics." in text else ()
            found |= {describe(call) for call in calls if is_publication(call)}
    return sorted(found)


def is_publication(node):
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in UNITS):
        return False
    return bool(node.args) and ast.unparse(node.func.value).endswith("metrics")


def describe(call):
    assert isinstance(call.args[0], ast.Constant), ast.unparse(call)
    return call.args[0].value, tuple(sorted(word.arg for word in call.keywords)), UNITS[call.func.attr]


def test_the_table_lists_what_the_code_publishes():
    """Every metric, with the names of all its dimensions, and nothing else."""
    documented = list_documented_metrics()

    assert sorted(documented) == list_published_metrics()
    assert tuple(name for name, dimensions, _ in documented[:4] if not dimensions) == PREDECESSORS
