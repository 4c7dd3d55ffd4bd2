"""Print the DynamoDB items that this version stores, as a fixture for later versions.

Run it when you have changed the stored schema, for example to 6:

    cd tests && ../.venv/bin/python -m upgrades.record_table > upgrades/schema-6/table.json

It simulates the demo scenario through its third day, with one invalid rule.
"""

import json
import logging
import sys
from dataclasses import replace
from unittest.mock import patch

from vdm_alerts.adapters.memory import MemoryState, MemoryTable, memory_ports
from vdm_alerts_cli import simulate
from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_local.scenario import load_scenario

LAST_DAY = 13
"""The day of March 2026 after which the table is recorded."""
INVALID_RULES = {"mine": 'indicator = "bounce_rate"\n'}


def main() -> None:
    """Simulate the scenario, and print the items of the table as JSON."""
    logging.disable(logging.CRITICAL)
    scenario = load_scenario(DEMO_SCENARIO)
    first, *others = [run for run in scenario.runs if run.at.day <= LAST_DAY]
    runs = (replace(first, rules={**first.rules, **INVALID_RULES}), *others)
    table = MemoryTable()
    ports = replace(memory_ports(), store=MemoryState(table))
    rules = read_rules(DEFAULT_RULES)
    with patch.object(simulate, "memory_ports", lambda: ports):
        for _ in simulate.simulate(replace(scenario, runs=runs), rules):
            pass
    json.dump([item for _, item in sorted(table.items.items())], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
