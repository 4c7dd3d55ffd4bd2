"""Serve a scenario without the rest of AWS.

Usage: `python -m vdm_local --port N --scenario FILE`.
"""

import argparse
import contextlib
import sys
from datetime import datetime
from pathlib import Path

from vdm_local.endpoint import Endpoint
from vdm_local.scenario import InvalidScenarioError, load_scenario
from vdm_local.server import serve


def main() -> int:
    """Serve until interrupted and return the exit status."""
    parser = argparse.ArgumentParser(prog="vdm_local", description="A local SES VDM.")
    parser.add_argument(
        "--port", type=int, default=0, help="Port on 127.0.0.1. 0 selects a free port."
    )
    parser.add_argument("--scenario", type=Path, required=True, help="Scenario file (TOML).")
    parser.add_argument("--latency", type=float, default=0.0, help="Seconds before each response.")
    parser.add_argument(
        "--now",
        type=_timestamp,
        help="Time of the local SES, for example 2026-03-10T09:00:00Z. Default: now.",
    )
    arguments = parser.parse_args()
    try:
        scenario = load_scenario(arguments.scenario)
        server = serve(Endpoint(scenario, arguments.now), arguments.port, arguments.latency)
    except (InvalidScenarioError, OSError, OverflowError) as error:
        print(f"vdm_local: port {arguments.port}, {arguments.scenario}: {error}", file=sys.stderr)
        return 1
    host, port = server.server_address[:2]
    print(f"ready: http://{host!s}:{port} serves {arguments.scenario}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def _timestamp(text: str) -> datetime:
    now = datetime.fromisoformat(text)
    if now.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset from UTC. Use a form like {text}Z.")
    return now


if __name__ == "__main__":
    sys.exit(main())
