"""One answer to many: each person who told of a matter gets it once, on their own report, or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

import config
from channels.base import InboundMessage
from tests import checker
from tests.scene import Scene
from triage import clock
from triage.actions import accounts, answering, assignments, closing, copies, replies
from triage.actions.answering import Result
from triage.actions.deliveries import Settlement
from triage.actions.recipients import Recipient, ToMany
from triage.db import db, run_in_transaction
from triage.errors import (
    BadInput,
    ConversationMovedOn,
    KeyReused,
    NotApproved,
    NotFound,
    NotTheHolder,
    TriageError,
)
from triage.models import Account, Contact, Delivery, Draft, Event, Incident, Message, Operator, Report
from triage.queries import reports

pytestmark = pytest.mark.parametrize("settings", [{"acknowledge": False, "undo_seconds": 8}], indirect=True)

ROSA, OMAR, LEILA = "+254711000111", "+254711000222", "+254711000333"
TEXT = "Thank you. We are on our way."


class Told:
    """Maya holds what three people told; Zawadi coordinates."""

    def __init__(self, scene: Scene, people: tuple[str, ...] = (ROSA, OMAR, LEILA), salt: str = "") -> None:
        self.scene = scene
        self.maya, self.ben = scene.operator(f"Maya{salt}"), scene.operator(f"Ben{salt}")
        self.zawadi = scene.operator(f"Zawadi{salt}", "coordinator")
        self.all = [scene.sms(f"The doors {place} are locked", who).id for place, who in enumerate(people)]
        self.first = self.all[0]
        self.fence = scene.claim(scene.report(self.first), self.maya).id
        for copy in self.all[1:]:
            self.link(copy)

    def link(self, copy: int, primary: int | None = None) -> None:
        """A coordinator says it is the same."""
        self.scene.do(lambda: copies.link(copy, primary or self.first, self.zawadi))

    def asked(self, to: list[int] | None = None, **more: object) -> ToMany:
        """The request that the page would send."""
        chosen = [Recipient(number, self.fence) for number in (self.all if to is None else to)]
        return replace(ToMany(chosen, self.scene.head(), TEXT, "key-0001"), **more)

    def answer(self, to: list[int] | None = None, actor: Operator | None = None, **more: object) -> list[Result]:
        """Answer in a transaction, as Maya unless somebody else is named."""
        asked = self.asked(to, **more)
        return self.scene.do(lambda: answering.answer_all(asked, actor or self.maya))

    def waits(self) -> list[int]:
        """Which of the reports say that they wait."""
        return [number for number in self.all if self.scene.report(number).unanswered_since is not None]

    def why(self, results: list[Result]) -> list[str]:
        """The words of the results, in order; "" for who was answered."""
        return [one.why for one in results]

    def states(self) -> list[str]:
        """The states of all answers, in order."""
        db.session.rollback()
        return list(db.session.scalars(select(Delivery.state).where(Delivery.purpose == "reply").order_by(Delivery.id)))

    def drafts(self) -> dict[int, set[str]]:
        """What is a draft, by report."""
        db.session.rollback()
        found: dict[int, set[str]] = {}
        for one in db.session.scalars(select(Draft).where(Draft.body != "")):
            found.setdefault(one.report_id, set()).add(one.body)
        return found


@pytest.fixture
def told(scene: Scene, settings: config.Settings) -> Told:
    """A matter of three; whatever the test does, the desk is sound afterwards."""
    made = Told(scene)
    yield made
    db.session.rollback()
    checker.check(settings)


def test_everybody_is_answered_on_their_own_report_from_the_holders_account(told: Told) -> None:
    results = told.answer()
    assert [one.report_id for one in results] == told.all
    assert told.why(results) == ["", "", ""]
    own = told.scene.accounts_of(told.maya)[0]
    sent = db.session.scalars(select(Delivery).where(Delivery.purpose == "reply").order_by(Delivery.report_id)).all()
    assert [one.report_id for one in sent] == told.all
    assert {one.account_id for one in sent} == {own.id}
    assert {one.assignment_id for one in sent} == {told.fence}
    assert told.waits() == []
    assert told.scene.report(told.first).awaiting_citizen_since is not None
    with told.scene.later(seconds=60):
        assert told.scene.carry() == 3
    assert sorted(to for _, to, _ in told.scene.sent) == [ROSA, OMAR, LEILA]
    assert {text for _, _, text in told.scene.sent} == {f"{TEXT}\n- Maya, volunteer at Harbour Election Desk"}


def test_the_same_request_gives_the_same_and_sends_nothing_twice(told: Told) -> None:
    first = told.answer()
    assert told.answer() == first
    with pytest.raises(KeyReused):
        told.answer(text="Other words")
    assert len(told.states()) == 3
    assert told.scene.kinds().count("reply.shared") == 1


def test_the_same_key_with_one_more_recipient_reaches_only_that_one(told: Told) -> None:
    first = told.answer(told.all[:2])
    again = told.answer()
    assert again[:2] == first
    assert len(again) == 3
    assert len(told.states()) == 3


def test_one_refusal_hinders_nobody_and_is_told_in_words(told: Told) -> None:
    told.scene.sms("STOP", OMAR)
    assert told.why(told.answer()) == ["", "opted_out", ""]
    assert told.states() == ["held", "held"]
    assert told.waits() == [told.all[1]], "but the matter does not, for whom nobody may write to"


def test_who_is_left_out_waits_on_though_the_primary_was_answered(told: Told) -> None:
    told.answer(told.all[:2])
    assert told.scene.report(told.first).unanswered_since is not None, "Leila waits"
    assert told.answer([told.all[2]], key="key-0002")[0].why == ""
    assert told.waits() == []


def test_taken_back_it_waits_again_and_the_text_is_one_draft(told: Told) -> None:
    told.answer()
    shared = db.session.scalar(select(Event.seq).where(Event.kind == "reply.shared"))
    with pytest.raises(NotFound):
        told.scene.do(lambda: answering.take_back(shared, told.ben))
    assert told.scene.do(lambda: answering.take_back(shared, told.maya)) == 3
    assert told.states() == ["cancelled"] * 3
    assert told.drafts() == {told.first: {TEXT}}
    assert told.waits() == told.all


def test_one_person_with_two_reports_gets_it_once_by_the_later(scene: Scene, settings: config.Settings) -> None:
    told = Told(scene, (ROSA, OMAR))
    web = InboundMessage("web", "", "form-1", None, "The doors are locked", thread_key="web:form-1", reply_to=ROSA)
    again = scene.arrives(web, "web").id
    told.link(again)
    told.all.append(again)
    results = told.answer()
    assert told.why(results) == ["same_person", "", ""]
    assert results[0].params == {"report": again}
    assert scene.report(told.first).unanswered_since is None, "she was answered, by the other report"
    checker.check(settings)


def test_a_new_holder_takes_the_answers_to_all_senders_over_as_one_draft(told: Told) -> None:
    told.answer()
    told.scene.do(lambda: assignments.assign(told.first, told.ben.id, told.zawadi))
    assert told.states() == ["cancelled"] * 3
    assert told.waits() == told.all
    assert told.drafts() == {told.first: {TEXT}}


def test_closed_by_somebody_else_nothing_leaves_and_by_the_holder_it_goes_on(told: Told) -> None:
    told.answer()
    told.scene.do(lambda: closing.close(told.first, told.zawadi, "actionable"))
    assert told.states() == ["cancelled"] * 3
    told.fence = told.scene.do(lambda: closing.reopen(told.first, told.maya)).id
    told.answer(key="key-0002")
    told.scene.do(lambda: closing.close(told.first, told.maya, "actionable"))
    with told.scene.later(seconds=60):
        assert told.scene.carry() == 3


def test_a_copy_that_is_taken_out_takes_its_answer_along_as_a_draft(told: Told) -> None:
    told.answer()
    told.scene.do(lambda: copies.unlink(told.all[2], told.zawadi))
    assert told.states() == ["held", "held", "cancelled"]
    assert told.waits() == [told.all[2]]
    assert told.drafts() == {told.all[2]: {TEXT}}


def test_stop_takes_back_the_answer_on_a_copy(told: Told) -> None:
    told.answer()
    told.scene.sms("STOP", LEILA)
    assert told.states() == ["held", "held", "cancelled"]


def test_an_account_that_is_given_away_takes_the_answers_on_copies_back(told: Told) -> None:
    told.answer()
    own, admin = told.scene.accounts_of(told.maya)[0].id, told.scene.operator("Adam", "admin")
    assert told.scene.do(lambda: accounts.transfer(own, told.ben.id, admin)) == 3
    assert told.states() == ["cancelled"] * 3
    assert told.waits() == told.all


def test_a_failed_answer_on_a_copy_leaves_its_sender_waiting_and_shows_on_the_primary(told: Told) -> None:
    told.answer()
    with told.scene.later(seconds=60):
        told.scene.carry(Settlement("rejected", error="unknown number"))
    assert told.waits() == told.all
    row = reports.view(told.first, told.maya).row
    assert row.send_problems == 3


def test_undo_of_one_brings_back_that_one(told: Told) -> None:
    results = told.answer()
    told.scene.do(lambda: replies.undo(results[1].delivery_id, told.maya))
    assert told.states() == ["held", "cancelled", "held"]
    assert told.scene.report(told.first).unanswered_since is not None


def test_new_words_of_any_of_them_refuse_the_whole(told: Told) -> None:
    asked = told.asked()
    told.scene.sms("They have gone", LEILA)
    with pytest.raises(ConversationMovedOn):
        told.scene.do(lambda: answering.answer_all(asked, told.maya))
    assert told.states() == []


@pytest.mark.parametrize("who, error", [("ben", NotTheHolder), ("zawadi", NotTheHolder)])
def test_only_the_holder_answers_a_matter(told: Told, who: str, error: type[TriageError]) -> None:
    with pytest.raises(error):
        told.answer(actor=getattr(told, who))


def test_a_stale_fence_a_newcomer_and_an_empty_choice_are_refused(told: Told) -> None:
    told.fence += 1
    with pytest.raises(NotTheHolder):
        told.answer()
    with pytest.raises(BadInput):
        told.answer([])
    with pytest.raises(BadInput):
        told.answer(text="  ")
    told.scene.do(lambda: setattr(db.session.get_one(Operator, told.maya.id), "needs_approval", True))
    with pytest.raises(NotApproved):
        told.answer(actor=db.session.get_one(Operator, told.maya.id))


def test_a_public_sender_is_answered_only_with_the_tick(scene: Scene, settings: config.Settings) -> None:
    told = Told(scene, (ROSA, OMAR))
    scene.account("mastodon", "@harbour@social.example")
    scene.account("mastodon", "@maya@social.example", can_send=True, operator=told.maya)
    post = scene.post("The doors are locked").id
    told.link(post)
    told.all.append(post)
    with pytest.raises(BadInput) as refused:
        told.answer()
    assert refused.value.field == "confirm"
    assert told.why(told.answer(public=True)) == ["", "", ""]
    checker.check(settings)


# ---------------------------------------------------------------- incidents


class Incidents(Told):
    """Maya holds one of two matters of an incident, Ben the other, with a copy; a third nobody holds."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, (ROSA, OMAR, LEILA))
        for number in self.all[1:]:
            scene.do(lambda one=number: copies.unlink(one, self.zawadi))
        self.bens = scene.claim(scene.report(self.all[1]), self.ben).id
        made = Incident(title="Locked doors", state="open", operator_id=self.maya.id, created_at=clock.now())
        scene.do(lambda: db.session.add(made))
        self.incident = made.id
        scene.do(self._gather)

    def _gather(self) -> None:
        for number in self.all:
            db.session.get_one(Report, number).incident_id = self.incident

    def asked(self, to: list[int] | None = None, **more: object) -> ToMany:
        """The request that the page of the incident would send."""
        fences = dict(zip(self.all, (self.fence, self.bens, 0), strict=True))
        chosen = [Recipient(number, fences[number]) for number in (self.all if to is None else to)]
        asked = ToMany(chosen, self.scene.head(), TEXT, "key-0001", incident_id=self.incident)
        return replace(asked, **more)


