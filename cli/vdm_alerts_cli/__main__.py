"""The command `vdm-alerts`."""

import argparse
import os
import sys
from pathlib import Path

from vdm_alerts_cli.cost import Deployment, show
from vdm_alerts_cli.demo import StoryDiffers, play, stop_kept
from vdm_alerts_cli.simulate import RULES, Unplayable, simulate
from vdm_local.cdk import CdkError
from vdm_local.deployment import DeliveryError, InvocationFailedError
from vdm_local.launcher import NO_ACCOUNT, LocalAwsStartError
from vdm_local.scenario import InvalidScenarioError


def main() -> int:
    """Do what the command line says; return its exit status."""
    parser = argparse.ArgumentParser(prog="vdm-alerts", description="VDM Alerts, by hand.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="play a story on a local AWS, no account needed")
    demo.add_argument("--keep", action="store_true", help="leave the local AWS running")
    commands.add_parser("stop", help="end the local AWS that demo --keep left running")
    tried = commands.add_parser("simulate", help="show what a scenario would have you told")
    tried.add_argument("scenarios", type=Path, nargs="+", metavar="FILE", help="docs/scenarios.md")
    tried.add_argument("--rules", type=Path, default=RULES, help="a folder, else those that ship")
    tried.add_argument("--mails", action="store_true", help="show whole mails, not their subjects")
    cost = commands.add_parser("cost", help="work out what a month costs")
    cost.add_argument("--identities", type=_count, default=100, help="in SES (default 100)")
    cost.add_argument("--configuration-sets", type=_count, default=1, help="in SES (default 1)")
    cost.add_argument("--firing", type=_count, default=0, help="above a threshold at once")
    cost.add_argument("--query-price", type=float, default=0.0, help="dollars, from your bill")
    cost.add_argument("--dashboard", action="store_true", help="with -c dashboard=true")
    cost.add_argument("--encrypt", action="store_true", help="with -c encrypt=true")
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # Nothing here is meant for a real account.
    os.environ |= NO_ACCOUNT
    try:
        if arguments.command == "demo":
            play(keep=arguments.keep)
        elif arguments.command == "simulate":
            return 0 if simulate(arguments.scenarios, arguments.rules, mails=arguments.mails) else 1
        elif arguments.command == "cost":
            show(
                Deployment(
                    identities=arguments.identities,
                    configuration_sets=arguments.configuration_sets,
                    firing=arguments.firing,
                    query_price=arguments.query_price,
                    dashboard=arguments.dashboard,
                    encrypt=arguments.encrypt,
                )
            )
        else:
            print("stopped" if stop_kept() else "nothing was running")
    except (OSError, InvalidScenarioError, Unplayable) as error:
        print(f"vdm-alerts: {error}", file=sys.stderr)
        return 2
    except (
        LocalAwsStartError,
        CdkError,
        DeliveryError,
        InvocationFailedError,
        StoryDiffers,
    ) as error:
        print(f"vdm-alerts: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _count(text: str) -> int:
    """Return the number that *text* is, 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f'"{text}" is no count; write digits alone')
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
