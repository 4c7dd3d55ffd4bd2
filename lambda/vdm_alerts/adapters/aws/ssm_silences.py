"""Silences in Parameter Store, one parameter for each silence."""

from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.ssm_parameters import (
    invalid_text_finding,
    parse_parameter,
    texts_under,
)
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.muting.silences import Silence, Silences, parse_silence
from vdm_alerts.core.rules.toml_document import InvalidDocumentError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmSilences:
    """A SilenceSource on Parameter Store.

    The name of a silence is the name of its parameter without the path.
    """

    def __init__(self, client: "SSMClient", path: str) -> None:
        """Read through *client* the parameters under *path*, such as "/vdm-alerts/silences"."""
        self._client = client
        self._path = path

    def silences(self, deadline: Deadline) -> Silences:
        """Return the silences as they are stored now. A warm function keeps none of them."""
        texts = texts_under(self._client, self._path, deadline)
        results = [
            parse_parameter(parse_silence, name, text, f"{self._path}/{name}")
            for name, text in sorted(texts.items())
        ]
        findings = [
            invalid_text_finding("silence", result).with_effect(
                "it mutes nothing", blocks_monitoring=False
            )
            for result in results
            if isinstance(result, InvalidDocumentError)
        ]
        silences = [result for result in results if isinstance(result, Silence)]
        return Silences(silences, findings)
