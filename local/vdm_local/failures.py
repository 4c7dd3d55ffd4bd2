"""What becomes of an answer that a fault hits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vdm_local.answers import Answer, Delivery, Refused
from vdm_local.faults import CallFault, CallKind, draw
from vdm_local.garbled import FORMS, garbled
from vdm_local.validation import Query

THROTTLED = Refused("Rate exceeded", "TooManyRequestsException", 429).answer
"""What SES says to a call beyond its quota."""

_IN_PLACE: Mapping[CallKind, Answer] = {
    CallKind.THROTTLED: THROTTLED,
    CallKind.SERVER_ERROR: Refused("An internal failure occurred.", "InternalFailure", 500).answer,
    CallKind.UNAVAILABLE: Refused("Try again later.", "ServiceUnavailable", 503).answer,
    CallKind.DENIED: Refused(
        "User is not authorized to perform: ses:BatchGetMetricData", "AccessDeniedException", 403
    ).answer,
    CallKind.REFUSED: Refused("Invalid email identity provided.").answer,
}


def failed(
    answer: Answer, fault: CallFault, seed: int, call: int, queries: Sequence[Query]
) -> Answer:
    """Return what *fault* makes of *answer*, the one to the *queries* of that *call*."""
    match fault.kind:
        case CallKind.TIME_OUT:
            return replace(answer, late=fault.seconds)
        case CallKind.DROPPED:
            return replace(answer, delivery=Delivery.NONE)
        case CallKind.CUT_OFF:
            return replace(answer, delivery=Delivery.HALF)
        case CallKind.GARBLED:
            return _garbled(answer, fault, seed, call, queries)
        case _:
            return _IN_PLACE[fault.kind]


def _garbled(
    answer: Answer, fault: CallFault, seed: int, call: int, queries: Sequence[Query]
) -> Answer:
    if answer.error:
        return answer  # A refusal holds no counts that could be garbled.
    form = fault.form or FORMS[int(draw(seed, "form", call) * len(FORMS))]
    asked = {query["Id"]: query for query in queries}
    share = draw(seed, "result", call)
    return replace(answer, garbled=garbled(answer.body, form, share, asked))
