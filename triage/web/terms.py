"""The form about an account: how it signs, its limits as numbers in clear fields, what it may cost."""

from __future__ import annotations

from collections.abc import Mapping

from triage.actions.accounts import Terms
from triage.errors import N_, BadInput
from triage.queries.account_shapes import AccountLine
from triage.queries.accounts import DAY, HOUR, MINUTE, SECOND
from triage.web import forms, money

SPANS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY}
BAD_LIMITS = N_("Write other limits as messages/seconds, such as 7/300 for seven in five minutes; a comma between.")

BAD_OPTIONS = N_("Write settings as name=value, one a line, such as mode=collect.")


def posted() -> Terms:
    """What the form says. Fields left empty are no limits; all of them: what is usual. Raises BadInput."""
    counts = ((forms.optional_whole(f"limit_{name}"), seconds) for name, seconds in SPANS.items())
    limits = [[count, seconds] for count, seconds in counts if count is not None] + windows(forms.text("limits"))
    return Terms(forms.text("label", most=200), limits or None, money.field("budget"), money.field("ceiling"))


def windows(text: str) -> list[list[int]]:
    """`10/60, 200/3600` as windows. Raises BadInput."""
    parts = [window.split("/") for window in text.replace(",", " ").split()]
    if not all(len(part) == 2 and all(word.isascii() and word.isdecimal() and len(word) < 9 for word in part)
               for part in parts):
        raise BadInput(BAD_LIMITS, "limits")
    return [[int(count), int(seconds)] for count, seconds in parts]


def options(text: str) -> dict[str, str]:
    """`name=value`, one a line. Raises BadInput."""
    lines = [line.partition("=") for line in map(str.strip, text.splitlines()) if line]
    if not all(name.strip() and between for name, between, _ in lines):
        raise BadInput(BAD_OPTIONS, "options")
    return {name.strip(): value.strip() for name, _, value in lines}


def shown(line: AccountLine, typed: Mapping[str, str]) -> dict[str, str]:
    """What stands in the fields: what was typed where a form was refused, else what is so now."""
    stored = {f"limit_{name}": str(use.count) if (use := line.use(seconds)) else "" for name, seconds in SPANS.items()}
    others = (f"{use.count}/{use.seconds}" for use in line.limits if use.seconds not in SPANS.values())
    return {**stored, "limits": ", ".join(others), "label": line.label, "budget": money.plain(line.budget),
            "ceiling": money.plain(line.ceiling), **typed}
