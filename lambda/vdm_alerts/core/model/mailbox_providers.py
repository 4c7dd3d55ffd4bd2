"""Mailbox providers, with the names that SES uses for them.

No SES API lists these names, and SES answers a query about a wrong name as if there were no email.
So this module lists every name that somebody has seen SES return data for, with the evidence.

SES groups emails by the mail server of the recipient, not by the domain in the address: `Att` has
the emails to att.net, sbcglobal.net, bellsouth.net, and the other former AT&T domains. An account
can learn its own names from the tag `ses:recipient-isp` of the events that SES publishes:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Mapping

UNKNOWN_ISP = "UNKNOWN_ISP"
"""The name under which SES counts the emails to all providers that it does not name.

It is a catch-all that VDM can be queried for, unlike `OTHER_ISPS`. If SES did not support it, its
series would be empty, and `OTHER_ISPS` would have these emails.
"""

_POSTHOG = (
    "Returned data in PostHog's production: https://github.com/PostHog/posthog "
    "(products/workflows/backend/providers/ses.py)."
)
_OPERATOR = (
    "Public code of an operator, in production in us-west-1 since August 2026, matched these "
    "counts of VDM with its own events of three days: they differ by 0.4%."
)
EVIDENCE: Mapping[str, str] = {
    "Gmail": _POSTHOG,
    "Hotmail": _POSTHOG,
    "ExchangeOnline": _POSTHOG,
    "Yahoo": _POSTHOG,
    "Icloud": _POSTHOG,
    "Aol": _POSTHOG,
    "Comcast": _POSTHOG,
    "Gmx": _POSTHOG,
    "Tencent": _POSTHOG,
    "NetEase": _POSTHOG,
    "Att": _OPERATOR,
    "Cox": _OPERATOR,
    UNKNOWN_ISP: "The value of ses:recipient-isp in the example of GetMessageInsights in the AWS "
    "SDK for JavaScript, and a dimension that the same operator queries in production. That VDM "
    "returns data for it is inferred.",
}
"""Why a name is believed to be one that SES uses, by name.

`Verizon` and `Charter` are queried in production by the same operator, but nobody has shown data of
them. They are not listed, because each name costs queries. A rule can name them in *include*.
"""

KNOWN_ISPS = tuple(EVIDENCE)
"""The names that VDM is queried for."""

OTHER_ISPS = "other providers"
"""All providers that none of the queried names covers, `UNKNOWN_ISP` included.

The text cannot be a provider name in SES, and is never sent to SES.
"""

SEVERAL_PROVIDERS = frozenset({UNKNOWN_ISP, OTHER_ISPS})
"""Names that stand for many providers, so none of them is a common cause or blocks a sender."""

DISPLAY_NAMES: Mapping[str, str] = {UNKNOWN_ISP: "providers that SES does not name"}
"""The words for names that do not explain themselves."""

MISNAMED_ISPS: Mapping[str, str] = {
    "outlook": "Hotmail",
    "outlook.com": "Hotmail",
    "live": "Hotmail",
    "microsoft": "Hotmail",
    "office365": "ExchangeOnline",
    "microsoft365": "ExchangeOnline",
    "google": "Gmail",
    "googlemail": "Gmail",
    "apple": "Icloud",
    "at&t": "Att",
    "att.net": "Att",
    "sbcglobal": "Att",
    "bellsouth": "Att",
    "cox.net": "Cox",
    "unknown": UNKNOWN_ISP,
    "unknown isp": UNKNOWN_ISP,
}
"""Common wrong names of providers, in lower case, with the names that SES uses.

For a wrong name SES returns no data, as if no email had been sent.
"""

UNSUPPORTED_ISPS = frozenset({"mail.ru", "web.de"})
"""Provider names, in lower case, that SES rejects. `UNKNOWN_ISP` includes their emails."""

ISPS_WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers that report no individual complaints to SES, so they have no complaint rate.

Gmail runs no per-message feedback loop. SES counts complaints only for "mail sent to domains
that send complaint feedback to SES":
https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html

`UNKNOWN_ISP` is not listed: some of its providers may report complaints. VDM divides by the emails
to those only (DELIVERY_COMPLAINT), so the rate is right, or there is none.
"""
