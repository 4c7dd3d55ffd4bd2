"""The roles with which AWS services act, which ministack does not enforce.

A state machine, a schedule and a rule of EventBridge each name a role. AWS does what they do with
the permissions of that role; ministack does it without IAM.
"""

import json
from dataclasses import dataclass
from typing import Any

ASSUME = "sts:AssumeRole"
PUT_EVENTS = "events:PutEvents"


@dataclass(frozen=True, slots=True)
class ServiceRoles:
    """The decisions of IAM about the roles of services."""

    iam: Any
    iam_evaluator: Any

    def denial(
        self, role_arn: str, service: str, source_arn: str, action: str, resource: str
    ) -> str | None:
        """Return why IAM denies an *action* on *resource* with a role, or None if it allows it.

        *service* is the principal that assumes the role, such as "states.amazonaws.com", on behalf
        of *source_arn*.
        """
        account, name = _account_and_name(role_arn)
        role = self.iam._roles.get_scoped(account, None, name)
        if role is None or not self._trusts(role, service, account, source_arn):
            return f"{service} is not authorized to perform: {ASSUME} on resource: {role_arn}"
        session = _session_arn(role_arn, service.partition(".")[0])
        policies = self.iam_evaluator._gather_role_policies(name, account)
        context = self._context(session, account, action, resource)
        if self.iam_evaluator.evaluate(context, policies).decision == "Allow":
            return None
        return f"User: {session} is not authorized to perform: {action} on resource: {resource}"

    def bus_denial(self, policy: Any, role_arn: str, bus_arn: str) -> str | None:
        """Return why the *policy* of an event bus denies a role of another account, or None."""
        account, _ = _account_and_name(role_arn)
        context = self._context(_session_arn(role_arn, "events"), account, PUT_EVENTS, bus_arn)
        if self.iam_evaluator.resource_policy_allows(policy, context, same_account=False):
            return None
        return f"the policy of {bus_arn} does not allow {PUT_EVENTS} to {role_arn}"

    def _trusts(self, role: Any, service: str, account: str, source_arn: str) -> bool:
        document = json.loads(role["AssumeRolePolicyDocument"])
        statements = [
            {**statement, "Resource": "*"}  # A trust policy has no resource.
            for statement in document["Statement"]
            if self.iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        ]
        policy = self.iam_evaluator.parse_policy_document({"Statement": statements})
        context = self._context(service, account, ASSUME, role["Arn"], source_arn)
        return bool(self.iam_evaluator.evaluate(context, [policy]).decision == "Allow")

    def _context(
        self, principal: str, account: str, action: str, resource: str, source_arn: str = ""
    ) -> Any:
        source = {"aws:sourceaccount": account, "aws:sourcearn": source_arn} if source_arn else {}
        return self.iam_evaluator.EvalContext(
            principal_arn=principal,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region="",
            service_context=source,
        )


def _account_and_name(role_arn: str) -> tuple[str, str]:
    return role_arn.split(":")[4], role_arn.rpartition("/")[2]


def _session_arn(role_arn: str, session: str) -> str:
    account, name = _account_and_name(role_arn)
    return f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
