import pytest

from vdm_alerts.core.fleet.document import (
    InvalidFleetError,
    parse_fleet,
)
from vdm_alerts.core.fleet.fleet import (
    DEFAULT_ROLE,
    MAX_TARGETS,
    Fleet,
    ListedTarget,
    OrganizationScope,
)
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target

SOURCE = "fleet.toml"
SHOP = """
[[targets]]
account = "222222222222"
regions = ["eu-west-1"]
alias = "shop"
"""
ORGANIZATION = """
[organization]
id = "o-abcdefghij"
regions = ["eu-west-1"]
"""


def test_listed_targets_are_each_account_in_each_of_its_regions() -> None:
    fleet = parse_fleet(
        SHOP.replace('"eu-west-1"', '"us-east-1", "eu-west-1"')
        + 'tags = { team = "growth" }\n[[targets]]\naccount = "333333333333"\n'
        'regions = ["eu-west-1"]',
        SOURCE,
    )
    assert fleet == Fleet(
        role=DEFAULT_ROLE,
        targets=[
            ListedTarget(Target("222222222222", "us-east-1"), {"team": "growth"}),
            ListedTarget(Target("222222222222", "eu-west-1"), {"team": "growth"}),
            ListedTarget(Target("333333333333", "eu-west-1")),
        ],
    )
    assert [entry.target.alias for entry in fleet.targets] == ["shop", "shop", ""]


def test_organization_names_accounts_units_and_roots() -> None:
    fleet = parse_fleet(
        'role = "Reader+=,.@_-"\nexternal_id = "9f1c7c1e"'
        + ORGANIZATION
        + 'include = ["ou-abcd-12345678", "r-abcd", "333333333333"]\nexclude = ["444444444444"]',
        SOURCE,
    )
    assert (fleet.role, fleet.external_id, fleet.targets) == ("Reader+=,.@_-", "9f1c7c1e", [])
    scope = fleet.organization
    assert scope == OrganizationScope(
        id="o-abcdefghij",
        regions=("eu-west-1",),
        include=("ou-abcd-12345678", "r-abcd", "333333333333"),
        exclude=("444444444444",),
    )
    assert scope is not None
    assert scope.included_accounts == ["333333333333"]
    assert scope.included_parents == ["ou-abcd-12345678", "r-abcd"]


def test_excluded_account_may_be_listed_for_other_regions() -> None:
    fleet = parse_fleet(SHOP + ORGANIZATION + 'exclude = ["222222222222"]', SOURCE)
    assert [entry.target.account for entry in fleet.targets] == ["222222222222"]


@pytest.mark.parametrize(
    "region",
    [
        *("eu-west-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-5", "il-central-1"),
        *("mx-central-1", "us-isob-east-1", "eusc-de-east-1"),
    ],
)
def test_region_of_every_area_is_valid(region: str) -> None:
    (entry,) = parse_fleet(SHOP.replace("eu-west-1", region), SOURCE).targets
    assert entry.target.region == region


