"""`vdm-alerts silence`."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import (
    AccountOptions,
    Format,
    OutputOptions,
    account_options,
    output_options,
)

_FORMATS = (Format.TABLE, Format.JSON, Format.IDS)


def _field_options(*, is_new: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options for the fields of a silence. A new one needs a reason and an author."""
    options = (
        click.option("--rule", metavar="PATTERN", help="Rules to mute, for example 'bounce-*'."),
        click.option("--identity", metavar="PATTERN", help="Identities to mute."),
        click.option("--configuration-set", metavar="PATTERN", help="Configuration sets to mute."),
        click.option("--tenant", metavar="PATTERN", help="Tenants to mute."),
        click.option("--isp", metavar="PATTERN", help="Mailbox providers to mute."),
        click.option("--in-account", metavar="PATTERN", help="Only in these account IDs."),
        click.option("--in-region", metavar="PATTERN", help="Only in these Regions."),
        click.option("--until", metavar="TIME", help="The end, such as 2026-03-20T09:00:00Z."),
        click.option("--for", "length", metavar="DURATION", help="The end from now: 2h or 3d."),
        click.option("--reason", metavar="TEXT", required=is_new, help="Why alerts are muted."),
        click.option("--author", metavar="TEXT", required=is_new, help="Whom to ask about it."),
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _by_key(matchers: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the options *matchers* by the keys of a silence."""
    return {name.removeprefix("in_"): pattern for name, pattern in matchers.items()}


@click.group()
def silence() -> None:
    """Add, list, update, end, or import silences.

    They are SSM parameters below the silences path of your stack. Every text is checked before it
    is written. docs/silences.md explains what a silence matches.
    """


@silence.command()
@click.option("--id", "name", metavar="NAME", help="Name of the silence.  [default: a new one]")
@_field_options(is_new=True)
@account_options
@output_options(*_FORMATS)
def add(
    *,
    name: str | None,
    until: str | None,
    length: str | None,
    reason: str,
    author: str,
    account: AccountOptions,
    output: OutputOptions,
    **matchers: str | None,
) -> ExitStatus:
    """Mute the alerts that match all of the given patterns, until a time.

    At least one pattern is required, and either --until or --for. In a pattern, * matches any
    characters and ? one.
    """
    from vdm_alerts_cli.silence import SilenceOptions, Silencing

    if (until is None) == (length is None):
        raise click.UsageError("Use either --until or --for.")
    options = SilenceOptions(_by_key(matchers), until, length, reason, author)
    return Silencing.of(account, output).add(name, options)


@silence.command()
@click.argument("name")
@_field_options(is_new=False)
@account_options
@output_options(*_FORMATS)
def update(
    *,
    name: str,
    until: str | None,
    length: str | None,
    reason: str | None,
    author: str | None,
    account: AccountOptions,
    output: OutputOptions,
    **matchers: str | None,
) -> ExitStatus:
    """Change the given fields of the silence NAME. The others stay, and comments are lost.

    The exit status is 1 if it has changed meanwhile.
    """
    from vdm_alerts_cli.silence import SilenceOptions, Silencing

    if until is not None and length is not None:
        raise click.UsageError("Use either --until or --for.")
    options = SilenceOptions(_by_key(matchers), until, length, reason, author)
    return Silencing.of(account, output).update(name, options)


@silence.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@account_options
@output_options(*_FORMATS)
def end(*, names: tuple[str, ...], account: AccountOptions, output: OutputOptions) -> ExitStatus:
    """End silences now. They stay in Parameter Store, as expired."""
    from vdm_alerts_cli.silence import Silencing

    return Silencing.of(account, output).end(names)


@silence.command("list")
@click.option("--within", metavar="DURATION", help="Only those that end within 2h, for example.")
@click.option("--expired", is_flag=True, help="Show expired silences, too.")
@account_options
@output_options()
def list_(
    *, within: str | None, expired: bool, account: AccountOptions, output: OutputOptions
) -> ExitStatus:
    """List the silences in effect. `list -o json` prints what `import` reads.

    The exit status is 1 if a silence is invalid, because it mutes nothing.
    """
    from vdm_alerts_cli.past import parse_length
    from vdm_alerts_cli.silence import Silencing

    length = parse_length(within, "--within") if within else None
    return Silencing.of(account, output).list(length, shows_expired=expired)


@silence.command("import")
@click.argument("file")
@account_options
@output_options(*_FORMATS)
def import_(*, file: str, account: AccountOptions, output: OutputOptions) -> ExitStatus:
    """Write the silences of FILE, as `silence list -o json` prints them; - is standard input.

    Nothing is written unless all of them are valid. A silence that exists is replaced only if the
    file has its present version. The exit status is 1 if a silence was changed meanwhile.
    """
    from vdm_alerts_cli.silence import Silencing

    return Silencing.of(account, output).import_file(file)
