"""Decides which failures an operator may see."""

from dataclasses import replace

from ops.desk.domain.values import Operator
from shared.ledger.failures import Failure, FailureFilter


def can_see_failure(operator: Operator, failure: Failure) -> bool:
    """Return whether the operator may see the failure; one without a tenant is visible to those who may see all."""
    return operator.tenants is None or (failure.tenant is not None and failure.tenant in operator.tenants)


def restrict_to_tenants(operator: Operator, failure_filter: FailureFilter) -> FailureFilter | None:
    """Restrict a filter to the operator's tenants; return None if no tenant is left."""
    if operator.tenants is None:
        return failure_filter
    tenants = (
        operator.tenants if failure_filter.tenants is None else operator.tenants.intersection(failure_filter.tenants)
    )
    return replace(failure_filter, tenants=tenants) if tenants else None
