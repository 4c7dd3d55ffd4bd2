"""Mailbox providers, with the names that SES uses for them.

No SES API lists these names. PostHog tested in production which spellings return data:
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
"""The names for which VDM returns data."""

OTHER_ISPS = "other providers"
"""All providers without a name of their own.

The text cannot be a provider name in SES, and is never sent to SES.
"""

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
"""Common wrong names of providers, in lower case, with the names that SES uses.

For a wrong name SES returns no data, as if no email had been sent.
"""

UNSUPPORTED_ISPS = frozenset({"mail.ru", "web.de", "at&t", "unknown isp"})
"""Provider names, in lower case, that SES rejects. `OTHER_ISPS` includes their emails."""

ISPS_WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers that report no individual complaints to SES, so they have no complaint rate.

Gmail runs no per-message feedback loop. SES counts complaints only for "mail sent to domains
that send complaint feedback to SES":
https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
"""
