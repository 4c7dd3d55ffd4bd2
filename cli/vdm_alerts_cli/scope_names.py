"""How a user names a scope, and how a scope is printed so that it can be used again."""

from collections.abc import Iterable, Mapping, Sequence

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.rules.quoting import quote, suggestion
from vdm_alerts_cli.errors import InvalidInputError

WHOLE_ACCOUNT = "account"
"""The name of the scope without dimensions."""


def scope_id(scope: Scope) -> str:
    """Return the name of *scope* that `find_scopes` finds, as "identity=a.example,isp=Gmail"."""
    return ",".join(f"{key.key}={name}" for key, name in scope.dimensions.items()) or WHOLE_ACCOUNT


def scope_fields(scope: Scope) -> Mapping[str, str]:
    """Return the names of the dimensions of *scope*, for JSON. The account has none."""
    return {dimension.key: name for dimension, name in scope.dimensions.items()}


def find_scopes(text: str, scopes: Iterable[Scope]) -> Sequence[Scope]:
    """Return those of *scopes* that *text* names, in any case.

    *text* is "account", a name such as "news.example.com", a name at a provider such as
    "news.example.com at Gmail", or pairs such as "identity=news.example.com,isp=Gmail". Raises
    InvalidInputError if it names none of them.
    """
    every = list(dict.fromkeys(scopes))
    if found := matching_scopes(text, every):
        return found
    if " at " in text or "isp=" in text:
        raise InvalidInputError(
            f"{quote(text)} is not evaluated, or does not exist. To evaluate each identity at each "
            'provider, add "identity_at_isp" to the scopes of a rule.'
        )
    names = sorted({str(scope) for scope in every if scope != ACCOUNT})
    few = suggestion(text, names) if names else ""
    raise InvalidInputError(
        f"{quote(text)} names no scope that was read. "
        + (few if len(few) < 200 else "List them with `vdm-alerts check --all -o ids`.")  # noqa: PLR2004
    )


def matching_scopes(text: str, scopes: Iterable[Scope]) -> Sequence[Scope]:
    """Return those of *scopes* that *text* names, as in `find_scopes`; none if it names none."""
    wanted = text.strip().lower()
    return [scope for scope in dict.fromkeys(scopes) if wanted in _names(scope)]


def _names(scope: Scope) -> set[str]:
    if scope == ACCOUNT:
        return {WHOLE_ACCOUNT, str(scope)}
    raw = " at ".join(scope.dimensions.values())
    return {name.lower() for name in (scope_id(scope), str(scope), raw)}
