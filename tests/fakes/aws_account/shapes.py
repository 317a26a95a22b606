"""Checks calls and answers against botocore's service models: a fake must not accept what AWS does not have."""

import functools
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator


@functools.cache
def _operation(service: str, method: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    name = next(name for name in model.operation_names if xform_name(name) == method)
    return model.operation_model(name)


def check_request(service: str, method: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the operation does not have."""
    shape = _operation(service, method).input_shape
    if shape is None:
        assert not arguments, f"{service}.{method} takes no arguments"
        return
    report = ParamValidator().validate(dict(arguments), shape)
    assert not report.has_errors(), f"{service}.{method}: {report.generate_report()}"


def check_answer(service: str, method: str, answer: Mapping[str, Any] | None) -> None:
    """Refuse an answer with keys that the operation does not have."""
    shape = _operation(service, method).output_shape
    if answer and shape is not None:
        _check(f"{service}.{method}", shape, answer)


def _check(path: str, shape: Any, value: Any) -> None:
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path} has no {', '.join(sorted(unknown))}"
        for name, inner in value.items():
            _check(f"{path}.{name}", shape.members[name], inner)
    elif shape.type_name == "list":
        for inner in value:
            _check(path, shape.member, inner)
    elif shape.type_name == "string" and getattr(shape, "enum", None):
        assert value in shape.enum, f"{path}: {value}"
