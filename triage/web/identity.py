"""Who is looking: what the header and the rail of every staff page show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import g
from flask_babel import gettext

from triage.models import Account, Operator
from triage.queries import accounts, changes, inbox
from triage.rights import Right
from triage.web.words import role_words

NOBODY: Mapping[str, int] = {}


@dataclass(frozen=True)
class Link:
    """A page of the room; `counts` names the count that stands beside it."""

    href: str
    word: str
    counts: str = ""
    count: int = 0


@dataclass(frozen=True)
class Identity:
    """The signed-in person as the frame of a page shows them."""

    name: str
    public_name: str
    shift: str
    reads: bool
    role_words: Sequence[str]
    accounts: Sequence[Account]
    counts: Mapping[str, int]
    pages: Sequence[Link]
    seq: int


def identity() -> Identity:
    """The frame's facts, asked once a request."""
    if "identity" not in g:
        g.identity = _of(g.operator) if g.get("operator") else _nobody()
    found: Identity = g.identity
    return found


def _of(operator: Operator) -> Identity:
    seq = changes.head()  # before the counts: a change in between is asked for again, never missed
    counts = inbox.counts(operator) if operator.reads_reports else NOBODY
    return Identity(
        name=operator.name, public_name=operator.public_name, shift=operator.shift, reads=operator.reads_reports,
        role_words=[word for role, word in role_words().items() if role in operator.roles],
        accounts=accounts.own(operator), counts=counts, pages=_pages(operator, counts), seq=seq,
    )


def _nobody() -> Identity:
    return Identity("", "", "off", reads=False, role_words=(), accounts=(), counts=NOBODY, pages=(), seq=0)


def _pages(operator: Operator, counts: Mapping[str, int]) -> list[Link]:
    quarantined = counts.get("quarantined", 0)
    pages = [
        (Right.SEE_FLOOR, Link("/floor", gettext("Floor"))),
        (Right.READ_QUARANTINE, Link("/quarantine", gettext("Quarantined"), "quarantined", quarantined)),
        (Right.MANAGE_PLACES, Link("/places", gettext("Places"))),
        (Right.MANAGE_ACCOUNTS, Link("/accounts", gettext("Accounts"))),
        (Right.MANAGE_PEOPLE, Link("/people", gettext("People"))),
    ]
    return [link for right, link in pages if operator.may(right)]
