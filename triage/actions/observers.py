"""Registered observers: trained people, who word what they see as they all do, from many stations."""

from __future__ import annotations

from triage import clock, events
from triage.db import LOCK, db
from triage.errors import N_, BadInput
from triage.events import Kind
from triage.models import Contact, Operator
from triage.queries import reports, scope
from triage.rights import Right


def name(report_id: int, actor: Operator, *, observer: bool) -> None:
    """Say that who sent a report is a registered observer, or is none; said twice it changes nothing.

    What they send from now on is never made a copy of what somebody else sent by itself: a person is asked. What was
    linked before stays. Raises Forbidden, NotFound, and BadInput where nobody is known to have sent it.
    """
    scope.require(actor, Right.NAME_OBSERVERS)
    number = reports.load(report_id, actor).contact_id
    if number is None:
        raise BadInput(N_("Nobody is known to have sent this report."), "report")
    contact = db.session.get_one(Contact, number, with_for_update=LOCK, populate_existing=True)
    if (contact.observer_since is not None) == observer:
        return
    contact.observer_since = clock.now() if observer else None
    verdict = "named" if observer else "removed"
    events.record(Kind.CONTACT_OBSERVER, report_id, actor.id, contact=contact.id, verdict=verdict)
