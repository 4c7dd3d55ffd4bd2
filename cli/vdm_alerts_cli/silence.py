"""The silences of a deployment: what `vdm-alerts silence` does."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import DeleteParameter
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import number_of
from vdm_alerts.core.muting.silences import MATCHERS, Silence
from vdm_alerts.core.notifications.rendering.commands import command_of
from vdm_alerts.core.rules.patterns import matches_pattern
from vdm_alerts.core.rules.quoting import quote, suggestion
from vdm_alerts.core.rules.toml_document import InvalidDocumentError
from vdm_alerts_cli.clock import current_time, parse_time
from vdm_alerts_cli.connection import Connection, connect
from vdm_alerts_cli.deployment import Deployment, require_deployment
from vdm_alerts_cli.errors import InvalidInputError, UnexpectedResultError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import STDIN, read_document
from vdm_alerts_cli.options import AccountOptions, OutputOptions
from vdm_alerts_cli.output import Column, Row, print_rows, say, show_time, warn
from vdm_alerts_cli.past import parse_length
from vdm_alerts_cli.read_only_table import read_only_table
from vdm_alerts_cli.silence_fields import fields_of, read_rows, text_of
from vdm_alerts_cli.silence_store import SilenceStore, StoredSilence, changed_meanwhile

MAX_ALERTS_NAMED = 5
_ID = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
"""The names that SSM accepts.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""


@dataclass(frozen=True, slots=True)
class SilenceOptions:
    """The fields of a silence, as options. None is not given."""

    matchers: Mapping[str, str | None]
    until: str | None = None
    length: str | None = None
    reason: str | None = None
    author: str | None = None

    def fields(self, now: datetime) -> dict[str, Any]:
        """Return the given fields. Raises InvalidInputError."""
        given = {**self.matchers, "reason": self.reason, "author": self.author}
        fields: dict[str, Any] = {key: text for key, text in given.items() if text is not None}
        if self.length:
            fields["until"] = now + parse_length(self.length, "--for")
        elif self.until:
            fields["until"] = parse_time(self.until, "--until")
        if fields.get("until", now) < now:
            raise InvalidInputError(f"--until: {quote(self.until)} has passed. Use a later time.")
        return fields


