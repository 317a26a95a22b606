"""Describes problems that pydantic found."""

from pydantic_core import ErrorDetails


def describe_problem(problem: ErrorDetails) -> str:
    """Return what is wrong, without the value; for our own checks the text of their error.

    The problem must include its context.
    """
    error = problem.get("ctx", {}).get("error")
    return str(error) if problem["type"] == "value_error" and error is not None else problem["msg"]
