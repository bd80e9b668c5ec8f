"""One answer to many, sent by eight tabs at once while its senders say STOP and the matter changes hands."""

from __future__ import annotations

import pytest
from sqlalchemy import func, or_, select

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.actions import answering, closing, comparing, copies
from triage.actions.answering import Result
from triage.actions.recipients import Recipient, ToMany
from triage.db import db, run_in_transaction
from triage.errors import TriageError
from triage.events import Kind
from triage.models import Assignment, Contact, Delivery, Event, Operator, Report
from triage.models.deliveries import WAITING
from triage.queries import candidates

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]
QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)

MATTERS, COPIES = 6, 5
Matter = tuple[int, int, list[int], list[str]]  # primary, fence, all its reports, who told its copies


def matters(holder: int) -> list[Matter]:
    """Matters of one person, each with copies by people of their own."""
    me, made = db.session.get_one(Operator, holder), []
    for place, (primary, fence) in enumerate(stock.held(MATTERS, holder)):
        more = stock.reports(COPIES, 1000 + place * COPIES)
        stock.in_batches(more, lambda number, to=primary: copies.link(number, to, me))  # type: ignore[misc]  # to is an int
        made.append((primary, fence, [primary, *more], [stock.phone(1000 + place * COPIES + n) for n in range(COPIES)]))
    return made


def send_all(seat: Seat, made: list[Matter], holder: int) -> list[list[Result]]:
    """Send the same form of every matter, its people in an order of one's own."""
    me = db.session.get_one(Operator, holder)
    return [_sent(seat, one, me) for one in made]


def _sent(seat: Seat, matter: Matter, me: Operator) -> list[Result]:
    primary, fence, numbers, _ = matter
    to = [Recipient(number, fence) for number in seat.chance(primary).sample(numbers, len(numbers))]
    asked = ToMany(to, stock.MANY, "We are on our way.", f"form-{primary}")
    seat.meet()
    return run_in_transaction(lambda: answering.answer_all(asked, me))


@QUIET
def test_one_form_sent_by_eight_tabs_reaches_each_person_once(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    (holder,) = stock.people(scene, 1)
    made = matters(holder)
    db.session.remove()
    told = crew.race(settings, send_all, made, holder)
    assert all(one == told[0] for one in told), "every tab is told the same"
    per_person = select(func.count()).where(Delivery.purpose == "reply").group_by(Delivery.contact_id)
    assert list(db.session.scalars(per_person)) == [1] * (MATTERS * (COPIES + 1))
    checker.check(settings)
    figures(f"{MATTERS * (COPIES + 1)} people answered by {SIZE} tabs, once each")


def send_or_stop(seat: Seat, made: list[Matter], holder: int) -> int:
    """Every other place sends; the others say STOP as one of the people, or take a copy out."""
    me, done = db.session.get_one(Operator, holder), 0
    for matter in made:
        try:
            if seat.place % 2 == 0:
                done += len(_sent(seat, matter, me))
            else:
                seat.meet()
                run_in_transaction(lambda some=matter: _disturb(seat, some, me))
        except TriageError:
            continue
    return done


def _disturb(seat: Seat, matter: Matter, me: Operator) -> None:
    primary, _, numbers, people = matter
    which = seat.place // 2 % COPIES
    if seat.place % 4 == 1:
        copies.unlink(numbers[1 + which], me)
    else:
        stock.arrive(stock.text(f"SM-stop-{primary}-{seat.place}", people[which], "STOP"))


@QUIET
def test_answered_while_people_say_stop_and_copies_are_taken_out(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    (holder,) = stock.people(scene, 1)
    made = matters(holder)
    db.session.remove()
    done = crew.race(settings, send_or_stop, made, holder)
    per_person = select(func.count()).where(Delivery.purpose == "reply").group_by(Delivery.contact_id)
    assert set(db.session.scalars(per_person)) == {1}
    astray = select(Delivery.id).join(Report, Report.id == Delivery.report_id).join(
        Assignment, Assignment.id == Delivery.assignment_id).join(Contact, Contact.id == Delivery.contact_id).where(
        Delivery.state.in_(WAITING), or_(Assignment.report_id != func.coalesce(Report.duplicate_of, Report.id),
                                         Contact.opted_out_at.is_not(None)))
    assert list(db.session.scalars(astray)) == []
    checker.check(settings)
    figures(f"{sum(done)} results{stock.deadlocks(settings)}")


RUMOUR = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"


def tell(seat: Seat, rounds: int) -> None:
    """Tell the same as everybody, as somebody new each time, and have it compared."""
    for turn in range(rounds):
        number = 5000 + turn * SIZE + seat.place
        seat.meet()
        run_in_transaction(lambda one=number: stock.arrive(stock.text(f"SM-told-{one}", stock.phone(one), RUMOUR)))
        for waiting in candidates.waiting():
            run_in_transaction(lambda one=waiting: comparing.compare(one))


@pytest.mark.parametrize("settings", [{"acknowledge": False, "repeats_to_decide": SIZE * 2}], indirect=True)
def test_what_is_told_at_many_nodes_at_once_is_asked_once(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    chief = scene.operator("Chief", "coordinator")
    first = scene.sms(RUMOUR).id
    scene.do(lambda: closing.discard(first, chief, "off_topic"))
    crew.race(settings, tell, 3)
    asked = db.session.scalars(select(Event).where(Event.kind == Kind.REPORT_REPEATED)).all()
    assert [one.data["people"] for one in asked] == [SIZE * 2], "at the very one that made it enough"
    assert db.session.scalar(select(func.count()).where(Report.duplicate_of == first)) == 3 * SIZE
    checker.check(settings)
    figures(f"{3 * SIZE} new people at {SIZE} nodes, asked once")
