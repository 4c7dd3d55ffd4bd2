"""Names and addresses: what is masked, escaped, shortened and quoted for a shell."""

import json
import shlex

from builders import TARGET

from fuzzing.mutations import mutate_text
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.dynamodb_items import MAX_KEY_SIZE, MAX_NAME_SIZE, key_text
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.naming import domain_of, mask_addresses
from vdm_alerts.core.notifications.rendering.commands import pause_step

SEEDS = (
    *("news.example.com", "anna@example.com", '"anna b"@example.com', "a@b@example.com"),
    *("Anna+shop@News.Example.com", "newsletter", "my_set-1", "jörg@münchen.example", "(a@b)"),
    *("of anna.b@news.example.com is 6%, <bob@example.com>", 'x"y@z', "@", '""@x', "a\n@b"),
    *("x; rm -rf ~ #", "$(reboot)`reboot`'\"", "\x1b]0;owned\x07", "[click](https://evil.example)"),
)


def check(text: str) -> Outcome:
    masked = mask_addresses(text)
    assert len(masked) <= len(text) + 12 * text.count("@")
    assert _leaks(text, masked) is None
    scope = Scope(identity=text) if "@" in text else Scope(configuration_set=text)
    name = well_formed(text)
    name.encode()
    shown = escape_invisible(text)
    assert shown.isprintable()
    key = AlertKey("rule", Scope(identity=name), None)
    assert len(bounded(key_text(key), MAX_NAME_SIZE).encode()) < MAX_KEY_SIZE - len("alert#")
    assert json.loads(key_text(key))[1] == {"EMAIL_IDENTITY": name}
    if 0 < len(text) < 1_000:  # shlex is slow.
        step = pause_step(name, TARGET)
        assert all(line.isprintable() for line in step.lines)
        command = shlex.split(step.command, comments=True)
        assert len(command) == 8, command
    if scope.may_be_rejected:
        return rejected("address" if domain_of(text) else "name", f"{len(text) > 300}")
    return accepted("address" if domain_of(text) else "name", f"{len(text) // 50}")


def _leaks(text: str, masked: str) -> str | None:
    """Return a word of *text* whose local part is still in *masked*; None if there is none."""
    for word in text.split():
        local_part, separator, domain = word.rpartition("@")
        inner = local_part.strip("()<>[]{}\"'")
        if separator and domain and len(inner) > 3 and f"{inner}@" in masked:
            return word
    return None


TARGETS = (Target("names", 230_000, SEEDS, mutate_text, check),)