@dataclass(frozen=True, slots=True)
class Silencing:
    """The silences of a deployed stack, and the time."""

    connection: Connection
    deployment: Deployment
    store: SilenceStore
    now: datetime
    output: OutputOptions

    @classmethod
    def of(cls, account: AccountOptions, output: OutputOptions) -> "Silencing":
        """Return the silences of the stack that *account* names."""
        connection = connect(account)
        deployment = require_deployment(connection, account.prefix)
        store = SilenceStore(connection.client("ssm"), deployment.settings.silences_path)
        return cls(connection, deployment, store, current_time(), output)

    def add(self, name: str | None, options: SilenceOptions) -> ExitStatus:
        """Write a new silence."""
        text = text_of(options.fields(self.now))
        name = name or _new_id(text, self.now)
        _require_valid_id(name)
        silence = self.store.parsed(name, text)
        version = self.store.add(name, text)
        self._report([StoredSilence(name, version, silence)], "added")
        return ExitStatus.WELL

    def update(self, name: str, options: SilenceOptions) -> ExitStatus:
        """Change the given fields of a silence. The others stay."""
        stored = self._find(name)
        changes = options.fields(self.now)
        if not changes:
            raise InvalidInputError("There is nothing to change. Use one of the options.")
        written = self._changed(stored, changes)
        self._report([written], "changed")
        return ExitStatus.WELL

    def end(self, names: Sequence[str]) -> ExitStatus:
        """Set the end of silences to now. All of them are found before the first is written."""
        stored = [self._find(name) for name in dict.fromkeys(names)]
        ended: list[StoredSilence] = []
        for each in stored:
            if _valid(each).has_expired(self.now):
                until = show_time(_valid(each).until, self.output.time_zone)
                say(f"Silence {each.name} has ended already, {until}.", self.output)
            else:
                try:
                    ended.append(self._changed(each, {"until": self.now}))
                except Exception:
                    self._report(ended, "ended")
                    raise
        if ended:
            self._report(ended, "ended")
            say(
                "The next run reports an ended silence once, unless you delete its parameter:",
                self.output,
            )
            for each in ended:
                parameter = DeleteParameter(f"{self.store.path}/{each.name}")
                say(f"  {command_of(parameter, self.connection.target)}", self.output)
        return ExitStatus.WELL

    def list(self, within: timedelta | None, *, shows_expired: bool) -> ExitStatus:
        """Print the silences, those that end first at the top."""
        stored = self.store.read().values()
        valid = [each for each in stored if isinstance(each.silence, Silence)]
        shown = [
            each
            for each in valid
            if shows_expired or not _valid(each).has_expired(self.now)
            if within is None or _valid(each).until <= self.now + within
        ]
        shown.sort(key=lambda each: (_valid(each).until, each.name))
        self._print(shown, "No silence is in effect." if within is None else "None ends by then.")
        invalid = [
            each.silence for each in stored if isinstance(each.silence, InvalidDocumentError)
        ]
        for error in invalid:
            warn(f"this silence is invalid and mutes nothing. {error}")
        return ExitStatus.of(found=bool(invalid))

    def import_file(self, path: str) -> ExitStatus:
        """Write the silences of a file, after all of them are known to be valid and unchanged."""
        where = "standard input" if path == STDIN else path
        text = read_document(path)
        rows, present = read_rows(text, where), self.store.read()
        ids = [row["id"] for row in rows]
        if repeated := sorted({name for name in ids if ids.count(name) > 1}):
            raise InvalidInputError(f"{where}: has silence {quote(repeated[0])} more than once.")
        to_write = [*self._to_import(rows, present)]
        written: list[StoredSilence] = []
        try:
            for row, silence in to_write:
                written.append(self._import(row, silence, present))
        except Exception:
            warn(f"{len(written):,} of {len(to_write):,} silences were written before an error:")
            raise
        kept = len(rows) - len(to_write)
        say(f"{number_of('silence', len(written))} written, {kept:,} as they are.", self.output)
        self._print(written, "Nothing to write.")
        return ExitStatus.WELL

    def _to_import(
        self, rows: Sequence[dict[str, Any]], present: Mapping[str, StoredSilence]
    ) -> Iterator[tuple[dict[str, Any], Silence]]:
        """Yield the silences to write, or raise an error before anything is written."""
        for row in rows:
            _require_valid_id(row["id"])
            silence = self.store.parsed(row["id"], text_of(row))
            existing = present.get(row["id"])
            if existing and existing.silence == silence:
                continue
            if existing and row.get("version") is None:
                raise UnexpectedResultError(
                    f"Silence {row['id']} exists already, with other values. Nothing was written. "
                    'Fix: use another "id", or add its "version" to replace it.'
                )
            if existing and existing.version != row["version"]:
                raise UnexpectedResultError(
                    changed_meanwhile(row["id"], row["version"], existing.version)
                )
            if silence.has_expired(self.now):
                say(f"Silence {row['id']} has ended, so it is not written.", self.output)
                continue
            yield row, silence

    def _import(
        self, row: Mapping[str, Any], silence: Silence, present: Mapping[str, StoredSilence]
    ) -> StoredSilence:
        name, text = row["id"], text_of(row)
        if name in present:
            version = self.store.replace(name, text, present[name].version)
        else:
            version = self.store.add(name, text)
        return StoredSilence(name, version, silence)

    def _changed(self, stored: StoredSilence, changes: Mapping[str, Any]) -> StoredSilence:
        """Write *changes* of a silence, and return it as it is now."""
        text = text_of({**fields_of(_valid(stored)), **changes})
        silence = self.store.parsed(stored.name, text)
        version = self.store.replace(stored.name, text, stored.version)
        return StoredSilence(stored.name, version, silence)

    def _find(self, name: str) -> StoredSilence:
        """Return the valid silence *name*. Raises InvalidInputError."""
        stored = self.store.read()
        if name not in stored:
            few = suggestion(name, stored) if stored else "There are no silences."
            raise InvalidInputError(f"There is no silence {quote(name)}. {few}")
        found = stored[name]
        if isinstance(found.silence, InvalidDocumentError):
            raise InvalidInputError(f"{found.silence}\nFix: edit or delete the parameter.")
        return found

    def _report(self, written: Sequence[StoredSilence], done: str) -> None:
        """Print the silences that were written, and what they mute now."""
        for each in written:
            until = show_time(_valid(each).until, self.output.time_zone)
            say(f"Silence {each.name} {done}. End: {until}. The next run reads it.", self.output)
        self._print(written, "")
        try:
            table = read_only_table(self.connection, self.deployment.settings.table)
            state = DynamoDbState(table).load(self.deployment.settings.target)
        except VdmAlertsError as error:
            warn(f"not read: which alerts it mutes now: {error}")
            return
        for each in written:
            silence = _valid(each)
            if not silence.has_expired(self.now):
                say(effect_now(silence, state, self.deployment.settings.target), self.output)

    def _print(self, silences: Sequence[StoredSilence], empty: str) -> None:
        rows = [_row(each, self.now) for each in silences]
        print_rows(rows, _columns(self.output), self.output, empty)


