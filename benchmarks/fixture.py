"""What several benchmarks measure with: Lambda's runtime, and an account of any size."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "build" / "runtime" / "newest" / "bin" / "python"
"""Lambda's Python as the tests have it: boto3 and nothing else."""


def account_of(identities: int, *rows: str) -> str:
    """Return a scenario in which so many identities send for two months.

    *rows* are what the mail of each has beside its identity, its provider and 10,000 sends a day.
    """
    common = ('isp = "Yahoo"', 'send = "10000x60"', *rows)
    mail = (
        "\n".join(["[[mail]]", f'identity = "{number}.example.com"', *common])
        for number in range(identities)
    )
    return "\n".join(["begins = 2026-01-01", *mail])
