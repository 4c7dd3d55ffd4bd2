"""The fleet file, a TOML document: its keys, and every error in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vdm_alerts.core.fleet.field_types import (
    AccountId,
    Alias,
    ExternalId,
    MemberId,
    OrganizationId,
    RegionName,
    RoleName,
    Tags,
    parse_account,
    parse_alias,
    parse_external_id,
    parse_member_id,
    parse_organization_id,
    parse_region,
    parse_role_name,
    parse_tags,
)
from vdm_alerts.core.fleet.fleet import (
    DEFAULT_ROLE,
    MAX_TARGETS,
    Fleet,
    ListedTarget,
    OrganizationScope,
)
from vdm_alerts.core.fleet.regions import is_region, partition_of
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.document_converter import document_converter
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.toml_document import (
    DocumentType,
    InvalidDocumentError,
    InvalidField,
    Table,
)


class InvalidFleetError(InvalidDocumentError):
    """A fleet file is invalid, or a fleet has no or too many targets."""


@dataclass(frozen=True, kw_only=True)
class TargetDocument:
    """The keys of an item of `targets`: an account in some Regions."""

    account: AccountId
    regions: tuple[RegionName, ...]
    alias: Alias | None = None
    tags: Tags | None = None


@dataclass(frozen=True, kw_only=True)
class OrganizationDocument:
    """The keys of `organization`. The fields of `OrganizationScope` explain them."""

    id: OrganizationId
    regions: tuple[RegionName, ...]
    include: tuple[MemberId, ...] = ()
    exclude: tuple[AccountId, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FleetDocument:
    """The keys of a fleet file. The fields of `Fleet` explain them."""

    role: RoleName | None = None
    external_id: ExternalId | None = None
    targets: tuple[TargetDocument, ...] = ()
    organization: OrganizationDocument | None = None


def parse_fleet(text: str, source: str) -> Fleet:
    """Return the fleet of *text*, a TOML document.

    Raises InvalidFleetError with all errors of the text. The error names *source*, the place of
    the file.
    """
    document = _DOCUMENT_TYPE.parse(text, source)
    return Fleet(
        role=document.role or DEFAULT_ROLE,
        external_id=document.external_id,
        targets=[
            ListedTarget(Target(entry.account, region, entry.alias or ""), entry.tags or {})
            for entry in document.targets
            for region in entry.regions
        ],
        organization=_scope(document.organization) if document.organization else None,
    )


def _scope(document: OrganizationDocument) -> OrganizationScope:
    return OrganizationScope(
        id=document.id,
        regions=tuple(dict.fromkeys(document.regions)),
        include=document.include,
        exclude=document.exclude,
    )


# Each of these skips values that are invalid alone, because parsing reports those.


def _cross_field_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the contradictions among the keys of the fleet file *table*."""
    if not table.keys() & {"targets", "organization"}:
        yield InvalidField(
            "targets",
            "is missing, and so is organization. Add at least one target: the heading "
            "[[targets]], and below it account and regions.",
        )
    targets = list(_places_of_targets(table))
    yield from _duplicate_errors(targets)
    yield from _alias_errors(table)
    yield from _partition_errors(table, targets)
    if len(targets) > MAX_TARGETS:
        yield InvalidField(
            "targets",
            f"are {len(targets):,} targets (accounts times Regions). Use at most {MAX_TARGETS:,}, "
            "and deploy a second fleet with another prefix for the others.",
        )


def _places_of_targets(table: Table) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the account and the Region of each target that *table* lists."""
    for index, entry in enumerate(_entries(table)):
        account, regions = entry.get("account"), entry.get("regions")
        if isinstance(account, str) and isinstance(regions, list):
            for number, region in enumerate(regions):
                if isinstance(region, str):
                    yield f"targets[{index}].regions[{number}]", account, region


def _entries(table: Table) -> list[Mapping[str, Any]]:
    """Return the items of `targets`, with an empty table for what is not a table."""
    targets = table.get("targets")
    if not isinstance(targets, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in targets]


def _duplicate_errors(targets: list[tuple[str, str, str]]) -> Iterator[InvalidField]:
    first_places: dict[tuple[str, str], str] = {}
    for place, account, region in targets:
        first = first_places.setdefault((account, region), place)
        if first != place:
            yield InvalidField(
                place, f"repeats {quote(region)} of {quote(account)} from {first}. Delete it."
            )


def _alias_errors(table: Table) -> Iterator[InvalidField]:
    """Yield an error for each alias that names a second account. Case makes no difference."""
    owners: dict[str, str] = {}
    for index, entry in enumerate(_entries(table)):
        alias, account = entry.get("alias"), entry.get("account")
        if isinstance(alias, str) and isinstance(account, str):
            owner = owners.setdefault(alias.lower(), account)
            if owner != account:
                yield InvalidField(
                    f"targets[{index}].alias",
                    f"{quote(alias)} is also the alias of {quote(owner)}. Use another alias.",
                )


def _partition_errors(table: Table, targets: list[tuple[str, str, str]]) -> Iterator[InvalidField]:
    """Yield an error for each Region in another partition than the first one.

    No role can be assumed in another partition:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    places = [(place, region) for place, _, region in targets]
    organization = table.get("organization")
    regions = organization.get("regions") if isinstance(organization, dict) else None
    if isinstance(regions, list):
        places += [
            (f"organization.regions[{number}]", region)
            for number, region in enumerate(regions)
            if isinstance(region, str)
        ]
    valid = [(place, region) for place, region in places if is_region(region)]
    for place, region in valid:
        if partition_of(region) != partition_of(valid[0][1]):
            yield InvalidField(
                place,
                f"{quote(region)} and {quote(valid[0][1])} are in different partitions of AWS. "
                "Deploy a fleet in each partition.",
            )


_MISSING_KEY_HINTS: Mapping[str, str] = {
    "account": 'Add the account ID, 12 digits in quotes, for example account = "222222222222".',
    "regions": 'Add a list of Regions, for example regions = ["eu-west-1"].',
    "id": 'Add the ID of the organization, for example id = "o-abcdefghij".',
}
_TABLE_EXAMPLES = {
    TargetDocument: "tables, each with the heading [[targets]] and keys below it, for example "
    'account = "222222222222"',
    OrganizationDocument: "a table with the heading [organization] and keys below it, for example "
    'id = "o-abcdefghij"',
}
_converter = document_converter(_TABLE_EXAMPLES, min_items=1)
_converter.register_structure_hook(AccountId, lambda value, _: parse_account(value))
_converter.register_structure_hook(RegionName, lambda value, _: parse_region(value))
_converter.register_structure_hook(RoleName, lambda value, _: parse_role_name(value))
_converter.register_structure_hook(ExternalId, lambda value, _: parse_external_id(value))
_converter.register_structure_hook(Alias, lambda value, _: parse_alias(value))
_converter.register_structure_hook(Tags, lambda value, _: parse_tags(value))
_converter.register_structure_hook(OrganizationId, lambda value, _: parse_organization_id(value))
_converter.register_structure_hook(MemberId, lambda value, _: parse_member_id(value))


def _read(table: Table) -> FleetDocument:
    return _converter.structure(table, FleetDocument)


_DOCUMENT_TYPE = DocumentType(
    noun="a fleet file",
    read=_read,
    cross_field_errors=_cross_field_errors,
    missing_key_hints=_MISSING_KEY_HINTS,
    error_class=InvalidFleetError,
)