def effect_now(silence: Silence, state: StoredState, target: Target) -> str:
    """Return which open alerts of *target* the *silence* mutes, as of the last run."""
    if not silence.target_matcher.matches(target):
        return f"It mutes nothing in account {target.account} in {target.region}: no match."
    if state.rules and not any(matches_pattern(rule, silence.rule_pattern) for rule in state.rules):
        rules = ", ".join(sorted(state.rules))
        return f"It matches no rule, so it mutes nothing. The rules are {rules}."
    muted = [
        alert
        for alert in state.alerts.values()
        if isinstance(alert.state, Firing) and silence.covers(alert.rule, alert.scope)
    ]
    if not muted:
        return "It mutes no alert that is open now."
    names = [f"{alert.rule} of {alert.scope}" for alert in muted[:MAX_ALERTS_NAMED]]
    more = len(muted) - len(names)
    listed = ", ".join(names) + (f", and {more:,} more" if more else "")
    return f"It mutes {number_of('open alert', len(muted))} now: {listed}."


def _valid(stored: StoredSilence) -> Silence:
    assert isinstance(stored.silence, Silence)
    return stored.silence


def _new_id(text: str, now: datetime) -> str:
    """Return a name for a silence with *text* that sorts by its day."""
    return f"{now:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _require_valid_id(name: str) -> None:
    if not _ID.fullmatch(name):
        raise InvalidInputError(
            f"{quote(name)} is not the name of a silence. Use letters, digits, and _.-, for "
            "example move-2026."
        )


def _row(stored: StoredSilence, now: datetime) -> Row:
    silence = _valid(stored)
    fields = fields_of(silence)
    return {
        "id": stored.name,
        **{key: fields.get(key) for key in MATCHERS},
        "until": silence.until,
        "reason": silence.reason,
        "author": silence.author,
        "state": "expired" if silence.has_expired(now) else "active",
        "version": stored.version,
    }


def _columns(output: OutputOptions) -> Sequence[Column]:
    return (
        Column("Id", lambda row: row["id"]),
        Column("Mutes", _matchers_text),
        Column("Until", lambda row: show_time(row["until"], output.time_zone)),
        Column("Reason", lambda row: row["reason"]),
        Column("Author", lambda row: row["author"]),
        Column("State", lambda row: row["state"]),
    )


def _matchers_text(row: Row) -> str:
    return " ".join(f"{key}={row[key]}" for key in MATCHERS if row[key] is not None)
