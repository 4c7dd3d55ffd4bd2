"""Accepted findings of cdk-nag and checkov."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import Construct


def acknowledge(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Accept each finding at *construct* for the reason given with it.

    Findings of cdk-nag are named "Pack::Rule". Findings of checkov are named "CKV_..." and are
    written to the template's metadata, where checkov reads them.
    """
    checkov_skips = []
    for finding, reason in reasons.items():
        if finding.startswith("CKV_"):
            checkov_skips.append({"id": finding, "comment": reason})
        else:
            Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
    if checkov_skips:
        resource = construct.node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_metadata("checkov", {"skip": checkov_skips})
