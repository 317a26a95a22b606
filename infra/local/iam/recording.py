"""The record of decisions: which statements of which role allowed a call, one JSON object a line."""

import dataclasses
import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator


class RolePolicies(list[list[Any]]):
    """The policies of a role, as lists of statements with names: those of a resource are not recorded."""


def name_statements(gather: Callable[..., list[list[Any]]], *, without: str = "") -> Callable[..., RolePolicies]:
    """Return a `_gather_role_policies` that names a statement without a Sid by its policy's and its own number.

    It leaves out the statement `without`: `ChatRole.CountUsage`, with the logical id of the role.
    """
    left_out_role, _, left_out = without.partition(".")

    def gather_role_policies(role: str, *arguments: Any) -> RolePolicies:
        named = (
            [one if one.sid else dataclasses.replace(one, sid=f"{policy}.{n}") for n, one in enumerate(statements)]
            for policy, statements in enumerate(gather(role, *arguments))
        )
        if not left_out or f"-{left_out_role}-" not in role:
            return RolePolicies(named)
        return RolePolicies([one for one in statements if one.sid != left_out] for statements in named)

    return gather_role_policies


def parse_once(parse: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Return a `parse_policy_document` that remembers: MiniStack parses a role's policies twice for each request."""
    parse_text = functools.lru_cache(1000)(parse)
    return lambda document: parse_text(document) if isinstance(document, str) else parse(document)


class Recorder:
    """Appends each decision about a role to a file."""

    def __init__(self, path: Path) -> None:
        # Each line is one write at the end: the emulator answers in several threads.
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def record_decisions(self, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """Return an `evaluate` that decides as before."""

        def evaluate_and_record(request: Any, policies: list[list[Any]], *limits: Any) -> Any:
            result = evaluate(request, policies, *limits)
            if isinstance(policies, RolePolicies):
                statements = [one for policy in policies for one in policy]
                allowing = [one.sid for one in statements if iam_evaluator._first_match(request, [one], "Allow")]
                self._append(request, result.decision, allowing)
            return result

        return evaluate_and_record

    def _append(self, request: Any, decision: str, allowing: list[str]) -> None:
        entry = {
            "at": time.time(),
            "role": request.principal_arn.split("/")[1],
            "action": request.action,
            "resource": request.resource_arn,
            "decision": decision,
            "statements": allowing,
        }
        os.write(self._descriptor, json.dumps(entry).encode() + b"\n")
