"""JSON Schemas (draft 2020-12) of the messages, from their pydantic models."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from shared.messages.client import CLIENT_FRAME
from shared.messages.commands import QUEUED_COMMAND
from shared.messages.notices import NOTICE
from shared.messages.server import SERVER_FRAME

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _ReaderSchema(GenerateJsonSchema):
    """Schemas of what a reader accepts, without titles of fields, which would only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the library calls it so
        return False


class _WriterSchema(_ReaderSchema):
    """Schemas of what a writer sends: a field without a value is left out, so `null` is never sent."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", ...) is None:
            del json_schema["default"]
        return json_schema


@dataclass(frozen=True, slots=True)
class Family:
    """The messages of one direction or queue, distinguished by their `type`."""

    name: str
    prefix: str
    """The prefix of the family's schema names in a document of several families."""
    title: str
    description: str
    adapter: TypeAdapter[Any]
    mode: JsonSchemaMode
    required: tuple[str, ...]
    """Fields that are always present although the models have a default for them."""


CLIENT = Family(
    name="client-frame",
    prefix="Client",
    title="Client frame",
    description=(
        "A frame that a visitor's client sends. Unknown fields are ignored. White space around a text is taken away "
        "before its length is checked. A text has no control characters but line ends and tabs, and neither U+FFFE nor "
        "U+FFFF."
    ),
    adapter=CLIENT_FRAME,
    mode="validation",
    required=("v", "type"),
)
SERVER = Family(
    name="server-frame",
    prefix="Server",
    title="Server frame",
    description=(
        "A frame that the server sends. A client ignores fields and types that it does not know. Frames with a `seq` "
        "are durable: numbered per session without gaps, and sent again after a `hello`."
    ),
    adapter=SERVER_FRAME,
    mode="serialization",
    required=("v", "type", "data"),
)
COMMANDS = Family(
    name="command",
    prefix="Command",
    title="Command",
    description="An envelope on the chat or the booking queue. A worker ignores fields that it does not know.",
    adapter=QUEUED_COMMAND,
    mode="validation",
    required=("type",),
)
NOTICES = Family(
    name="notice",
    prefix="Notice",
    title="Notice",
    description="An envelope on the notifications queue. It never carries a verification code.",
    adapter=NOTICE,
    mode="validation",
    required=("type",),
)
FAMILIES = (CLIENT, SERVER, COMMANDS, NOTICES)


@dataclass(frozen=True, slots=True)
class Described:
    """The schemas of a family's models by name, and the model's name for each `type`."""

    schemas: dict[str, Json]
    names: dict[str, str]


def describe_family(family: Family, ref_template: str) -> Described:
    """Return the schemas of all models of a family; `ref_template` has `{model}` in place of the name."""
    generated = family.adapter.json_schema(
        mode=family.mode,
        by_alias=True,
        ref_template=ref_template,
        schema_generator=_WriterSchema if family.mode == "serialization" else _ReaderSchema,
    )
    schemas: dict[str, Json] = generated["$defs"]
    prefix = ref_template.partition("{model}")[0]
    mapping: dict[str, str] = generated["discriminator"]["mapping"]
    names = {kind: reference.removeprefix(prefix) for kind, reference in mapping.items()}
    for name in names.values():
        schema = schemas[name]
        for field in family.required:
            # With a default, readers would treat the field as optional.
            schema["properties"][field].pop("default", None)
        schema["required"] = [
            field for field in schema["properties"] if field in family.required or field in schema.get("required", ())
        ]
    return Described(schemas, names)


def build_family_schema(family: Family) -> Json:
    """Return the schema of a whole family: a valid message fits exactly one of its models."""
    described = describe_family(family, "#/$defs/{model}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:stride-chat:schema:{family.name}:1",
        "title": family.title,
        "description": family.description,
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in sorted(described.names.values())],
        "$defs": described.schemas,
    }