EVERY_KEY_WRONG = """
role = "path/reader"
external_id = "x"
organisation = {}
[[targets]]
account = 222222222222
regions = ["eu-wst-1", "EU-WEST-1", 3]
alias = "\\u200bshop"
tags = { cost = 1 }
tag = "x"
[organization]
id = "abcdefghij"
regions = "eu-west-1"
include = ["shop"]
exclude = ["ou-abcd-12345678"]
"""


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (
            "",
            [
                "targets  is missing, and so is organization. Add at least one target: the head",
            ],
        ),
        (
            "targets = []",
            ["targets  [] is not a list of tables. Use tables, each with the"],
        ),
        ('targets = ["x"]', ['targets[0]  "x" is not a table. Use tables, each with the heading']),
        ('organization = "x"', ['organization  "x" is not a table. Use a table with the heading']),
        ("[[targets", ["(the text)  is not valid TOML: "]),
        (
            EVERY_KEY_WRONG,
            [
                'role                     "path/reader" is not the name of an IAM role. Use 1 to',
                'external_id              "x" is not an external ID. Use 2 to 1224 characters',
                "targets[0].account       222222222222 is not an account ID. Use 12 digits, in",
                'targets[0].regions[0]    "eu-wst-1" is not a Region. Use a name such as "eu-west',
                'targets[0].regions[1]    "EU-WEST-1" is not a Region.',
                "targets[0].regions[2]    3 is not a Region.",
                'targets[0].alias         "\\u200Bshop" is not an alias. Use a short name',
                'targets[0].tags          has the value 1 for "cost". Use a text of at most 256',
                'targets[0].tag           is not a key of targets[0]. Did you mean "tags"?',
                'organization.id          "abcdefghij" is not the ID of an AWS organization. Use',
                'organization.regions     "eu-west-1" is not a list with at least one item.',
                'organization.include[0]  "shop" is not an account, an organizational unit or a',
                'organization.exclude[0]  "ou-abcd-12345678" is not an account ID. Use 12 digits',
                'organisation             is not a key of a fleet file. Did you mean "organization',
            ],
        ),
        (
            "[[targets]]\n[organization]",
            [
                "targets[0].account    is missing. Add the account ID, 12 digits in quotes",
                "targets[0].regions    is missing. Add a list of Regions, for example regions =",
                "organization.id       is missing. Add the ID of the organization, for example",
                "organization.regions  is missing. Add a list of Regions",
            ],
        ),
        (
            SHOP.replace('"eu-west-1"', '"eu-west-1", "eu-west-1"') + SHOP,
            [
                'targets[0].regions[1]  repeats "eu-west-1" of "222222222222" from targets[0].re',
                'targets[1].regions[0]  repeats "eu-west-1" of "222222222222" from targets[0].re',
            ],
        ),
        (
            SHOP + SHOP.replace("222222222222", "333333333333").replace("shop", "Shop"),
            [
                'targets[1].alias  "Shop" is also the alias of "222222222222". Use another alias.',
            ],
        ),
        (
            SHOP.replace('"shop"', f'"{"s" * 41}"'),
            [f'targets[0].alias  "{"s" * 38}… has 41 characters. Use at most 40.'],
        ),
        (
            SHOP.replace("shop", "333333333333"),
            ['targets[0].alias  "333333333333" looks like an account ID. Use a name.'],
        ),
        (
            SHOP + ORGANIZATION.replace("eu-west-1", "cn-north-1"),
            [
                'organization.regions[0]  "cn-north-1" and "eu-west-1" are in different partit',
            ],
        ),
    ],
)
def test_invalid_fleet_file_reports_every_error_with_its_place(
    text: str, errors: list[str]
) -> None:
    with pytest.raises(InvalidFleetError) as error_info:
        parse_fleet(text, SOURCE)
    heading, *lines = str(error_info.value).splitlines()
    assert heading == f"{SOURCE}: {len(errors)} error{'' if len(errors) == 1 else 's'}"
    for line, error in zip(lines, errors, strict=True):
        assert line.startswith(f"  {error}")
    assert isinstance(error_info.value, VdmAlertsError)


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ('"growth"', '"growth" is not a table. Use a table of texts: { team = "growth" }.'),
        ('{ "" = "x" }', 'has the key "". Use 1 to 128 printable characters.'),
        (f'{{ {"k" * 129} = "x" }}', "Use 1 to 128 printable characters."),
        (f'{{ k = "{"v" * 257}" }}', "Use a text of at most 256 printable characters, in quotes."),
        (
            "{" + ", ".join(f'k{number} = "x"' for number in range(51)) + "}",
            "has 51 tags. Use at most 50.",
        ),
        (
            "{" + ", ".join(f'k{number} = "{"é" * 200}"' for number in range(10)) + "}",
            "has 4,142 bytes, because each notification contains all tags as JSON.",
        ),
    ],
)
def test_invalid_tags_are_an_error(tags: str, error: str) -> None:
    with pytest.raises(InvalidFleetError) as error_info:
        parse_fleet(f"{SHOP}tags = {tags}", SOURCE)
    assert error in str(error_info.value)


def a_list_of(count: int) -> str:
    return "".join(
        f'[[targets]]\naccount = "{number:012d}"\nregions = ["eu-west-1"]\n'
        for number in range(count)
    )


def test_fleet_has_at_most_ten_thousand_targets() -> None:
    assert len(parse_fleet(a_list_of(MAX_TARGETS), SOURCE).targets) == MAX_TARGETS
    with pytest.raises(InvalidFleetError) as error_info:
        parse_fleet(a_list_of(MAX_TARGETS + 1), SOURCE)
    assert "targets  are 10,001 targets (accounts times Regions). Use at most 10,000, and" in str(
        error_info.value
    )
