"""The resources of the template by type, for the tests of the template."""

from tests.infra.template import load, of_type

TEMPLATE = load()
FUNCTIONS = of_type(TEMPLATE, "AWS::Lambda::Function")
QUEUES = of_type(TEMPLATE, "AWS::SQS::Queue")
DEAD_LETTERS = {name for name in QUEUES if name.endswith("DeadLetters")}
MAPPINGS = of_type(TEMPLATE, "AWS::Lambda::EventSourceMapping")
TABLES = of_type(TEMPLATE, "AWS::DynamoDB::Table")
QUEUED = ("Chat", "Booking", "Notifications")
WORKERS = {each["Properties"]["FunctionName"]["Ref"] for each in MAPPINGS.values()}


def properties(name):
    return TEMPLATE["Resources"][name]["Properties"]
