"""Texts of rules, as users write them."""

BOUNCE_RULE = """
indicator = "bounce_rate"
scopes = ["account", "identity", "isp"]
windows = ["3d"]
confidence = "none"
warning = "5%"
critical = "10%"
min_volume = 200
min_events = 10
"""
BOUNCE_RULE_WITHOUT_NEWS = f'{BOUNCE_RULE}exclude.identity = ["news.*"]\n'
HIGHER_BOUNCE_RULE = BOUNCE_RULE.replace('"5%"', '"90%"').replace('"10%"', '"95%"')
"""A rule whose thresholds no rate in these tests reaches."""
TRANSIENT_RULE = BOUNCE_RULE.replace("bounce_rate", "transient_bounce_rate")
INVALID_RULE = "indicator = 7"
