"""One answer to many: everybody who told of a matter, or of an incident, is answered in one step.

Each person gets a message of their own, on their own report, from the account that the sender rule gives to whoever
holds it. Everything is asked before anything is written, and all of it is one transaction: it happens as a whole and
once, whatever is refused to whom. The history keeps what became of each; from there the page of results is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from triage import clock, events
from triage.actions import drafts, matters, outbox, recipients, replies, signatures
from triage.actions.recipients import Able, Found, Refusals, ToMany
from triage.crashpoints import crashpoint
from triage.db import db
from triage.errors import KeyReused, NotFound, TooLate
from triage.events import Kind
from triage.models import Delivery, Event, Message, Operator, Report

NAMES = ("holder", "now")  # of people: the history holds none


@dataclass(frozen=True)
class Result:
    """What became of one recipient: a delivery, or the code of the refusal with the names its sentence wants."""

    report_id: int
    delivery_id: int | None
    why: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


def answer_all(asked: ToMany, actor: Operator) -> list[Result]:
    """Accept one answer to many: what became of each recipient, in the order of their reports' numbers.

    The same key with the same text and recipients gives what it gave before; nobody ever gets it twice. Raises
    BadInput, NotApproved and KeyReused, and what stands in the way of all recipients where nobody can be answered.
    """
    numbers = recipients.wanted(asked, actor)
    found = recipients.lock(numbers, actor)
    before = _earlier(asked, actor, found)
    if before is not None:
        return before
    given, refused = _given(asked, actor, found), recipients.not_theirs(asked, actor, found)
    able = _able(asked, found, given, refused)
    waiting = {primary.id: matters.waiting(primary) for primary in _primaries(able)}
    given |= {one.report.id: _accept(one, asked, actor) for one in able}
    for primary in _primaries(able):
        _settle(primary, [one for one in able if one.primary is primary], waiting[primary.id], actor)
    if asked.kept_on is not None:
        drafts.clear(asked.kept_on, actor.id)
    results = [_result(number, given, refused) for number in numbers]
    _note(asked, actor, min(there.primary.id for there in found.values()), results)
    crashpoint("out.accepted")
    return results


def _able(asked: ToMany, found: Found, given: Mapping[int, int], refused: Refusals) -> list[Able]:
    """Who is answered now, each person once. What stands in the way of all is raised."""
    able = recipients.once_each([one for one in recipients.able(asked, found, refused) if one.report.id not in given],
                                refused)
    recipients.require_tick(able, asked)
    if not able and not given:
        raise next(iter(refused.values()))
    return able


def _earlier(asked: ToMany, actor: Operator, found: Found) -> list[Result] | None:
    """What the same request gave before. KeyReused where its name was used for another text."""
    said = select(Event).where(Event.report_id.in_({there.primary.id for there in found.values()}),
                               Event.kind == Kind.REPLY_SHARED, Event.operator_id == actor.id)
    for event in db.session.scalars(said.order_by(Event.seq)):
        if event.data["key"] != asked.key:
            continue
        if event.data["text"] != signatures.fingerprint(asked.text.strip()):
            raise KeyReused
        results = results_of(event)
        if {one.report_id for one in results} == {one.report_id for one in asked.recipients}:
            return results
    return None


def results_of(event: Event) -> list[Result]:
    """What the history says became of each recipient."""
    lines: Any = event.data["results"]
    return [Result(*line) for line in lines]


def _given(asked: ToMany, actor: Operator, found: Found) -> dict[int, int]:
    """Who got it before, by a request of this name to others as well: their deliveries."""
    names = [replies.name(_answer(asked, number, 0), actor) for number in found]
    sent = select(Message.report_id, Delivery.id, Message.fingerprint).join(Message, Message.id == Delivery.message_id)
    before = db.session.execute(sent.where(Message.dedupe_key.in_(names))).all()
    if any(one.fingerprint != signatures.fingerprint(asked.text.strip()) for one in before):
        raise KeyReused
    return {one.report_id: one.id for one in before}


def _answer(asked: ToMany, report_id: int, fence: int) -> replies.Answer:
    return replies.Answer(report_id, fence, asked.seen_seq, asked.text.strip(), asked.key)


def _primaries(able: Sequence[Able]) -> list[Report]:
    return list({one.primary.id: one.primary for one in able}.values())


def _accept(one: Able, asked: ToMany, actor: Operator) -> int:
    """Message and delivery of one recipient, held for the undo seconds of their matter; the delivery's number."""
    message = replies.store(_answer(asked, one.report.id, one.held.id), one.report, actor, one.route, one.body)
    delivery = outbox.add(message, "reply", one.held.id, replies.undo_seconds(one.primary))
    events.record(Kind.REPLY_ACCEPTED, one.report.id, actor.id, delivery=delivery.id, message=message.id,
                  primary=one.primary.id)
    return delivery.id


def _settle(primary: Report, mine: Sequence[Able], waited: set[int], actor: Operator) -> None:
    """Whoever was answered waits no more. Who was left out waits on, though the primary was answered: but for those
    whom no answer can reach.
    """
    if mine[0].holder.id == actor.id:
        mine[0].held.last_active_at = clock.now()
        drafts.clear(primary.id, actor.id)
    answered = {one.report.id for one in mine}
    last = matters.last_answer(primary.id) if primary.id in answered else None
    copies = matters.copies(primary.id)
    for copy in copies:
        apart = copy.id in waited and not _people(copy) & _people(primary)
        reachable = copy.id in answered or (apart and not recipients.beyond_reach(copy, mine[0].holder))
        if last is not None and apart and reachable:
            copy.linked_after = last[0]  # this answer was not meant for it: it has one of its own, or waits for it
    matters.reckon_all(primary, [copy for copy in copies if copy.id in answered])


def _people(report: Report) -> set[int]:
    return {one for one in (report.contact_id, report.reply_contact_id) if one is not None}


def _result(number: int, given: Mapping[int, int], refused: Refusals) -> Result:
    if number in given:
        return Result(number, given[number])
    why = refused[number]
    words = {name: word for name, word in why.params.items() if name not in NAMES}
    return Result(number, None, why.code, words)


def _note(asked: ToMany, actor: Operator, report_id: int, results: Sequence[Result]) -> None:
    lines = [[one.report_id, one.delivery_id, one.why, dict(one.params)] for one in results]
    events.record(Kind.REPLY_SHARED, report_id, actor.id, key=asked.key, incident=asked.incident_id,
                  text=signatures.fingerprint(asked.text.strip()), results=lines)


def take_back(answer_id: int, actor: Operator) -> int:
    """Take back what has not left of an own answer to many, by the number of its event; to how many. NotFound."""
    event = db.session.get(Event, answer_id)
    if event is None or event.kind != Kind.REPLY_SHARED or event.operator_id != actor.id:
        raise NotFound
    results = [one for one in results_of(event) if one.delivery_id is not None]
    recipients.lock([one.report_id for one in results], actor)
    return sum(_taken_back(one, actor) for one in results)


def _taken_back(one: Result, actor: Operator) -> bool:
    try:
        replies.undo(one.delivery_id or 0, actor)
    except TooLate:
        return False
    return True
