"""Checks server frames against the contract: the committed JSON Schema, the model, and the size limit."""

import functools
import json
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from shared.messages.limits import MAX_FRAME_BYTES
from shared.messages.server import SERVER_FRAME, AnyServerFrame

_SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "server-frame.schema.json"


def check_server_frame(text: str) -> AnyServerFrame:
    """Parse and check a server frame.

    Raises:
        AssertionError: the frame violates the contract; the message has the path and the frame.
        pydantic.ValidationError: the schema accepts the frame, but the model refuses it.
    """
    size = len(text.encode())
    assert size <= MAX_FRAME_BYTES, f"the frame has {size} bytes, the limit is {MAX_FRAME_BYTES}"
    content = json.loads(text)
    # The schema of this type rather than the union of all types: its error names the invalid field.
    kind = content.get("type") if isinstance(content, dict) else None
    validator = _validators().get(kind)
    assert validator, f"there is no frame of type {kind!r}\nin {text[:500]}"
    problem = best_match(validator.iter_errors(content))
    assert problem is None, f"{problem.json_path}: {problem.message}\nin {text[:500]}"
    return SERVER_FRAME.validate_json(text)


@functools.cache
def _validators() -> dict[object, Draft202012Validator]:
    """Return a validator for each type of frame."""
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    names = [variant["$ref"].rpartition("/")[2] for variant in schema["oneOf"]]
    return {
        schema["$defs"][name]["properties"]["type"]["const"]: Draft202012Validator(
            {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
        )
        for name in names
    }
