import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.fleet.document import InvalidFleetError
from vdm_alerts.core.fleet.fleet import MAX_TARGETS, Fleet, ListedTarget, OrganizationScope
from vdm_alerts.core.fleet.targets import (
    InvalidTargetItemError,
    OrganizationAccount,
    resolve_targets,
    target_from_item,
    target_item,
)
from vdm_alerts.core.model.target import Target

HUB = Target("111111111111", "eu-west-1")
SHOP = OrganizationAccount("222222222222", "shop")
BLOG = OrganizationAccount("333333333333", "blog")
MEMBERS = OrganizationScope(id="o-abcdefghij", regions=("us-east-1", "eu-west-1"))


def a_listed_target(account: str, region: str, alias: str = "") -> ListedTarget:
    return ListedTarget(Target(account, region, alias), {"team": "growth"})


def test_targets_are_those_of_the_organization_and_of_the_file_in_order() -> None:
    fleet = Fleet(
        targets=[a_listed_target("444444444444", "eu-west-1")],
        organization=MEMBERS,
    )
    targets = resolve_targets(fleet, HUB, [BLOG, SHOP])
    assert [str(entry.target) for entry in targets] == [
        "Account 222222222222 (shop), eu-west-1",
        "Account 222222222222 (shop), us-east-1",
        "Account 333333333333 (blog), eu-west-1",
        "Account 333333333333 (blog), us-east-1",
        "Account 444444444444, eu-west-1",
    ]


def test_listed_target_wins_over_the_same_target_of_the_organization() -> None:
    fleet = Fleet(
        targets=[a_listed_target("222222222222", "eu-west-1", "web shop")], organization=MEMBERS
    )
    listed, other_region = resolve_targets(fleet, HUB, [SHOP])
    assert (listed.alias, listed.tags) == ("web shop", {"team": "growth"})
    assert (other_region.alias, other_region.tags) == ("web shop", {})


def test_listed_target_without_alias_has_the_name_of_its_account() -> None:
    fleet = Fleet(targets=[a_listed_target("222222222222", "eu-west-1")], organization=MEMBERS)
    targets = resolve_targets(fleet, HUB, [SHOP])
    assert [entry.alias for entry in targets] == ["shop", "shop"]
    assert [entry.tags for entry in targets] == [{"team": "growth"}, {}]


def test_excluded_account_has_no_target_except_those_of_the_file() -> None:
    scope = OrganizationScope(
        id="o-abcdefghij", regions=("us-east-1",), exclude=(SHOP.account, BLOG.account)
    )
    fleet = Fleet(targets=[a_listed_target(SHOP.account, "eu-west-1")], organization=scope)
    targets = resolve_targets(fleet, HUB, [SHOP, BLOG])
    assert [entry.target for entry in targets] == [Target(SHOP.account, "eu-west-1")]


@pytest.mark.parametrize(
    ("region", "hub_region", "role_arn"),
    [
        ("eu-west-1", "us-east-1", "arn:aws:iam::222222222222:role/reader"),
        ("cn-north-1", "cn-northwest-1", "arn:aws-cn:iam::222222222222:role/reader"),
        ("us-gov-west-1", "us-gov-east-1", "arn:aws-us-gov:iam::222222222222:role/reader"),
    ],
)
def test_role_is_in_the_account_and_partition_of_the_target(
    region: str, hub_region: str, role_arn: str
) -> None:
    fleet = Fleet(
        role="reader",
        external_id="9f1c7c1e",
        targets=[a_listed_target("222222222222", region), a_listed_target(HUB.account, region)],
    )
    own, other = resolve_targets(fleet, Target(HUB.account, hub_region))
    assert (other.role_arn, other.external_id) == (role_arn, "9f1c7c1e")
    assert (own.role_arn, own.external_id) == (None, None), "the hub's own account needs no role"


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("Web\u200b shop\n", "Web shop"),
        ("s" * 50, "s" * 40),
        ("BLOG", ""),
        ("mine", ""),
        ("444444444444", ""),
        ("", ""),
    ],
)
def test_account_name_is_an_alias_if_it_identifies_the_account(name: str, alias: str) -> None:
    fleet = Fleet(
        targets=[a_listed_target("999999999999", "eu-west-1", "Mine")], organization=MEMBERS
    )
    targets = resolve_targets(fleet, HUB, [OrganizationAccount("222222222222", name), BLOG])
    assert targets[0].alias == alias


