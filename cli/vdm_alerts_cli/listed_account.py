"""An account whose lists of senders are read once, although two steps of a command need them."""

from collections.abc import Callable, Sequence

from vdm_alerts.core.model.account import AccountStatus, Recommendation
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.ports import AccountSource


class ListedAccount:
    """An AccountSource that remembers each list of senders. SES allows one such call a second."""

    def __init__(self, source: AccountSource) -> None:
        """Read from *source*."""
        self._source = source
        self._lists: dict[str, Sequence[Scope]] = {}

    def status(self, deadline: Deadline) -> AccountStatus:
        """Return the account status."""
        return self._source.status(deadline)

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every email identity."""
        return self._once("identities", self._source.identities, deadline)

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every configuration set."""
        return self._once("configuration sets", self._source.configuration_sets, deadline)

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return every tenant. A command has the time for the whole list."""
        del first_page
        return self._once("tenants", self._source.tenants, deadline)

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every tenant that may not send."""
        return self._source.paused_tenants(deadline)

    def recommendations(self, deadline: Deadline) -> Sequence[Recommendation]:
        """Return the open recommendations of the VDM advisor."""
        return self._source.recommendations(deadline)

    def _once(
        self, name: str, read: Callable[[Deadline], Sequence[Scope]], deadline: Deadline
    ) -> Sequence[Scope]:
        """Return the list *name*. One that could not be read is read again."""
        if name not in self._lists:
            self._lists[name] = read(deadline)
        return self._lists[name]
