"""From one value in a rule's text to what it means.

Each reader raises ValueError, saying what should stand there instead.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NewType

from vdm_alerts.core.isps import KNOWN_ISPS, MISNAMED_ISPS, OTHER_ISPS, UNNAMED_ISPS
from vdm_alerts.core.metrics import LONGEST_WINDOW, Dimension, Kind, Window
from vdm_alerts.core.names import is_well_formed
from vdm_alerts.core.rates import Indicator

INDICATORS: Mapping[str, Indicator] = {indicator.key: indicator for indicator in Indicator}
KINDS: Mapping[str, Kind] = {
    "account": (),
    "identity": (Dimension.IDENTITY,),
    "configuration_set": (Dimension.CONFIGURATION_SET,),
    "tenant": (Dimension.TENANT,),
    "isp": (Dimension.ISP,),
    "identity_at_isp": (Dimension.IDENTITY, Dimension.ISP),
    "configuration_set_at_isp": (Dimension.CONFIGURATION_SET, Dimension.ISP),
    "tenant_at_isp": (Dimension.TENANT, Dimension.ISP),
}
MOST = 10**12

KindName = NewType("KindName", tuple)  # type: ignore[type-arg]  # a Kind; cattrs needs a name
Share = NewType("Share", float)
Count = NewType("Count", int)
Glob = NewType("Glob", str)
IspGlob = NewType("IspGlob", str)


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return the ending of a sentence that offers what was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(str(word).lower(), names, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; it takes {', '.join(names)}"


def one_of(choices: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    """Return what finds a value among *choices*."""

    def structure(value: object, _: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, str) or value not in choices:
            message = f"{shown(value)} is not known here{suggestion(value, choices)}"
            raise ValueError(message)
        return choices[value]

    return structure


def share(value: object) -> Share:
    """Return a fraction from a percentage such as "0.1%"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value) if isinstance(value, str) else None
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004 - per cent
        message = f'{shown(value)} is not a percentage; write it like "5%" or "0.1%"'
        raise ValueError(message)
    return Share(float(match[1]) / 100)


def window(value: object) -> Window:
    """Return a window from days such as "3d"."""
    match = re.fullmatch(r"(\d+)d", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[1]) <= LONGEST_WINDOW.days:
        message = f'{shown(value)} is not a window; write whole days, "1d" to "60d"'
        raise ValueError(message)
    return Window(int(match[1]))


def count(value: object) -> Count:
    """Return a whole number from 1 up, and no larger than a count of mails can be."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        message = f"{shown(value)} is not a count; write a whole number from 1 up"
        raise ValueError(message)
    return Count(value)


def glob(value: object) -> Glob:
    """Return a pattern of names."""
    if not isinstance(value, str) or not value.strip():
        message = f'{shown(value)} is not a name or a pattern; write it like "*.example.com"'
        raise ValueError(message)
    return Glob(value)


def isp_glob(value: object) -> IspGlob:
    """Return a pattern of providers; one without a wildcard has to be what SES calls it."""
    name = glob(value)
    plain = name.lower()
    if name == OTHER_ISPS:
        return IspGlob(name)
    if set(name) & set("*?["):
        if any(fnmatchcase(isp.lower(), plain) for isp in KNOWN_ISPS):
            return IspGlob(name)
        message = f"{shown(name)} matches nothing at SES; it has {', '.join(KNOWN_ISPS)}"
        raise ValueError(message)
    known = {isp.lower(): isp for isp in KNOWN_ISPS}
    right = MISNAMED_ISPS.get(plain) or known.get(plain)
    if right and right != name:
        message = f'{shown(name)} matches nothing at SES; the name there is "{right}"'
        raise ValueError(message)
    if plain in UNNAMED_ISPS or not is_well_formed(name):
        message = f"{shown(name)} has no name at SES; its mail is counted among {OTHER_ISPS}"
        raise ValueError(message)
    if right is None and (near := difflib.get_close_matches(plain, known, n=1, cutoff=0.8)):
        message = f'{shown(name)} is not known at SES; did you mean "{known[near[0]]}"?'
        raise ValueError(message)
    return IspGlob(name)


def shown(value: object) -> str:
    """Return *value* as a person wrote it, near enough, and never long."""
    text = f'"{value}"' if isinstance(value, str) else f"{value!r:.99}"
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - as much as helps
