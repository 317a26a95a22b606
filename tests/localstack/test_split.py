"""The two parts of the template have all resources, and the second one only values of the first."""

from tests.infra.template import as_list, load
from tests.localstack.split import build_first_part, build_output_name, build_second_part, list_references
from tests.localstack.stack import TYPES

TEMPLATE = load()


def test_the_second_part_refers_to_no_resource_of_the_first():
    """An emulator may take a reference to nothing for a text, and the process would fail much later."""
    first = build_first_part(TEMPLATE, TYPES)
    values = {name: f"value of {name}" for name in first["Outputs"]}
    second = build_second_part(TEMPLATE, first, values, {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"})
    assert {*first["Resources"], *second["Resources"]} == set(TEMPLATE["Resources"])
    assert [found for found in list_references(second) if found[0] in first["Resources"]] == []
    dependencies = [as_list(each.get("DependsOn", [])) for each in second["Resources"].values()]
    assert not {name for names in dependencies for name in names} & set(first["Resources"])
    assert {build_output_name(("ChatQueue", "")), build_output_name(("ChatQueue", "Arn"))} <= set(first["Outputs"])
    variables = second["Resources"]["IngressFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["CHAT_QUEUE_URL"] == "value of ChatQueue"
    assert variables["AWS_ENDPOINT_URL_SQS"] == "http://127.0.0.1:9"


def test_the_first_part_is_complete():
    """LocalStack would otherwise have to know a resource of the other emulator."""
    first = build_first_part(TEMPLATE, TYPES)
    known = {*first["Resources"], *TEMPLATE["Parameters"]}
    unknown = {name for name, _ in list_references(first["Resources"]) if name not in known}
    assert {name for name in unknown if not name.startswith("AWS")} == set()
