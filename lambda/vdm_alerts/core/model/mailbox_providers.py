"""Mailbox providers, by the names that SES has for them; no API lists these.

The spellings that answered in production, and those that did not, are PostHog's:
https://github.com/PostHog/posthog (products/workflows/backend/providers/ses.py).
"""

from collections.abc import Mapping

KNOWN_ISPS = (
    "Gmail",
    "Hotmail",
    "ExchangeOnline",
    "Yahoo",
    "Icloud",
    "Aol",
    "Comcast",
    "Gmx",
    "Tencent",
    "NetEase",
)
"""The names that VDM answers for."""

OTHER_ISPS = "other providers"
"""All providers that are not named: no name that SES could have, so that it is never sent."""

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
}
"""What people call a provider, in lower case, with the name that SES has for it.

SES answers for the wrong one with nothing, as if there were no mail.
"""

UNSUPPORTED_ISPS = frozenset({"mail.ru", "web.de", "at&t", "unknown isp"})
"""Providers, in lower case, that SES refuses by name; their mail is counted in `OTHER_ISPS`."""

ISPS_WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers that report no single complaint to SES, so that they have no complaint rate.

Source: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html ("mail sent to domains
that send complaint feedback to SES"); Gmail runs no per-message feedback loop.
"""
