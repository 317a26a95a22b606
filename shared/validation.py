"""Words what pydantic found wrong."""

from pydantic_core import ErrorDetails


def describe_problem(problem: ErrorDetails) -> str:
    """Return what is wrong; of a check of ours its own words. Wants the problem's context, and has no value in it."""
    error = problem.get("ctx", {}).get("error")
    return str(error) if problem["type"] == "value_error" and error is not None else problem["msg"]
