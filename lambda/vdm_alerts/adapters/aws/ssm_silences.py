"""Silences, one Parameter Store parameter each."""

from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.ssm_parameters import (
    invalid_text_finding,
    parse_parameter,
    texts_under,
)
from vdm_alerts.core.muting.silences import Silence, Silences, parse_silence
from vdm_alerts.core.rules.toml_document import InvalidDocumentError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmSilences:
    """A SilenceSource: every parameter under *path* is a silence, named by what follows."""

    def __init__(self, client: "SSMClient", path: str) -> None:
        """Read through *client* what is under *path*, such as "/vdm-alerts/silences"."""
        self._client = client
        self._path = path

    def silences(self) -> Silences:
        """Return the silences as they stand now: nothing is kept while the function is warm."""
        texts = texts_under(self._client, self._path)
        found = [
            parse_parameter(parse_silence, name, text, f"{self._path}/{name}")
            for name, text in sorted(texts.items())
        ]
        findings = [
            invalid_text_finding("silence", each).with_fallback(
                "it silences nothing", hinders=False
            )
            for each in found
            if isinstance(each, InvalidDocumentError)
        ]
        silences = [each for each in found if isinstance(each, Silence)]
        return Silences(silences, findings)
