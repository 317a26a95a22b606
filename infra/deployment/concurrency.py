"""Looks at the quota of concurrent executions, and reserves some for ingress and authorizer where it permits that.

A burst of messages may use the whole quota of the account. What is reserved for a function stays free for it, and is
its maximum (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html). docs/lambda.md computes the
numbers.
"""

from collections.abc import Iterator, Mapping

from infra.deployment.findings import Clients, Finding, Verdict, run_probe

RESERVED = {"IngressReservedConcurrency": 100, "AuthorizerReservedConcurrency": 50}
"""What is reserved where the parameter is `auto`."""

UNRESERVED_MINIMUM = 100
"""Lambda refuses a reservation that leaves fewer executions to all other functions.

(https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html)
"""

_SUBJECT = "Lambda"


def reserve_concurrency(
    clients: Clients, values: Mapping[str, str], *, deployed: Mapping[str, str]
) -> tuple[dict[str, str], list[Finding]]:
    """Return the parameters that are decided, and what was found; without an answer nothing is decided.

    `deployed` are the parameters of the stack that exists.
    """
    parameters: dict[str, str] = {}

    def probe() -> Iterator[Finding]:
        # https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
        limit = clients("lambda").get_account_settings()["AccountLimit"]
        total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
        yield _describe_quota(total, unreserved)
        if not set(RESERVED) <= set(values):
            return
        ours, named = _sum_numbers(deployed), _sum_numbers(values)
        free = unreserved + ours - UNRESERVED_MINIMUM
        undecided = {name: number for name, number in RESERVED.items() if values[name] == "auto"}
        if named > max(free, ours):
            yield _exceeds_quota(named, free)
        elif undecided and named + sum(undecided.values()) <= free:
            parameters.update({name: str(number) for name, number in undecided.items()})
            yield _describe_reservation({**values, **parameters}, unreserved + ours)
        elif undecided:
            yield _reserves_nothing(named + sum(undecided.values()), free)
        elif named:
            yield _describe_reservation(values, unreserved + ours)

    return parameters, run_probe(_SUBJECT, "lambda:GetAccountSettings", probe)


def _sum_numbers(values: Mapping[str, str]) -> int:
    """Return how many executions the parameters reserve; `auto` and `none` are none."""
    return sum(int(values[name]) for name in RESERVED if values.get(name, "").isdecimal())


def _describe_quota(total: int, unreserved: int) -> Finding:
    found = f"{total} concurrent executions, {unreserved} of them unreserved"
    if total > UNRESERVED_MINIMUM:
        return Finding(_SUBJECT, Verdict.OK, found)
    return Finding(
        _SUBJECT,
        Verdict.WARNING,
        found,
        "New accounts start with few. Visitors wait as soon as that many messages are processed at once.",
        "Request 1000 for `Concurrent executions` of Lambda in Service Quotas; it costs nothing.",
    )


def _describe_reservation(values: Mapping[str, str], available: int) -> Finding:
    ingress, authorizer = (values[name] for name in RESERVED)
    return Finding(
        _SUBJECT,
        Verdict.OK,
        f"reserved for the ingress: {ingress}, for the authorizer: {authorizer}",
        f"A burst of messages can't keep visitors out. {available - _sum_numbers(values)} executions remain for all"
        " functions without a reservation.",
    )


def _reserves_nothing(wanted: int, free: int) -> Finding:
    return Finding(
        _SUBJECT,
        Verdict.NOTE,
        f"nothing more is reserved: {wanted} executions are wanted, and {max(free, 0)} can be reserved",
        f"Lambda keeps {UNRESERVED_MINIMUM} unreserved. A burst of messages may keep visitors out for a while.",
        "Request a higher quota; the next deployment reserves them then.",
    )


def _exceeds_quota(named: int, free: int) -> Finding:
    return Finding(
        _SUBJECT,
        Verdict.BLOCKED,
        f"{named} executions are to be reserved, and {max(free, 0)} can be",
        f"Lambda keeps {UNRESERVED_MINIMUM} unreserved, so the update would fail and be rolled back.",
        f"Name smaller numbers, `auto` or `none`: {', '.join(RESERVED)}.",
    )
