"""How a fault changes the response to a call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vdm_local.corruption import CORRUPTION_FORMS, corrupt
from vdm_local.faults import CallFault, CallFaultKind, pseudorandom
from vdm_local.responses import Response, SesError, Transmission
from vdm_local.validation import BatchQuery

THROTTLED = (
    SesError("Rate exceeded", "TooManyRequestsException", 429).response,
    SesError("Rate exceeded", "ThrottlingException", 400).response,
)
"""The responses to calls that exceed the quota: SES documents both forms.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
"""

_ERRORS: Mapping[CallFaultKind, Response] = {
    CallFaultKind.SERVER_ERROR: SesError(
        "An internal failure occurred.", "InternalFailure", 500
    ).response,
    CallFaultKind.UNAVAILABLE: SesError("Try again later.", "ServiceUnavailable", 503).response,
    CallFaultKind.DENIED: SesError(
        "User is not authorized to perform: ses:BatchGetMetricData", "AccessDeniedException", 403
    ).response,
    CallFaultKind.REJECTED: SesError("Invalid email identity provided.").response,
}


def apply_fault(
    response: Response, fault: CallFault, seed: int, call: int, queries: Sequence[BatchQuery]
) -> Response:
    """Return *response* with the effect of *fault*.

    *queries* are those of the *call*.
    """
    match fault.kind:
        case CallFaultKind.TIME_OUT:
            return replace(response, delay_s=fault.delay_s)
        case CallFaultKind.DROPPED:
            return replace(response, transmission=Transmission.NONE)
        case CallFaultKind.CUT_OFF:
            return replace(response, transmission=Transmission.HALF)
        case CallFaultKind.CORRUPTED:
            return _corrupted(response, fault, seed, call, queries)
        case CallFaultKind.THROTTLED:
            return THROTTLED[call % len(THROTTLED)]
        case _:
            return _ERRORS[fault.kind]


def _corrupted(
    response: Response, fault: CallFault, seed: int, call: int, queries: Sequence[BatchQuery]
) -> Response:
    if response.error:
        return response  # An error has no counts to corrupt.
    chosen = int(pseudorandom(seed, "form", call) * len(CORRUPTION_FORMS))
    form = fault.form or CORRUPTION_FORMS[chosen]
    queries_by_id = {query["Id"]: query for query in queries}
    share = pseudorandom(seed, "result", call)
    return replace(response, corrupted_body=corrupt(response.body, form, share, queries_by_id))
