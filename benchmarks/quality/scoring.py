"""The figures of one method in one world.

* A **false alarm** is a change from OK to firing while the true rate has been at or below the
  threshold for the grace of the world, and outside of incidents. An incident counts until its end
  plus the grace.
* An incident is **detectable** if the evidence that the true rate is above the threshold reaches a
  limit before the grace ends. The evidence is the sum of m * KL(rate || threshold) over the hours
  since the start of the incident: m is the email of the incident whose feedback is due in the hour,
  and the rate is that of this email. KL(a || b) = a * ln(a / b) - a + b is the divergence of
  Poisson distributions. The limit is h - 1 + exp(-h), where h solves
  exp(h) - h - 1 = ARL * KL(threshold || peak). ARL is 5,000 days of the series' own mean emails a
  day: a CUSUM with threshold h that looks for the peak gives one false alarm in about 5,000 days at
  the threshold.
* **Found** incidents have a firing alert between start and end plus grace. An alert that is open at
  the start counts as found at the first look.
* The **ratio to the limit** is the delay of the alert divided by the time at which the evidence
  reaches the limit, both in whole steps. It is the geometric mean over the detectable incidents. A
  missed incident enters with the full time to the end of its grace.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from benchmarks.quality.delays import delayed
from benchmarks.quality.shipped import Claim, Reminder
from benchmarks.quality.worlds import HOURS_PER_DAY, Counts, Flags, Floats, Incident, World

ARL_DAYS = 5_000
"""The days to a false alarm, at the threshold, of the CUSUM that sets the limit."""
STALE_HOURS = 6
"""A reminder is stale when the true rate has been at or below the threshold for so long."""
CERTAIN = 0.9995
"""The claims that the messages state as "more than 99.9%"."""

Figures = Mapping[str, float | None]
"""Figures by name. None where there is nothing to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a method did in a world."""

    severities: Counts
    """The severity after each look (row) of each series (column); 0 without an alert."""
    claims: Sequence[Claim] = ()
    reminders: Sequence[Reminder] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one method in one world."""

    figures: Figures
    cohorts: Mapping[str, Figures]
    """The figures of each cohort, by its label."""


@dataclass(frozen=True, slots=True)
class Limit:
    """When an incident can be known, at the earliest."""

    incident: Incident
    steps: int | None
    """The steps from its start until the evidence reaches the limit; None if it does not."""


def limits(world: World) -> Sequence[Limit]:
    """Return the limit of each incident of *world*."""
    return [Limit(incident, _steps_to_limit(world, incident)) for incident in world.incidents]


