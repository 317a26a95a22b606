"""Makes frames from the protocol's own schema: valid ones, and ones with something wrong in them."""

import json
import random
from pathlib import Path
from typing import Any

_SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "schemas" / "client-frame.schema.json").read_text(encoding="utf-8")
)
_HOSTILE: list[Any] = [
    "", " ", "\x00", "\ud800", "\ufeff", "\u202e", "a" * 5000, "🙂" * 1000, "../", "' OR 1=1 --", "<script>", "{{7*7}}",
    None, True, False, -1, 0, 2**53, 2**64, 1e308, float("nan"), float("inf"), [], {}, [[]], {"a": {}}, ["x"] * 50,
    "2026-02-30T25:61", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
]  # fmt: skip
_CHARACTERS = "abcdef0123456789-._:"


class SchemaFrames:
    """Frames drawn by a seed; `planted` are texts that stand for ids, addresses and tokens of somebody else."""

    def __init__(self, seed: int, planted: list[str]) -> None:
        self._random = random.Random(seed)
        self._values = [*_HOSTILE, *planted]
        self._planted = planted

    def draw(self) -> str:
        """Return one frame as it comes over the wire."""
        choose = self._random
        frame = self._build(choose.choice(_SCHEMA["oneOf"]))
        for _ in range(choose.choice([0, 0, 1, 1, 2, 4])):
            self._spoil(frame)
        text = json.dumps(frame)
        match choose.randrange(12):
            case 0:
                text = text[: choose.randrange(len(text))]
            case 1:
                position = choose.randrange(len(text))
                text = text[:position] + choose.choice('{}[]":,\\\x00\ud800ą0') + text[position + 1 :]
            case 2:
                text = text.replace("{", '{"type":"ping",', 1)
            case 3:
                text = choose.choice(["\ufeff", "[", " ", "BOOK_APPOINTMENT:", "VERIFY_APPOINTMENT:"]) + text
            case 4:
                text = choose.choice(["BOOK_APPOINTMENT:", "VERIFY_APPOINTMENT:", ""]) + str(
                    choose.choice(self._values)
                )
        return text

    def _build(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._build(_SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self._build(self._random.choice(options))
        match schema.get("type"):
            case "object":
                return self._build_object(schema)
            case "array":
                return [self._build(schema.get("items", {})) for _ in range(self._random.randrange(4))]
            case "integer" | "number":
                return self._random.randint(schema.get("minimum", 0), min(schema.get("maximum", 1000), 1000))
            case "boolean" | "null" as kind:
                return None if kind == "null" else self._random.random() < 0.5
        if self._random.random() < 0.2:
            return self._random.choice(self._planted)
        return self._draw_text(schema.get("minLength", 1), min(schema.get("maxLength", 40), 60))

    def _build_object(self, schema: dict[str, Any]) -> dict[str, Any]:
        choose, required = self._random, schema.get("required", ())
        built = {
            name: self._build(inner)
            for name, inner in schema.get("properties", {}).items()
            if name in required or choose.random() < 0.5
        }
        for inner in schema.get("patternProperties", {}).values():
            built |= {self._draw_text(1, 10): self._build(inner) for _ in range(choose.randrange(3))}
        return built

    def _draw_text(self, least: int, limit: int) -> str:
        return "".join(self._random.choices(_CHARACTERS, k=self._random.randint(least, max(least, limit))))

    def _spoil(self, frame: Any) -> None:
        """Change one place of a frame: another value, a field more, or one less."""
        choose, at = self._random, frame
        while isinstance(inner := at.get("data") if isinstance(at, dict) else None, dict) and choose.random() < 0.7:
            at = inner
        if not isinstance(at, dict):
            return
        name = choose.choice([*at, "data", "session_id", "tenant", "id", "v", "type", "link"])
        if choose.random() < 0.2:
            at.pop(name, None)
        else:
            at[name] = choose.choice(self._values)
