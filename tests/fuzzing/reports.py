"""Earlier reports, which a user names and anybody can have edited."""

from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.report.test_snapshot import ACCOUNT_WITH_EVERYTHING, PAGE

from fuzzing.mutations import mutate_text
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.report.account_page import Comparison, account_page
from vdm_alerts_cli.report.changes import Changes
from vdm_alerts_cli.report.rendering import DATA_ID, render_page
from vdm_alerts_cli.report.snapshot import read_snapshot

_START = PAGE.index(f'id="{DATA_ID}">')
DATA = PAGE[PAGE.rindex("<", 0, _START) : PAGE.index("</script>", _START) + len("</script>")]
"""The data of a report as it is in the page."""


def check_report(text: str) -> Outcome:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(text, "utf-8", errors="surrogatepass")
        try:
            snapshot = read_snapshot(path)
        except InvalidInputError as error:
            return rejected(str(error).removeprefix(str(path))[:40])
        except OSError as error:
            return rejected(str(error).removeprefix(str(path))[:20])
    items = Changes(snapshot, ACCOUNT_WITH_EVERYTHING).items
    page = render_page(account_page(ACCOUNT_WITH_EVERYTHING, Comparison("", items), (), UTC))
    page.encode()
    assert "<img" not in page
    return accepted(*(item.kind for item in items))


TARGETS = (Target("reports", 5_000, [DATA], mutate_text, check_report),)
