"""The slow lane of the citizens' forms: what looks like a flood is read later, and never refused or dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

from triage import clock, context
from triage.web import pace

WINDOW = timedelta(minutes=10)
FASTEST = timedelta(seconds=3)  # nobody fills in the form faster
DOUBTFUL = timedelta(minutes=5)
LONGEST = timedelta(minutes=15)
STEP = timedelta(minutes=1)


def due_at(*, doubtful: bool = False, pressing: bool = False) -> datetime | None:
    """Count one form of the asking network and say when it may be read; None for at once.

    A `pressing` form (it names a place and says danger) is never slowed. Above the limit of the
    settings the delay grows by a minute a form, up to a quarter of an hour.
    """
    over = _over()
    if pressing:
        return None
    delay = max(min(over * STEP, LONGEST), DOUBTFUL if doubtful else timedelta())
    return clock.now() + delay if delay else None


def _over() -> int:
    forms = pace.of_app("forms", WINDOW)
    return max(forms.add(pace.asker()) - context.settings().form_per_10_minutes, 0)
