"""That the contract documents say what the models say, and that every example in them is true."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import ValidationError

from api_gateway_ws.legacy_protocol import is_legacy_frame
from infra.contracts.__main__ import DOCS, list_stale_documents, main
from infra.contracts.channels import ANSWERS
from infra.contracts.examples import list_examples
from infra.contracts.schemas import CLIENT, COMMANDS, FAMILIES, NOTICES, SERVER
from shared.json_objects import is_json_array_or_null
from shared.messages.client import CLIENT_FRAME_TYPES
from tests.e2e.frames import check_server_frame

ASKED = {
    *("hello", "chat.send", "chat.stop", "chat.feedback", "handover.request", "ping"),
    *("booking.slots", "booking.create", "booking.verify", "booking.resend", "booking.cancel", "booking.reschedule"),
    "booking.lookup",
    *("transcript.request", "session.end"),
}
OWN = {
    *("booking.remind", "booking.plan_reminders", "booking.settle_entry", "booking.query"),
    *("calendar.tick", "calendar.sync", "calendar.changed"),
}
"""What the backend asks of itself in the queue of bookings."""

ANSWERED = {
    *("welcome", "ack", "typing", "chat.sent", "chat.delta", "chat.final", "error", "pong", "booking.slots"),
    "progress",
    "presence",
    *("booking.pending", "booking.confirmed", "booking.cancelled", "booking.rescheduled"),
    "booking.details",
    "session.ended",
}
"""The frames of protocol version 1, as every client out there knows them: none may go."""


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    """Read the committed document."""
    return yaml.load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


def schema_of(family) -> dict[str, Any]:
    return json.loads((DOCS / "schemas" / f"{family.name}.schema.json").read_text(encoding="utf-8"))


def follow(document: Any, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def references(node: Any) -> list[str]:
    """Return every `$ref` below a node; an example's content is data, not schema."""
    if isinstance(node, list):
        return [found for one in node for found in references(one)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [
        found for key, value in node.items() if key not in {"examples", "default"} for found in references(value)
    ]


def test_the_committed_documents_are_the_ones_that_the_models_make():
    """Whoever changes a message and forgets its documents is told so, with the command that remakes them.

    The committed ones were made in another process, so this also shows that the order of a set plays no part.
    """
    assert list_stale_documents(DOCS) == [], "run: python -m infra.contracts"


def test_check_names_the_stale_document_and_the_remedy(tmp_path: Path, capsys):
    """`--check` writes nothing and fails on a changed document; writing repairs it."""
    assert main([], docs=tmp_path) == 0
    assert main(["--check"], docs=tmp_path) == 0
    changed = tmp_path / "schemas" / "notice.schema.json"
    changed.write_text("{}", encoding="utf-8")
    capsys.readouterr()

    assert main(["--check"], docs=tmp_path) == 1

    text = capsys.readouterr().err
    assert "docs/schemas/notice.schema.json" in text
    assert "asyncapi.yaml" not in text
    assert "python -m infra.contracts" in text
    assert changed.read_text(encoding="utf-8") == "{}"
    assert main([], docs=tmp_path) == 0
    assert main(["--check"], docs=tmp_path) == 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_schema_is_a_valid_schema_with_examples_of_all_its_messages(family):
    """The schemas are draft 2020-12, and no message goes without an example."""
    schema = schema_of(family)
    Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        follow(schema, reference)
    kinds = {follow(schema, one["$ref"])["properties"]["type"]["const"] for one in schema["oneOf"]}
    assert kinds == {example["type"] for example in list_examples(family)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_example_fits_schema_and_model(family):
    """An example is valid by the committed schema, and the model reads it."""
    schema = Draft202012Validator(schema_of(family))
    for example in list_examples(family):
        schema.validate(example)
        model = family.adapter.validate_json(json.dumps(example))
        assert model.type == example["type"]


@pytest.mark.parametrize("family", [one for one in FAMILIES if one is not CLIENT], ids=lambda family: family.name)
def test_what_we_write_ourselves_looks_exactly_like_its_example(family):
    """A server frame, a command and a notice come out of their model just as the example shows them."""
    for example in list_examples(family):
        model = family.adapter.validate_json(json.dumps(example))
        text = model.to_wire_text() if family is SERVER else model.model_dump_json(by_alias=True)
        assert json.loads(text) == example
        if family is SERVER:
            assert check_server_frame(text) == model


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_message_without_its_type_fits_nothing(family):
    """The type tells messages apart, so neither schema nor model guesses it."""
    schema = Draft202012Validator(schema_of(family))
    for example in list_examples(family):
        untyped = {key: value for key, value in example.items() if key != "type"}
        assert not schema.is_valid(untyped), untyped
        with pytest.raises(ValidationError):
            family.adapter.validate_json(json.dumps(untyped))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_fields_that_nobody_knows_yet_are_no_mistake(family):
    """Changes are additive: today's readers take tomorrow's messages."""
    schema = Draft202012Validator(schema_of(family))
    for example in list_examples(family):
        newer = {**example, "new": 1}
        schema.validate(newer)
        family.adapter.validate_json(json.dumps(newer))


def test_every_frame_of_version_1_is_there():
    """The frames that clients were promised are in the schemas, and each client frame has its answers."""
    kinds = {family.name: {example["type"] for example in list_examples(family)} for family in FAMILIES}
    assert kinds[CLIENT.name] == ASKED == set(CLIENT_FRAME_TYPES) == set(ANSWERS)
    assert kinds[SERVER.name] == ANSWERED
    assert {answer for answers in ANSWERS.values() for answer in answers} == ANSWERED
    assert kinds[COMMANDS.name] == ASKED - {"hello", "chat.stop", "chat.feedback", "ping"} | OWN | {"chat.answer_open"}
    notices = ("code", "confirmed", "cancelled", "rescheduled", "reminder", "choose_again", "transcript", "alert")
    assert kinds[NOTICES.name] == {f"notice.{kind}" for kind in notices}


def test_every_reference_of_the_asyncapi_document_leads_somewhere(asyncapi):
    """No `$ref` dangles, and every component is used."""
    used = set(references(asyncapi))
    for reference in used:
        assert follow(asyncapi, reference)
    for kind in ("messages", "schemas", "correlationIds"):
        assert {f"#/components/{kind}/{name}" for name in asyncapi["components"][kind]} <= used


def test_the_asyncapi_document_has_the_socket_and_the_three_queues(asyncapi):
    """Operations take the application's side: it receives what clients send, and sends what they hear."""
    assert asyncapi["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(asyncapi["info"])
    assert set(asyncapi["channels"]) == {"visitor", "chat.fifo", "booking.fifo", "notifications"}
    assert set(asyncapi["channels"]["visitor"]["bindings"]["ws"]["query"]["properties"]) == {
        "tenant",
        "session",
        "locale",
    }
    done: dict[tuple[str, str], set[str]] = {}
    for operation in asyncapi["operations"].values():
        channel = follow(asyncapi, operation["channel"]["$ref"])
        name = operation["channel"]["$ref"].removeprefix("#/channels/")
        for message in operation.get("messages", ()):
            assert message["$ref"].startswith(f"#/channels/{name}/messages/")
        messages = operation.get("messages") or list(channel["messages"].values())
        kinds = done.setdefault((operation["action"], name), set())
        kinds |= {resolved(asyncapi, message)["name"] for message in messages}
    booking = {kind for kind in ASKED if kind.startswith(("booking.", "session.", "transcript."))} | OWN
    notices = {example["type"] for example in list_examples(NOTICES)}
    assert done == {
        ("receive", "visitor"): ASKED,
        ("send", "visitor"): ANSWERED,
        ("send", "chat.fifo"): {"chat.send", "handover.request", "chat.answer_open"},
        ("receive", "chat.fifo"): {"chat.send", "handover.request", "chat.answer_open"},
        ("send", "booking.fifo"): booking,
        ("receive", "booking.fifo"): booking,
        ("send", "notifications"): notices,
        ("receive", "notifications"): notices,
    }


def resolved(document: Any, node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = follow(document, node["$ref"])
    return node


def test_every_asyncapi_message_is_described_and_its_examples_fit_its_payload(asyncapi):
    """Messages have a name, a title and a summary; their examples are valid against the payload's own schema."""
    for message in asyncapi["components"]["messages"].values():
        assert {"name", "title", "summary", "payload", "examples"} <= set(message)
        schema = {"$ref": message["payload"]["$ref"], "components": asyncapi["components"]}
        assert message["examples"]
        for example in message["examples"]:
            Draft7Validator(schema).validate(example["payload"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "no frame of type None"),
        ('{"v":1,"type":"pong"}', "data"),
        ('{"v":1,"type":"ack","re":null,"data":{"state":"accepted"}}', "None"),
        ('{"v":1,"type":"unheard.of","data":{}}', "unheard.of"),
        ('{"v":1,"type":"chat.delta","data":{"offset":0,"text":"%s"}}' % ("x" * 24 * 1024), "bytes"),
    ],
)
def test_the_frame_checker_refuses_what_breaks_the_contract(text, complaint):
    """A missing part, a null, an unknown type and a frame over 24 KB are told apart from good frames."""
    with pytest.raises(AssertionError, match=complaint):
        check_server_frame(text)


def test_the_text_protocol_begins_where_json_objects_end():
    """The document says that a text that is no JSON object, array or `null` is the older protocol; so does the code."""
    assert is_json_array_or_null("[1, 2]")
    assert is_legacy_frame("[1, 2] apples")
    assert not is_json_array_or_null("[1, 2] apples")
    assert is_legacy_frame("BOOK_APPOINTMENT:2027-02-12T14:30,anna@example.com,portrait")
    assert not is_legacy_frame('  {"v": 1')


def test_no_schema_has_a_discriminator_of_openapi(asyncapi):
    """AsyncAPI's parser refuses it: there, a discriminator is a name."""

    def find(node):
        if isinstance(node, list):
            return any(map(find, node))
        if not isinstance(node, dict):
            return False
        return isinstance(node.get("discriminator"), dict) or any(map(find, node.values()))

    assert find({"oneOf": [], "discriminator": {"propertyName": "about"}})
    assert not find(asyncapi["components"]["schemas"])