def test_of_an_incident_each_is_answered_in_the_name_of_the_holder(scene: Scene, settings: config.Settings) -> None:
    told = Incidents(scene)
    results = told.answer(actor=told.zawadi)
    assert told.why(results) == ["", "", "nobody_holds"]
    assert told.waits() == [told.all[2]]
    with scene.later(seconds=60):
        assert scene.carry() == 2, "though who wrote it owns neither account"
    numbers = {db.session.get_one(Operator, one.operator_id).name: one.address
               for one in db.session.scalars(select(Account).where(Account.operator_id.is_not(None)))}
    assert sorted(scene.sent) == sorted([
        (numbers["Maya"], ROSA, f"{TEXT}\n- Maya, volunteer at Harbour Election Desk"),
        (numbers["Ben"], OMAR, f"{TEXT}\n- Ben, volunteer at Harbour Election Desk")])
    written = select(Message.operator_id).where(Message.operator_id.is_not(None)).distinct()
    assert list(db.session.scalars(written)) == [told.zawadi.id]
    checker.check(settings)


def test_who_holds_one_report_of_an_incident_answers_all_and_others_do_not(scene: Scene) -> None:
    told = Incidents(scene)
    assert told.why(told.answer(actor=told.ben)) == ["", "", "nobody_holds"]
    stranger = scene.operator("Noor")
    with pytest.raises(NotTheHolder):
        told.answer(actor=stranger, key="key-0002")
    with pytest.raises(NotTheHolder):
        told.answer([told.all[0]], actor=told.ben, key="key-0003", incident_id=None)


