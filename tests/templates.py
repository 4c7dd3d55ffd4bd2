"""What the tests of templates have in common."""

import json
from pathlib import Path
from typing import Any

from infra.settings import Settings

CDK_JSON = json.loads((Path(__file__).parents[1] / "cdk.json").read_text())
CONTEXT = CDK_JSON["context"] | {"aws:cdk:bundling-stacks": []}  # The code itself is not bundled.
CHOSEN = Settings(
    emails=("ops@example.com", "me@example.com"), schedule="rate(1 hour)", reserve=True
)


def logical(reference: Any) -> str:
    """The logical id that a Ref or GetAtt points to; text as it is."""
    if isinstance(reference, dict):
        pointed = reference.get("Ref") or reference["Fn::GetAtt"][0]
        return str(pointed)
    return str(reference)
