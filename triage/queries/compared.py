"""Two reports beside each other: what their texts differ in, what speaks for one message and what against it.

The texts are judged anew, by the rules of today; what older rules judged of them is told beside that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from triage import effects
from triage.db import db
from triage.errors import N_, BadInput
from triage.models import Match, Message, Operator, Report, TextKey
from triage.queries import naming, places, relations, reports, rows, scope, weighing
from triage.queries.compared_shapes import Compared, Side, Standing
from triage.queries.shapes import Row
from triage.similarity import explaining
from triage.similarity.incidents import Telling, Whereabouts, likeness
from triage.similarity.preparing import Prepared, prepare
from triage.similarity.verdicts import RULES_VERSION, Verdict, verdict

REFUSED = ("rejected", "undone")
PERSON = 0  # in place of a version of the rules: a person said so, and no rule
ORDER = {"rejected": 0, "undone": 0, "linked": 1, "suggested": 2}


@dataclass(frozen=True)
class _One:
    """A report as it is compared."""

    report: Report
    row: Row
    message: Message | None
    prepared: Prepared

    @property
    def primary(self) -> int:
        return self.report.duplicate_of or self.report.id


def of(report_id: int, other_id: int, actor: Operator) -> Compared:
    """Both, the earlier first. NotFound where `actor` may not see both, BadInput for a report and itself."""
    first, second = (_one(number, actor) for number in sorted((report_id, other_id)))
    if report_id == other_id:
        raise BadInput(N_("A report cannot be compared with itself."), "with")
    told = verdict(first.prepared, second.prepared)
    between = weighing.between(first.report, second.report, (first.prepared, second.prepared),
                               lineage=_lineage(first.message, second.message))
    people = {first.report.contact_id, second.report.contact_id}
    return Compared(
        first=_side(first, told, is_first=True), second=_side(second, told, is_first=False), verdict=told,
        told=explaining.explained(told, first.prepared, second.prepared),
        differences=explaining.written(told, first.prepared, second.prepared),
        between=between, because=effects.because(between), likeness=likeness(_telling(first), _telling(second)),
        same_person=None if None in people else len(people) == 1, standing=_standing(first, second, actor),
    )


def _one(report_id: int, actor: Operator) -> _One:
    report = reports.load(report_id, actor)
    message = _compared_message(report_id)
    return _One(report, rows.of([report], actor)[0], message, prepare(message.body if message else ""))


def _compared_message(report_id: int) -> Message | None:
    """The message by which a report is compared; where none says enough, its first."""
    kept = select(Message).join(TextKey, TextKey.message_id == Message.id).where(TextKey.report_id == report_id)
    said = select(Message).where(Message.report_id == report_id, Message.direction == "in").order_by(Message.id)
    return db.session.scalar(kept) or db.session.scalar(said.limit(1))


def _lineage(one: Message | None, other: Message | None) -> bool:
    """Whether one says itself that it repeats the other, or both that they repeat a third."""
    if one is None or other is None or one.channel != other.channel:
        return False
    return (one.repost_of is not None and one.repost_of in (other.external_id, other.repost_of)) or (
        other.repost_of is not None and other.repost_of == one.external_id)


def _side(one: _One, told: Verdict, *, is_first: bool) -> Side:
    place = places.views([one.report.place_id]).get(one.report.place_id or 0)
    return Side(one.row, one.prepared.text, explaining.marks(told, first=is_first), place, one.prepared.is_empty,
                one.primary, max(0, _said(one.report.id) - 1))


def _said(report_id: int) -> int:
    """How many messages of the person there are."""
    said = select(func.count(Message.id)).where(Message.report_id == report_id, Message.direction == "in")
    return db.session.scalar(said) or 0


def _telling(one: _One) -> Telling:
    place = one.report.place_id
    above = places.above([place]).get(place, ()) if place is not None else ()
    codes = (place, *above) if place is not None else ()
    where = Whereabouts(one.report.place_text or "", tuple(str(code) for code in codes))
    return Telling(one.prepared, one.report.received_at, where)


# ---------------------------------------------------------------- how they stand to each other


def _standing(first: _One, second: _One, actor: Operator) -> Standing:
    known = sorted(_matches(first, second), key=lambda one: (ORDER[one.state], -one.id))
    said = next((one for one in known if one.state != "suggested"), None)
    by = naming.public_names([said.operator_id]).get(said.operator_id or 0) if said else None
    last = said.state if said else ""
    if first.primary == second.primary:
        return Standing(True, last, by, take_out=_may_take_out(first, second, actor), then=_judged_then(said))
    stands = first.primary, second.primary
    if stands != (first.report.id, second.report.id):
        return Standing(False, last, by, instead=stands if _visible(stands, actor) else None)
    asked = next((one for one in known if one.state == "suggested"), None) if last not in REFUSED else None
    may = relations.may_decide(first.row, second.row, actor)
    link = _as_linked(first, second) if may.link else None
    return Standing(False, last, by, question=asked.id if asked else None, then=_judged_then(asked),
                    may_confirm=may.link and asked is not None and asked.kind == "same_message",
                    may_reject=may.answer and asked is not None, link=link)


def _judged_then(match: Match | None) -> Mapping[str, Any] | None:
    """Why older rules took two texts for the same message; None where today's did, or a person alone."""
    older = match is not None and match.kind == "same_message" and match.rules not in (PERSON, RULES_VERSION)
    return match.why if match is not None and older else None


def _matches(first: _One, second: _One) -> list[Match]:
    """What was found or said of the two, of what they go with, or of what goes with them."""
    if first.primary == second.primary:
        linked = Match.report_id == second.report.id, Match.other_id == first.report.id, Match.state == "linked"
        return list(db.session.scalars(select(Match).where(*linked)))
    ours, theirs = (select(Report.id).where(scope.family(one.primary)) for one in (first, second))
    return [match for later, earlier in ((ours, theirs), (theirs, ours)) for match in db.session.scalars(
        select(Match).where(Match.report_id.in_(later), Match.other_id.in_(earlier)))]


def _visible(numbers: tuple[int, int], actor: Operator) -> bool:
    seen = select(func.count(Report.id)).where(Report.id.in_(numbers), scope.visible(actor))
    return db.session.scalar(seen) == len(numbers)


def _may_take_out(first: _One, second: _One, actor: Operator) -> list[int]:
    copies = [one for one in (first, second) if one.primary != one.report.id]
    return [one.report.id for one in copies if relations.of(one.report.id, actor).may_unlink]


def _as_linked(first: _One, second: _One) -> tuple[int, int]:
    """The copy and the primary: as `relating.confirm` decides."""
    copy, primary = sorted((first.row, second.row), key=lambda row: (row.mine, row.holder_id is not None, -row.id))
    return copy.id, primary.id
