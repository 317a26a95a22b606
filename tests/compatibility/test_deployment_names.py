"""The deployed stack keeps its names: logical ids, parameters, outputs, physical names, tables and variables.

CloudFormation replaces a resource whose logical id or physical name changes. With a secret, every token, code, link
and encrypted payload is lost; with a table, its rows.
"""

from tests.compatibility.frozen_names import assert_kept
from tests.infra.template import load, of_type

PHYSICAL_NAMES = (
    *("QueueName", "TableName", "FunctionName", "TopicName", "LogGroupName", "GroupName", "PolicyName"),
    *("UserPoolName", "ClientName", "RoleName", "BucketName", "AlarmName", "DashboardName"),
)
"""Properties that name a resource whatever its type; `Name` counts for those that have nothing else."""


def physical_name(resource):
    """Return the text of the name that a resource has in the account; None where AWS chooses one."""
    properties = resource.get("Properties", {})
    name = next((properties[each] for each in (*PHYSICAL_NAMES, "Name") if each in properties), None)
    return next(iter(name.values())) if isinstance(name, dict) else name


def resources(template):
    """Return type and physical name of each resource, by logical id."""
    return {
        logical_id: {"type": resource["Type"], "name": physical_name(resource)}
        for logical_id, resource in template["Resources"].items()
    }


def tables(template):
    """Return keys, attributes, TTL attribute and indexes of each table, by logical id."""
    return {name: table(each["Properties"]) for name, each in of_type(template, "AWS::DynamoDB::Table").items()}


def table(properties):
    indexes = properties.get("GlobalSecondaryIndexes", ())
    return {
        "key": keys(properties),
        "attributes": {one["AttributeName"]: one["AttributeType"] for one in properties["AttributeDefinitions"]},
        "ttl": properties["TimeToLiveSpecification"]["AttributeName"] if has_ttl(properties) else None,
        "indexes": {
            index["IndexName"]: {
                "key": keys(index),
                "projection": index["Projection"]["ProjectionType"],
                "projected": index["Projection"].get("NonKeyAttributes", []),
            }
            for index in indexes
        },
    }


def has_ttl(properties):
    return "TimeToLiveSpecification" in properties


def keys(part):
    return {one["KeyType"]: one["AttributeName"] for one in part["KeySchema"]}


def variables(template):
    """Return the names of each function's environment variables, by logical id."""
    functions = of_type(template, "AWS::Lambda::Function")
    return {name: sorted(each["Properties"]["Environment"]["Variables"]) for name, each in functions.items()}


def rules(template):
    """Return what each rule of EventBridge puts on its queue."""
    found = {}
    for name, each in of_type(template, "AWS::Events::Rule").items():
        found[name] = {
            target["Id"]: {
                "group": target["SqsParameters"]["MessageGroupId"],
                "input": target["InputTransformer"]["InputTemplate"],
            }
            for target in each["Properties"]["Targets"]
        }
    return found


def current_names():
    """Return every name of the template that a deployed stack has."""
    template = load()
    return {
        "parameters": {name: each["Type"] for name, each in template["Parameters"].items()},
        "resources": resources(template),
        "outputs": sorted(template["Outputs"]),
        "tables": tables(template),
        "variables": variables(template),
        "rules": rules(template),
    }


def test_a_deployed_stack_keeps_all_of_its_names():
    """An update of the stack replaces nothing because of a name."""
    assert_kept("deployment", current_names(), who_depends="deployed stacks, their tables and their secrets")
