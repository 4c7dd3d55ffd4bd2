"""The options that many commands share. Each decorator passes its options as one object."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Any

import click

from vdm_alerts.core.muting.quiet_hours import parse_zone

DEFAULT_PREFIX = "vdm-alerts"
"""The name of the stack unless `-c prefix=...` sets another one."""

_Command = Callable[..., Any]


class Format(StrEnum):
    """How a command prints its data."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    IDS = "ids"


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """Which account, Region and stack a command looks at."""

    profile: str | None = None
    """A profile of the AWS configuration; None for the one in the environment."""
    region: str | None = None
    """An AWS Region; None for the one in the environment or the profile."""
    prefix: str = DEFAULT_PREFIX
    """The name of the stack."""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How a command prints."""

    format: Format = Format.TABLE
    quiet: bool = False
    """Whether nothing but data and errors is printed."""
    color: bool = True
    """Whether colors may be used. The environment variable NO_COLOR turns them off, too."""
    time_zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How much of the VDM quota a command uses."""

    quota_share: float = 0.5
    """The share of the calls per second that SES allows, a fraction."""
    max_queries: int | None = None
    """The maximum number of VDM queries; None for no limit."""


class _TimeZone(click.ParamType[tzinfo]):
    """An IANA time zone."""

    name = "zone"

    def convert(
        self, value: str | tzinfo, param: click.Parameter | None, ctx: click.Context | None
    ) -> tzinfo:
        """Return the time zone that *value* names."""
        if isinstance(value, tzinfo):
            return value
        try:
            return parse_zone(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Percentage(click.ParamType[float]):
    """A percentage from 1% to 100%."""

    name = "percentage"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return *value* as a fraction."""
        if isinstance(value, float):
            return value
        digits = value.removesuffix("%")
        if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:4]) <= 100):  # noqa: PLR2004
            self.fail(
                f"{value!r} is not a percentage. Use 1% to 100%, for example 50%.", param, ctx
            )
        return int(digits) / 100


def account_options(command: _Command) -> _Command:
    """Add --profile, --region and --prefix, as `account`, an `AccountOptions`."""
    return _with_options(
        command,
        "account",
        AccountOptions,
        click.option("--profile", metavar="NAME", help="Profile of your AWS configuration."),
        click.option("--region", metavar="REGION", help="AWS Region, for example eu-west-1."),
        click.option(
            "--prefix",
            metavar="NAME",
            default=DEFAULT_PREFIX,
            show_default=True,
            help="Name of the stack, if you deployed it with -c prefix=NAME.",
        ),
    )


def output_options(*formats: Format) -> Callable[[_Command], _Command]:
    """Add -o with *formats*, --quiet, --no-color and --time-zone, as `output`."""
    choices = [str(each) for each in formats or Format]

    def decorate(command: _Command) -> _Command:
        return _with_options(
            command,
            "output",
            _output,
            click.option(
                "-o",
                "--output",
                "format_",
                type=click.Choice(choices),
                default=choices[0],
                show_default=True,
                help="Format of the data.",
            ),
            click.option("--quiet", is_flag=True, help="Print nothing but data and errors."),
            click.option("--no-color", is_flag=True, help="Print no colors, as with NO_COLOR=1."),
            click.option(
                "--time-zone",
                type=_TimeZone(),
                default=UTC,
                metavar="ZONE",
                help="Time zone of printed times, for example Europe/Berlin.  [default: UTC]",
            ),
        )

    return decorate


def reading_options(command: _Command) -> _Command:
    """Add --quota-share and --max-queries, as `reading`, a `ReadingOptions`."""
    return _with_options(
        command,
        "reading",
        ReadingOptions,
        click.option(
            "--quota-share",
            type=_Percentage(),
            default=0.5,
            metavar="PERCENTAGE",
            help="Share of the VDM calls per second that SES allows. The deployed function uses "
            "the same quota.  [default: 50%]",
        ),
        click.option(
            "--max-queries",
            type=click.IntRange(min=1),
            metavar="NUMBER",
            help="Maximum number of VDM queries.  [default: no limit]",
        ),
    )


def _output(*, format_: str, quiet: bool, no_color: bool, time_zone: tzinfo) -> OutputOptions:
    return OutputOptions(Format(format_), quiet, not no_color, time_zone)


def _with_options(
    command: _Command, name: str, build: Callable[..., object], *options: Callable[[Any], Any]
) -> _Command:
    """Return *command* with *options*, whose values *build* makes the argument *name* of."""
    names: list[str] = []

    @functools.wraps(command)
    def wrapper(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - any command
        own = {each: values.pop(each) for each in names}
        return command(*args, **values, **{name: build(**own)})

    decorated: Any = wrapper
    before = len(getattr(decorated, "__click_params__", ()))
    for option in reversed(options):
        decorated = option(decorated)
    names += [str(each.name) for each in decorated.__click_params__[before:]]
    return wrapper
