"""The rules and silences of the deployed function, and the subscriptions of its topic."""

from collections.abc import Iterator, Mapping, Sequence

from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.doctor.check import Answer, Check, Outcome, Problem, Severity, Topic, Well
from vdm_alerts_cli.doctor.examination import TIME_LIMIT, Examination
from vdm_alerts_cli.doctor.ses_account import problem_of
from vdm_alerts_cli.doctor.shell_commands import aws_command
from vdm_alerts_cli.subscriptions import DELETED_ARN, PENDING_ARN, masked_endpoint


def rules(examination: Examination) -> Iterator[Outcome]:
    """Examine whether each rule is valid."""
    settings, ssm = examination.deployed().settings, examination.connection.client("ssm")
    source = SsmRules(ssm, settings.rules_path, settings.rule_fingerprints)
    found = source.rules(MonotonicDeadline(TIME_LIMIT))
    problems = [*found.invalid.values(), *found.findings]
    for finding in dict.fromkeys(problems):
        yield problem_of(finding, examination)
    if not problems:
        number = number_of("rule", len(found.rules))
        yield Well(f"In effect: {number} ({', '.join(sorted(found.rules))})")


def silences(examination: Examination) -> Iterator[Outcome]:
    """Examine whether each silence is valid."""
    path = examination.deployed().settings.silences_path
    source = SsmSilences(examination.connection.client("ssm"), path)
    found = source.silences(MonotonicDeadline(TIME_LIMIT))
    for finding in found.findings:
        yield problem_of(finding, examination)
    if not found.findings:
        yield Well(f"Stored: {number_of('silence', len(found.silences))}")


def subscriptions(examination: Examination) -> Iterator[Outcome]:
    """Examine whether anybody receives notifications, and whether SNS counts them correctly."""
    topic, confirmed = examination.deployed().settings.topic_arn, _confirmed(examination)
    if confirmed:
        protocols = sorted(each["Protocol"] for each in confirmed)
        number = number_of("confirmed subscription", len(confirmed))
        yield Well(f"The topic has {number} ({', '.join(protocols)})")
    else:
        yield Problem(
            "The topic has no confirmed subscription, so no notification arrives. They are kept "
            "until it has one",
            "Subscribe an address, and confirm the subscription in the email from AWS",
            aws_command(
                examination.region,
                "sns",
                "subscribe",
                topic_arn=topic,
                protocol="email",
                notification_endpoint="you@example.com",
            ),
        )
    attributes = examination.call("sns", "get_topic_attributes", TopicArn=topic)["Attributes"]
    counted = int(attributes["SubscriptionsConfirmed"])
    yield Answer(
        f"SNS counts {number_of('confirmed subscription', counted)}, and lists {len(confirmed)}",
        as_assumed=counted == len(confirmed),
    )


def pending_subscriptions(examination: Examination) -> Iterator[Outcome]:
    """Examine whether a subscription waits for its confirmation."""
    topic = examination.deployed().settings.topic_arn
    pending = [
        each for each in _subscriptions(examination) if each["SubscriptionArn"] == PENDING_ARN
    ]
    for each in pending:
        yield Problem(
            f"The subscription of {_masked(each)} is not confirmed, so it receives nothing",
            "Confirm it in the email from AWS, which is valid for 48 hours. To get another email, "
            "subscribe again",
            aws_command(
                examination.region,
                "sns",
                "subscribe",
                topic_arn=topic,
                protocol=each["Protocol"],
                notification_endpoint="ENDPOINT",
            ),
        )
    if not pending:
        yield Well("No subscription waits for its confirmation")


def _masked(subscription: Mapping[str, str]) -> str:
    """Return the endpoint without its private part, such as a token in a URL."""
    return masked_endpoint(subscription["Protocol"], subscription["Endpoint"])


def _subscriptions(examination: Examination) -> Sequence[Mapping[str, str]]:
    topic = examination.deployed().settings.topic_arn
    return [
        subscription
        for page in examination.pages("sns", "list_subscriptions_by_topic", TopicArn=topic)
        for subscription in page["Subscriptions"]
    ]


def _confirmed(examination: Examination) -> Sequence[Mapping[str, str]]:
    unconfirmed = {PENDING_ARN, DELETED_ARN}
    return [e for e in _subscriptions(examination) if e["SubscriptionArn"] not in unconfirmed]


CHECKS = (
    Check("rules", Topic.DEPLOYMENT, Severity.ERROR, rules, ("stack",)),
    Check(
        "silences",
        Topic.DEPLOYMENT,
        Severity.WARNING,
        silences,
        ("stack",),
    ),
    Check(
        "subscriptions",
        Topic.DEPLOYMENT,
        Severity.ERROR,
        subscriptions,
        ("stack",),
        settles_assumption=True,
    ),
    Check(
        "pending-subscriptions",
        Topic.DEPLOYMENT,
        Severity.WARNING,
        pending_subscriptions,
        ("stack",),
    ),
)
