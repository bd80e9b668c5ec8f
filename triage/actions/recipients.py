"""Whom one answer to many may go to: of those chosen, each with the account it leaves from, or the reason why not.

Nothing is written here, and everything is locked: people first, then the matters by number, then their copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select

from triage.actions import matters, replies
from triage.db import db
from triage.errors import N_, AlreadyClosed, BadInput, NotApproved, NotFound, NotTheHolder, TriageError
from triage.models import Assignment, Message, Operator, Report
from triage.queries import scope, sending
from triage.rights import Right

MOST_RECIPIENTS = 100  # as many as one transaction can write while others wait a second for it


class NobodyHolds(TriageError):
    """Of an incident, a report that nobody holds has no account to be answered from. params: report."""

    code, status = "nobody_holds", 409
    sentence = N_("Nobody holds #%(report)s: take it first.")


class NobodyKnown(TriageError):
    """No address came with the report."""

    code, status = "nobody_known", 422
    sentence = N_("No number or address came with this report, so nobody can be answered.")


class SamePerson(TriageError):
    """One person told it twice and is answered once. params: report (by which they are answered)."""

    code, status = "same_person", 409
    sentence = N_("The same person is answered by #%(report)s.")


@dataclass(frozen=True)
class Recipient:
    """Somebody to answer: by which report, and which assignment of its matter the page showed (the fence)."""

    report_id: int
    assignment_id: int


@dataclass(frozen=True)
class ToMany:
    """What is answered to whom, having seen which event last, and its name for ever.

    `public`: whoever wrote it knows that everybody may read it. `incident_id`: it goes to who told of an incident,
    in the name of whoever holds each report; else the writer holds them. `kept_on`: the report with the draft of it.
    """

    recipients: Sequence[Recipient]
    seen_seq: int
    text: str
    key: str
    public: bool = False
    incident_id: int | None = None
    kept_on: int | None = None


@dataclass(frozen=True)
class Able:
    """A recipient found: their report, what stands for it, and who holds that."""

    report: Report
    primary: Report
    held: Assignment
    holder: Operator
    route: sending.Route
    body: str

    @property
    def person(self) -> int:
        """Whom it reaches: one number for one address; who has none is somebody else each time."""
        return self.route.contact.id if self.route.contact is not None else -self.report.id


class There(NamedTuple):
    """A report that is there, what stands for it, and who holds that."""

    report: Report
    primary: Report
    held: Assignment | None


Refusals = dict[int, TriageError]
Found = dict[int, There]


def wanted(asked: ToMany, actor: Operator) -> list[int]:
    """The numbers of the reports to answer, in order. BadInput where nothing can be sent so, NotApproved."""
    if not asked.text.strip() or not 0 < len(asked.key) <= replies.KEY_CHARACTERS:
        raise BadInput(N_("Write an answer first."), "text")
    numbers = sorted({one.report_id for one in asked.recipients})
    if not numbers:
        raise BadInput(N_("Choose whom to answer."), "to")
    if len(numbers) > MOST_RECIPIENTS:
        raise BadInput(N_("At most %(most)s people can be answered at once."), "to", most=MOST_RECIPIENTS)
    if actor.needs_approval:
        raise NotApproved
    return numbers


def lock(numbers: Iterable[int], actor: Operator) -> Found:
    """Of the reports that `actor` may see each with what stands for it, locked with all of its copies. NotFound.

    People are locked first, then primaries by number, then the copies of each. What was taken out meanwhile is not
    found.
    """
    wanted = set(numbers)
    replies.hold_off_stop(wanted)
    known = select(func.coalesce(Report.duplicate_of, Report.id)).where(Report.id.in_(wanted), scope.visible(actor))
    there = select(Report.id).where(Report.id.in_(sorted(set(db.session.scalars(known)))), scope.visible(actor))
    locked = {one.id: one for one in matters.lock_primaries(db.session.scalars(there), actor).values()}
    primaries = [locked[number] for number in sorted(locked)]
    members = [There(one, primary, held) for primary in primaries for held in [matters.holding(primary.id)]
               for one in (primary, *matters.copies(primary.id))]
    mine = set(db.session.scalars(select(Report.id).where(Report.id.in_(wanted), scope.visible(actor))))
    found = {one.report.id: one for one in members if one.report.id in mine}
    if not found:
        raise NotFound
    return found


def not_theirs(asked: ToMany, actor: Operator, found: Found) -> Refusals:
    """Of the recipients, what may not be answered by `actor`, or not as the page showed it."""
    matter = {there.primary.id: there for there in found.values()}
    whole = {number: _refusal(there.primary, there.held, asked, actor) for number, there in matter.items()}
    refused: Refusals = {}
    for one in asked.recipients:
        why: TriageError | None = NotFound()
        if one.report_id in found:
            there = found[one.report_id]
            why = whole[there.primary.id] or _fenced(there.held, one.assignment_id)
        if why is not None:
            refused[one.report_id] = why
    return refused


def _refusal(primary: Report, held: Assignment | None, asked: ToMany, actor: Operator) -> TriageError | None:
    if not primary.live:
        return AlreadyClosed()
    if held is None:
        return NobodyHolds(report=primary.id) if asked.incident_id is not None else NotTheHolder()
    if held.operator_id != actor.id and not _stands_in(primary, asked.incident_id, actor):
        return NotTheHolder(matters.holder_name(held))
    try:
        replies.check_seen(primary, actor, asked.seen_seq)
    except TriageError as moved_on:
        return moved_on
    return None


def _fenced(held: Assignment | None, fence: int) -> TriageError | None:
    return NotTheHolder(matters.holder_name(held)) if held is None or held.id != fence else None


def _stands_in(primary: Report, incident_id: int | None, actor: Operator) -> bool:
    """Whether `actor` may answer for whoever holds the report: it tells of an incident that they have a hand in."""
    return incident_id is not None and primary.incident_id == incident_id and has_a_hand_in(incident_id, actor)


def has_a_hand_in(incident_id: int, actor: Operator) -> bool:
    """Who holds a report of an incident writes to all who told of it, and coordinators do."""
    held = select(Assignment.id).join(Report, Report.id == Assignment.report_id).where(
        Report.incident_id == incident_id, Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
    return actor.may(Right.STEP_IN) or db.session.scalar(held.limit(1)) is not None


def able(asked: ToMany, found: Found, refused: Refusals) -> Iterator[Able]:
    """Who of the others can be answered; who cannot is refused too."""
    for one in asked.recipients:
        if one.report_id in refused:
            continue
        try:
            yield _routed(asked.text.strip(), *found[one.report_id])
        except TriageError as why:
            refused[one.report_id] = why


def _routed(text: str, report: Report, primary: Report, held: Assignment | None) -> Able:
    if held is None:
        raise NobodyHolds(report=primary.id)
    holder = db.session.get_one(Operator, held.operator_id)
    if _nobody_known(report, holder):
        raise NobodyKnown
    route = replies.checked_route(report, holder)
    return Able(report, primary, held, holder, route, replies.checked_body(text, report, holder, route))


def _nobody_known(report: Report, holder: Operator) -> bool:
    if report.contact_id is not None or report.reply_contact_id is not None:
        return False
    route = sending.route(report, holder)
    return route is None or route.account is not None


def beyond_reach(report: Report, holder: Operator) -> bool:
    """Whether nobody here can ever answer it as things are: the person said STOP, or is not known."""
    route = sending.route(report, holder)
    stopped = route is not None and route.contact is not None and route.contact.opted_out_at is not None
    return stopped or _nobody_known(report, holder)


def once_each(able_ones: Sequence[Able], refused: Refusals) -> list[Able]:
    """One person is answered once: by the report on which they were heard last. Primaries come first."""
    heard = _last_heard([one.report.id for one in able_ones])
    chosen: dict[int, Able] = {}
    for one in sorted(able_ones, key=lambda one: -heard.get(one.report.id, 0)):
        first = chosen.setdefault(one.person, one)
        if first is not one:
            refused[one.report.id] = SamePerson(report=first.report.id)
    return sorted(chosen.values(), key=lambda one: (one.report is not one.primary, one.report.id))


def _last_heard(numbers: Sequence[int]) -> dict[int, int]:
    newest = select(Message.report_id, func.max(Message.id)).where(
        Message.report_id.in_(numbers), Message.direction == "in")
    return dict(db.session.execute(newest.group_by(Message.report_id)).all())


def require_tick(able_ones: Sequence[Able], asked: ToMany) -> None:
    """BadInput where one of them is answered in public and whoever wrote it was not aware of that."""
    if not asked.public and any(one.route.capabilities.is_public for one in able_ones):
        raise BadInput(N_("Everybody can read this answer: tick the box, then send."), "confirm")
