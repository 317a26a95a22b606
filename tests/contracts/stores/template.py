"""Reads tables and queues out of the deployment's template, so that what is tested is what is deployed."""

import functools
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).parents[3] / "infra" / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """Takes CloudFormation's short functions for what they are written with."""


def _function(loader, _suffix, node):
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _function)


@functools.cache
def _all():
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)["Resources"]  # noqa: S506 - safe, with more tags


def resources(kind):
    """Return the properties of every resource of a kind, by logical name."""
    return {name: resource["Properties"] for name, resource in _all().items() if resource["Type"] == kind}


def create_tables(dynamodb):
    """Create every table under its logical name, with the keys that it will have on AWS."""
    for name, properties in resources("AWS::DynamoDB::Table").items():
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        kept = {key: properties[key] for key in wanted if key in properties}
        dynamodb.create_table(TableName=name, **kept)


def create_queue(sqs, logical_name, *, name):
    """Create one queue with the attributes that it will have on AWS, but for redrive; return its URL."""
    wanted = ("FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "VisibilityTimeout")
    properties = resources("AWS::SQS::Queue")[logical_name]
    attributes = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in properties.items()
        if key in wanted
    }
    suffix = ".fifo" if properties.get("FifoQueue") else ""
    return sqs.create_queue(QueueName=f"{name}{suffix}", Attributes=attributes)["QueueUrl"]
