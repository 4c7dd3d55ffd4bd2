"""How a finding of a checker that stays as it is gets its reason."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import Construct


def acknowledge(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Leave each finding at *construct* as it is, for the reason beside it.

    cdk-nag's are named "Pack::Rule", and checkov's, which it looks up in the template, "CKV_...".
    """
    skipped = []
    for finding, reason in reasons.items():
        if finding.startswith("CKV_"):
            skipped.append({"id": finding, "comment": reason})
        else:
            Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
    if skipped:
        resource = construct.node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_metadata("checkov", {"skip": skipped})
