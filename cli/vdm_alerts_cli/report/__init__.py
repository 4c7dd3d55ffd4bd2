"""The report: one HTML page about an account, which works offline and without scripts.

`page` describes a page, and `rendering` makes it HTML. `account_page` and its neighbors fill it
from the counts, rules and alerts of an account.
"""