def divergence(rate: Floats, other: Floats | float) -> Floats:
    """Return KL(rate || other) for each email, of Poisson distributions."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result = rate * np.log(rate / other) - rate + other
    return np.asarray(np.where(rate > 0, result, other), np.float64)


def cusum_threshold(emails: float, good: float, bad: float) -> float:
    """Return the threshold of a CUSUM with one false alarm in *emails* emails.

    The CUSUM looks for the rate *bad* while the true rate is *good*.
    """
    target = emails * float(divergence(np.array(good), bad))
    return float(optimize.brentq(lambda h: math.expm1(h) - h - target, 1e-9, 100.0))


def _steps_to_limit(world: World, incident: Incident) -> int | None:
    end = min(world.steps, incident.end + world.in_steps(world.grace_hours))
    during = slice(incident.start, incident.end)
    emails = np.zeros((end - incident.start, 1))
    emails[: incident.end - incident.start, 0] = world.sends[during, incident.series]
    events = np.zeros_like(emails)
    events[: incident.end - incident.start, 0] = (
        world.sends[during, incident.series] * world.true_rates[during, incident.series]
    )
    due = delayed(emails, world.kernel)[:, 0]
    expected = delayed(events, world.kernel)[:, 0]
    rates = np.divide(expected, due, out=np.zeros_like(due), where=due > 0)
    gain = np.where(rates > world.threshold, due * divergence(rates, world.threshold), 0.0)
    daily = float(world.sends[:, incident.series].sum()) / world.days
    if not daily:
        return None
    h = cusum_threshold(ARL_DAYS * daily, world.threshold, incident.peak)
    reached = np.flatnonzero(np.cumsum(gain) >= h - 1 + math.exp(-h))
    return int(reached[0]) + 1 if len(reached) else None


def score(world: World, outcome: Outcome, known: Sequence[Limit]) -> Scores:
    """Return the figures of *outcome* in *world*, whose limits are *known*."""
    firing = outcome.severities > 0
    quiet = hours_at_or_below(world)
    figures = {
        "false_alarms": _false_alarms(world, firing, quiet),
        **_incident_figures(world, firing, known),
        **_reminder_figures(outcome.reminders, world, quiet),
        **_claim_figures(outcome.claims, world),
        **_severity_figures(world, outcome.severities),
    }
    return Scores(figures, _cohort_figures(world, firing))


def hours_at_or_below(world: World) -> Floats:
    """Return for how many hours the true rate of each step has been at most the threshold."""
    steps = np.arange(world.steps)[:, None]
    last_above = np.where(world.true_rates > world.threshold, steps, -world.steps)
    hours = (steps - np.maximum.accumulate(last_above, axis=0)) * world.hours_per_step
    return np.asarray(hours, np.float64)


def onsets(firing: Flags) -> Flags:
    """Return where an alert starts to fire."""
    before = np.zeros_like(firing)
    before[1:] = firing[:-1]
    return firing & ~before


def _false_alarms(world: World, firing: Flags, quiet: Floats) -> float | None:
    """Return the false alarms in 1,000 days of a series."""
    if not world.scored_days or world.stops_at_first_alert:
        return None
    looks = world.look_steps
    excused = np.zeros((world.steps, world.series), np.bool_)
    for incident in world.incidents:
        end = incident.end + world.in_steps(world.grace_hours)
        excused[incident.start : end, incident.series] = True
    is_scored = (looks >= world.first_scored_step)[:, None]
    is_quiet = quiet[looks] >= world.grace_hours
    count = int((onsets(firing) & is_quiet & ~excused[looks] & is_scored).sum())
    return 1_000 * count / (world.series * world.scored_days)


@dataclass(frozen=True, slots=True)
class _Detection:
    """What a method did about one incident."""

    limit: Limit
    delay: int | None
    """The steps from the start of the incident until its alert; None if it was missed."""
    full_delay: int
    """The steps from the start of the incident to the end of its grace."""
    emails: float
    """The emails that were sent until the alert."""
    flaps: int
    resolve_delay: int | None
    """The steps from the end until the alert resolves.

    None if the alert ends before the incident, or is still open at the end of the simulation.
    """


def _incident_figures(world: World, firing: Flags, known: Sequence[Limit]) -> Figures:
    detections = [_detection(world, firing, limit) for limit in known]
    detectable = [found for found in detections if found.limit.steps is not None]
    caught = [found for found in detectable if found.delay is not None]
    hours = [found.delay * world.hours_per_step for found in caught if found.delay is not None]
    resolved = [
        found.resolve_delay * world.hours_per_step
        for found in detections
        if found.resolve_delay is not None
    ]
    return {
        "detectable": float(len(detectable)),
        "found_percent": _percent(len(caught), len(detectable)),
        "delay_hours": _quantile(hours, 0.5),
        "delay_hours_95": _quantile(hours, 0.95),
        "delay_emails": _quantile([found.emails for found in caught], 0.5),
        "delay_emails_95": _quantile([found.emails for found in caught], 0.95),
        "flaps": float(sum(found.flaps for found in detections)) if known else None,
        "resolve_hours": _quantile(resolved, 0.5),
        "ratio_to_limit": _ratio_to_limit(detectable),
    }


def _detection(world: World, firing: Flags, limit: Limit) -> _Detection:
    incident, looks = limit.incident, world.look_steps
    grace_end = min(world.steps, incident.end + world.in_steps(world.grace_hours))
    first, last = np.searchsorted(looks, [incident.start, grace_end])
    column = firing[:, incident.series]
    alerts = np.flatnonzero(column[first:last]) + first
    full = grace_end - incident.start
    if not len(alerts):
        return _Detection(limit, None, full, 0.0, 0, None)
    alert = int(alerts[0])
    step = int(looks[alert])
    starts = onsets(firing[alert:last, incident.series][:, None])
    emails = world.sends[incident.start : step + 1, incident.series].sum()
    flaps = int(starts.sum()) - 1
    resolve_delay = _resolve_delay(world, column, alert, incident)
    return _Detection(limit, step + 1 - incident.start, full, float(emails), flaps, resolve_delay)


def _resolve_delay(world: World, column: Flags, alert: int, incident: Incident) -> int | None:
    looks = world.look_steps
    after_end = int(np.searchsorted(looks, incident.end))
    start = max(alert, after_end)
    if start >= len(looks) or not column[max(alert, after_end - 1)]:
        return None
    resolved = np.flatnonzero(~column[start:])
    return int(looks[start + resolved[0]]) + 1 - incident.end if len(resolved) else None


def _ratio_to_limit(detectable: Iterable[_Detection]) -> float | None:
    logs = [
        math.log((found.delay or found.full_delay) / found.limit.steps)
        for found in detectable
        if found.limit.steps
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None


def _reminder_figures(reminders: Sequence[Reminder], world: World, quiet: Floats) -> Figures:
    if world.milestones.cohorts:  # A campaign keeps its alert open after it was sent.
        return {"reminders": None, "stale_reminder_percent": None}
    scored = [reminder for reminder in reminders if reminder.step >= world.first_scored_step]
    stale = sum(quiet[reminder.step, reminder.series] >= STALE_HOURS for reminder in scored)
    return {
        "reminders": float(len(scored)),
        "stale_reminder_percent": _percent(int(stale), len(scored)),
    }


def _claim_figures(claims: Sequence[Claim], world: World) -> Figures:
    scored = [claim for claim in claims if claim.step >= world.first_scored_step]
    certain = [claim for claim in scored if claim.confidence >= CERTAIN]
    claimed = sum(claim.confidence for claim in scored)
    return {
        "first_alerts": float(len(scored)),
        "claimed_percent": _percent(claimed, len(scored)),
        "true_percent": _percent(sum(_is_true(world, claim) for claim in scored), len(scored)),
        "certain_claims": float(len(certain)),
        "certain_true_percent": _percent(
            sum(_is_true(world, claim) for claim in certain), len(certain)
        ),
    }


def _is_true(world: World, claim: Claim) -> bool:
    """Return whether the true rate in the window of *claim* is above the threshold."""
    first = claim.first_day * world.steps_per_day
    end = min(claim.step + 1, (claim.last_day + 1) * world.steps_per_day)
    sends = world.sends[first:end, claim.series]
    events = float((sends * world.true_rates[first:end, claim.series]).sum())
    return events > world.threshold * float(sends.sum())


def _severity_figures(world: World, severities: Counts) -> Figures:
    """Return how many episodes are critical, and in how many the severity rises repeatedly."""
    critical = repeated = 0
    first = int(np.searchsorted(world.look_steps, world.first_scored_step))
    for number in np.flatnonzero((severities[first:] == 2).any(axis=0)):  # noqa: PLR2004 - CRITICAL
        for episode in _episodes(severities[first:, number]):
            rises = _rises(episode)
            critical += rises > 0
            repeated += rises > 1
    return {"critical_episodes": float(critical), "severity_rises_again": float(repeated)}


def _episodes(column: Counts) -> Iterator[Counts]:
    """Yield the severities of each period in which an alert is firing."""
    edges = np.flatnonzero(np.diff((column > 0).astype(int), prepend=0, append=0))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield column[start:end]


def _rises(episode: Counts) -> int:
    """Return how often the severity becomes CRITICAL."""
    is_critical = (episode > 1).astype(int)
    return int((np.diff(is_critical, prepend=0) > 0).sum())


def _cohort_figures(world: World, firing: Flags) -> Mapping[str, Figures]:
    return {
        cohort.label: dict(_milestones(world, firing[:, cohort.columns], np.array(cohort.starts)))
        for cohort in world.milestones.cohorts
    }


def _milestones(world: World, firing: Flags, starts: Counts) -> Iterator[tuple[str, float | None]]:
    """Yield the figures of a cohort whose columns are *firing*, and that waits from *starts* on.

    They are percentages: of the series with an alert after so long, and of these alerts that are
    still open after so long.
    """
    looks = world.look_steps
    alert_steps = np.where(firing.any(axis=0), looks[firing.argmax(axis=0)], 2 * world.steps)
    waited = (alert_steps + 1 - starts) * world.hours_per_step
    for hours in world.milestones.within_hours:
        count = int((waited <= hours).sum())
        yield f"within_{_duration(hours)}", _percent(count, len(waited))
    after = world.milestones.open_after_hours
    if after is not None:
        later_looks = np.searchsorted(looks, starts + world.in_steps(after))
        is_early = waited < after
        count = int((firing[later_looks, np.arange(len(starts))] & is_early).sum())
        yield f"open_after_{_duration(after)}", _percent(count, int(is_early.sum()))


def _duration(hours: float) -> str:
    if hours > 2 * HOURS_PER_DAY:
        return f"{hours / HOURS_PER_DAY:g}_d"
    return f"{hours:g}_h"


def _percent(part: float, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _quantile(values: Sequence[float], share: float) -> float | None:
    return float(np.quantile(values, share)) if values else None
