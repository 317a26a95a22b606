"""The actions of SQS, from an action and its JSON to the answer."""

from collections.abc import Callable

from pydantic_core import from_json

from tests.broker.actions import OPERATIONS
from tests.broker.administration import Administration
from tests.broker.counts import Counts
from tests.broker.errors import SqsError
from tests.broker.exchange import Exchange
from tests.broker.queues import Queues
from tests.broker.receive import Receives


class Service:
    """Carries out the actions of SQS."""

    def __init__(self, *, base_url: str, region: str, counts: Counts, clock: Callable[[], float]) -> None:
        self.queues = Queues(base_url=base_url, region=region, counts=counts, clock=clock)
        self.receives = Receives(self.queues)
        self._administration = Administration(self.queues)

    def carry_out(self, action: str, body: bytes, exchange: Exchange) -> None:
        """Carry out a call and answer it; a receive may be answered later."""
        try:
            # Receipt handles occur once, so only names are cached.
            call = from_json(body or b"{}", cache_strings="keys")
            if action == "ReceiveMessage":
                self.receives.start(call, exchange)
            elif operation := OPERATIONS.get(action):
                queue = self.queues.find(call["QueueUrl"])
                exchange.answer(operation(queue, call))
                self.receives.serve(queue)
            else:
                exchange.answer(self._administration.carry_out(action, call))
        except SqsError as error:
            refuse(exchange, error)
        except KeyError as error:
            refuse(exchange, SqsError("MissingParameter", f"The request must contain the parameter {error.args[0]}."))
        except (ValueError, TypeError, AttributeError) as error:
            refuse(exchange, SqsError("ValidationException", str(error)))


def refuse(exchange: Exchange, error: SqsError) -> None:
    """Answer with an error."""
    exchange.answer(error.body, status=error.status, query_error=error.query_error)