def test_fleet_without_active_accounts_is_an_error() -> None:
    with pytest.raises(InvalidFleetError, match=r"organization  has no active account to monitor"):
        resolve_targets(Fleet(organization=MEMBERS), HUB, [])


def test_organization_with_too_many_accounts_is_an_error() -> None:
    accounts = [OrganizationAccount(f"{number:012d}") for number in range(MAX_TARGETS // 2 + 1)]
    with pytest.raises(InvalidFleetError, match=r"targets  are 10,002 targets"):
        resolve_targets(Fleet(organization=MEMBERS), HUB, accounts)


def test_targets_in_another_partition_than_the_hub_are_an_error() -> None:
    fleet = Fleet(targets=[a_listed_target("222222222222", "cn-north-1")])
    with pytest.raises(InvalidFleetError) as error_info:
        resolve_targets(fleet, HUB)
    assert str(error_info.value) == (
        'fleet: 1 error\n  regions  "cn-north-1" is in another partition of AWS than the hub in '
        "eu-west-1. Deploy a fleet in each partition."
    )


account_ids = st.integers(10**11, 10**11 + 5).map(str)
region_names = st.sampled_from(["eu-west-1", "us-east-1", "eu-central-1"])
fleets = st.builds(
    Fleet,
    targets=st.lists(
        st.builds(a_listed_target, account_ids, region_names), unique_by=lambda entry: entry.target
    ),
    organization=st.none()
    | st.builds(
        OrganizationScope,
        id=st.just("o-abcdefghij"),
        regions=st.lists(region_names, min_size=1, unique=True).map(tuple),
        exclude=st.lists(account_ids).map(tuple),
    ),
    external_id=st.none() | st.just("9f1c7c1e"),
)
members = st.lists(st.builds(OrganizationAccount, account_ids, st.text(max_size=50)))


@given(fleets, members)
def test_targets_are_sorted_unique_and_survive_their_json(
    fleet: Fleet, accounts: list[OrganizationAccount]
) -> None:
    try:
        targets = resolve_targets(fleet, HUB, accounts)
    except InvalidFleetError:
        return
    keys = [(entry.target.account, entry.target.region) for entry in targets]
    assert keys == sorted(set(keys))
    assert {entry.target for entry in fleet.targets} <= {entry.target for entry in targets}
    read_again = [target_from_item(json.loads(json.dumps(target_item(entry)))) for entry in targets]
    assert read_again == targets
    assert [entry.alias for entry in read_again] == [entry.alias for entry in targets]


@pytest.mark.parametrize(
    "change",
    [
        *({"account": 1}, {"region": None}, {"alias": None}, {"tags": []}, {"roleArn": 3}),
        {"externalId": {}},
        *({"account": "1"}, {"account": "fleet"}, {"region": "nowhere"}, {"region": "eu-west-1/"}),
        *({"tags": {"team": 7}}, {"roleArn": "arn:aws:iam::333333333333:role/vdm-alerts-reader"}),
        {"roleArn": "arn:aws:iam::222222222222:role/"},
    ],
)
def test_malformed_item_is_an_error(change: dict[str, object]) -> None:
    (target,) = resolve_targets(Fleet(targets=[a_listed_target("222222222222", "eu-west-1")]), HUB)
    with pytest.raises(InvalidTargetItemError, match=r"is not a target of a fleet\. Fix: start"):
        target_from_item({**target_item(target), **change})
