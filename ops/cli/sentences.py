"""What the command line says about forecasts, and about what it did not do."""

from ops.cli.times import local_time, moment
from ops.desk.domain.values import Forecast, ForecastKind, NotPossible, Why

FORECASTS: dict[ForecastKind, str] = {
    ForecastKind.FREE: "the time is free: it would be booked",
    ForecastKind.TAKEN: "the time is taken: the visitor would be offered others",
    ForecastKind.PAST: "the time has gone by: the visitor would be offered others",
    ForecastKind.TOO_OLD: "the visitor asked too long ago: they would be asked to choose again",
    ForecastKind.ALREADY_DONE: "it is done already: the visitor would hear so, and nothing else would happen",
    ForecastKind.WOULD_BE_FINISHED: "the visit stands: its entry in the calendar and its letter would be completed",
    ForecastKind.REFUSED: "the visitor would hear a no",
    ForecastKind.WOULD_BE_DONE: "it would be carried out",
    ForecastKind.STALE: "it comes too late to help: nothing would be sent",
    ForecastKind.WOULD_BE_SENT: "it would be sent",
    ForecastKind.WOULD_BE_TRIED: "it would be tried again",
    ForecastKind.UNREADABLE: "no worker of this release can read it: it would fail again",
    ForecastKind.WOULD_FAIL: "it would fail again as things are",
    ForecastKind.UNKNOWN: "nobody can say at the moment",
}

NO_SUCH = "there is no failure {}: `stride failures list` shows those that are there; an id is given whole"

_WHY_NOT: dict[Why, str] = {
    Why.UNKNOWN: "there is no such failure",
    Why.REPLAYING: "a replay is under way",
    Why.ENDED: "it has ended: --again replays it all the same",
    Why.ERASED: "its visitor asked to be forgotten, and nothing is left of what it said",
    Why.UNREADABLE: "it is no JSON object with an id, so it can't be replayed",
    Why.PAYLOAD_UNREADABLE: "no key at hand opens it: start the desk anew with the ledger's present keys",
    Why.NOT_EDITABLE: "nothing in it can be edited",
    Why.CHANGED_MEANWHILE: "somebody else changed it at this moment: look again",
    Why.NOT_SENT: "its queue did not take it",
    Why.AFTER_ANOTHER: "an earlier one of the same conversation could not be sent",
    Why.NO_REASON: "say why with --reason",
}


def forecast_sentence(forecast: Forecast) -> str:
    """Return what a replay would do, with the time or the reason that it is about."""
    about = []
    if forecast.start:
        about.append(moment(forecast.start))
    if forecast.code:
        about.append(forecast.code)
    return FORECASTS[forecast.kind] + (f" ({', '.join(about)})" if about else "")


def why_not(reason: NotPossible) -> str:
    """Return why nothing was done."""
    sentence = _WHY_NOT[reason.why]
    if reason.detail:
        sentence += f" ({reason.detail})"
    if reason.again_at:
        sentence += f"; it may be repeated after {local_time(reason.again_at)}"
    return sentence


def refused(failure_id: str, reason: NotPossible) -> str:
    """Return the sentence for one failure about which nothing was done."""
    if reason.why is Why.UNKNOWN:
        return NO_SUCH.format(failure_id)
    # Only a replay knows --again.
    sentence = "it has ended already" if reason.why is Why.ENDED else why_not(reason)
    return f"{failure_id}: {sentence}"