def test_a_matter_that_moved_on_is_left_out_and_the_others_are_answered(scene: Scene) -> None:
    told = Incidents(scene)
    asked = told.asked()
    scene.sms("They have gone", OMAR)
    results = scene.do(lambda: answering.answer_all(asked, told.zawadi))
    assert told.why(results) == ["", "conversation_moved_on", "nobody_holds"]


# ---------------------------------------------------------------- for any desk


@given(st.lists(st.sampled_from(["plain", "stopped", "again", "unknown", "no account"]), min_size=1, max_size=5),
       st.data())
@hypothesis_settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_recipient_has_one_result_and_no_person_two_deliveries(
    scene: Scene, settings: config.Settings, kinds: list[str], data: st.DataObject
) -> None:
    salt = db.session.scalar(select(func.count()).select_from(Report)) or 0
    told = Told(scene, tuple(f"+2547{salt:04d}{place:04d}" for place in range(len(kinds) + 1)), f"{salt}")
    for place, kind in enumerate(kinds, 1):
        scene.do(lambda number=told.all[place], what=kind: _become(what, number, told.first))
    chosen = data.draw(st.lists(st.sampled_from(told.all), min_size=1, unique=True))
    for _ in range(2):
        try:
            results = told.answer(chosen, key=f"key-{salt:04d}")
        except TriageError:
            results = [Result(number, None, "all") for number in sorted(chosen)]
        assert [one.report_id for one in results] == sorted(chosen)
        assert all((one.delivery_id is None) == bool(one.why) for one in results)
    per_person = select(func.count()).where(
        Delivery.purpose == "reply", Delivery.report_id.in_(told.all)).group_by(Delivery.contact_id)
    assert set(db.session.scalars(per_person)) <= {1}
    db.session.rollback()
    checker.check(settings)


def _become(kind: str, number: int, first: int) -> None:
    report = db.session.get_one(Report, number)
    if kind == "stopped":
        db.session.get_one(Contact, report.contact_id).opted_out_at = clock.now()
    elif kind == "again":
        report.contact_id = db.session.get_one(Report, first).contact_id
    elif kind == "unknown":
        report.contact_id = None
    elif kind == "no account":
        report.channel = "mastodon"


def test_without_a_transaction_that_ends_nothing_is_left(told: Told) -> None:
    asked = told.asked()

    class Killed(BaseException):
        """The process dies here."""

    def die() -> None:
        answering.answer_all(asked, told.maya)
        raise Killed

    with pytest.raises(Killed):
        run_in_transaction(die)
    assert told.states() == []
    assert told.waits() == told.all
    assert told.why(told.scene.do(lambda: answering.answer_all(asked, told.maya))) == ["", "", ""]
