"""Print a report as this version writes it, as a fixture for later versions.

Run it when you have changed the version of the data in a report, for example to 2:

    cd tests && export PYTHONPATH=.:../cli:../lambda:../local
    ../.venv/bin/python -m upgrades.record_report > upgrades/report-2.html
"""

import sys

from cli.report.test_snapshot import PAGE

if __name__ == "__main__":
    sys.stdout.write(PAGE)
