"""Every answer says who wrote it, a new holder says that they took over, and no answer is cut into too many parts."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from tests.scene import Scene
from triage.actions import accounts, assignments, drafts, replies
from triage.actions.replies import Answer
from triage.db import db
from triage.errors import NoReplyAccount, NotApproved, NotTheHolder, OptedOut, TooManyParts
from triage.models import Account, Delivery, DeliveryAttempt, Message, Operator, Report
from triage.queries import reports, signing

HARBOUR = "volunteer at Harbour Election Desk"


def answer(scene: Scene, report: Report, by: Operator, text: str = "Which station?", key: str = "key-0001") -> Delivery:
    """An answer by who holds the report, on what they see."""
    fence = reports.view(report.id, by).assignment or 0
    return scene.do(lambda: replies.reply(report.id, by, fence, scene.head(), text, key))


def body(delivery: Delivery) -> str:
    """What was, or will be, sent."""
    return db.session.get_one(Message, delivery.message_id).body


def held(scene: Scene, name: str = "Amina", **more: object) -> tuple[Report, Operator]:
    """A report and who holds it."""
    operator, report = scene.operator(name, **more), scene.sms("The station is closed.")
    scene.claim(report, operator)
    return report, operator


def test_the_first_answer_from_an_own_account_says_who_writes_and_later_ones_do_not(scene: Scene) -> None:
    report, amina = held(scene)
    assert reports.view(report.id, amina).sending.ending == f"\n- Amina, {HARBOUR}"
    assert body(answer(scene, report, amina)) == f"Which station?\n- Amina, {HARBOUR}"
    assert reports.view(report.id, amina).sending.ending == ""
    assert body(answer(scene, report, amina, "And when?", "key-0002")) == "And when?"


def test_an_answer_that_was_taken_back_introduced_nobody_and_comes_back_as_it_was_typed(scene: Scene) -> None:
    report, amina = held(scene)
    first = answer(scene, report, amina)
    scene.do(lambda: replies.undo(first.id, amina))
    assert reports.view(report.id, amina).draft == "Which station?"
    assert body(answer(scene, report, amina, key="key-0002")).endswith(HARBOUR)


def test_the_label_of_an_own_account_is_its_line(scene: Scene) -> None:
    report, amina = held(scene)
    scene.do(lambda: setattr(scene.accounts_of(amina)[0], "label", "Amina of the\n election desk"))
    assert body(answer(scene, report, amina)) == "Which station?\n- Amina of the election desk"


@pytest.mark.parametrize("rule", ["pool", "arrival"])
def test_every_answer_by_a_shared_account_is_signed(scene: Scene, rule: str) -> None:
    report, amina = held(scene)
    zawadi = scene.operator("Zawadi", "coordinator")
    scene.do(lambda: accounts.set_rule("sms", rule, zawadi))
    assert [body(answer(scene, report, amina, text, f"key-{text}")) for text in ("one", "two")] == [
        "one\n- Amina", "two\n- Amina"]


def test_a_public_post_from_the_own_handle_is_not_signed_and_one_from_the_desks_is(scene: Scene) -> None:
    amina, zawadi = scene.operator("Amina"), scene.operator("Zawadi", "coordinator")
    scene.account("mastodon", "@amina@social.example", can_send=True, operator=amina)
    desk = scene.account("mastodon", "@harbour@social.example", can_send=True)
    report = scene.post("They closed the station")
    scene.claim(report, amina)
    assert body(answer(scene, report, amina, "Which?")) == "Which?"
    scene.do(lambda: accounts.set_rule("mastodon", "pool", zawadi))
    delivery = answer(scene, report, amina, "Where?", "key-0002")
    assert (delivery.account_id, body(delivery)) == (desk.id, "Where?\n— Amina")


def test_the_line_is_in_the_language_of_the_conversation(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    report, amina = held(scene)
    asked: list[str] = []
    monkeypatch.setattr(signing.voices, "force_locale", lambda code: asked.append(code) or force_locale(code))
    scene.do(lambda: setattr(scene.report(report.id), "language", "es"))
    answer(scene, report, amina)
    assert set(asked) == {"es"}


def test_the_same_key_is_the_same_answer_though_the_line_has_changed(scene: Scene) -> None:
    report, amina = held(scene)
    first = answer(scene, report, amina)
    assert answer(scene, report, amina).id == first.id


# ---------------------------------------------------------------- taking over


def reassigned(scene: Scene) -> tuple[Report, Operator, Operator]:
    """A report that Ben answered and that is Amina's now."""
    report, ben = held(scene, "Ben")
    answer(scene, report, ben)
    scene.carry()
    amina, zawadi = scene.operator("Amina"), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: assignments.assign(report.id, amina.id, zawadi))
    return report, ben, amina


def test_a_new_holder_is_offered_a_sentence_and_writes_from_their_own_account(scene: Scene) -> None:
    report, _, amina = reassigned(scene)
    view = reports.view(report.id, amina)
    assert (view.opening, view.draft) == ("This is Amina, taking over from Ben.", "")
    delivery = answer(scene, report, amina, f"{view.opening} Which door?")
    assert delivery.account_id == scene.accounts_of(amina)[0].id
    assert reports.view(report.id, amina).opening == ""


@pytest.mark.parametrize("typed", ["Half a sentence", ""])
def test_what_is_typed_already_is_left_as_it_is(scene: Scene, typed: str) -> None:
    report, _, amina = reassigned(scene)
    scene.do(lambda: drafts.save(report.id, amina, typed))
    view = reports.view(report.id, amina)
    assert (view.opening, view.draft) == ("", typed)


def test_nobody_is_introduced_to_a_person_who_was_never_written_to(scene: Scene) -> None:
    report, ben = held(scene, "Ben")
    amina, zawadi = scene.operator("Amina"), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: assignments.assign(report.id, amina.id, zawadi))
    assert reports.view(report.id, amina).opening == ""
    assert reports.view(report.id, ben).opening == ""


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("text, parts", [("x" * 400, 3), ("я" * 140, 3), ("“" + "x" * 100, 3), ("x", 1)])
def test_the_line_counts_and_parts_are_written_down(scene: Scene, text: str, parts: int) -> None:
    report, amina = held(scene)
    assert answer(scene, report, amina, text).segments == parts


@pytest.mark.parametrize("text, parts", [("x" * 440, 4), ("я" * 170, 4)])
def test_what_takes_more_parts_than_are_allowed_is_refused(scene: Scene, text: str, parts: int) -> None:
    report, amina = held(scene)
    with pytest.raises(TooManyParts, match=f"takes {parts} parts"):
        answer(scene, report, amina, text)
    assert TooManyParts.code == "too_long"


@pytest.mark.parametrize("settings", [{"most_parts": 1}], indirect=True)
def test_how_many_are_allowed_is_a_setting(scene: Scene) -> None:
    report, amina = held(scene)
    with pytest.raises(TooManyParts):
        answer(scene, report, amina, "x" * 140)


# ---------------------------------------------------------------- by hand


def by_hand(scene: Scene, report: Report, who: Operator, text: str = "I texted you", key: str = "key-hand") -> Delivery:
    """What somebody has sent from their own telephone."""
    fence = reports.view(report.id, who).assignment or 0
    return scene.do(lambda: replies.sent_by_hand(Answer(report.id, fence, scene.head(), text, key), who))


def test_what_was_sent_by_hand_is_written_down_counts_and_never_leaves_by_machine(scene: Scene) -> None:
    report, amina = held(scene)
    scene.carry()  # the acknowledgement
    delivery = by_hand(scene, report, amina)
    assert (delivery.state, delivery.by_hand, body(delivery)) == ("sent", True, "I texted you")
    attempt = db.session.query(DeliveryAttempt).filter_by(delivery_id=delivery.id).one()
    assert (attempt.account_id, attempt.outcome) == (scene.accounts_of(amina)[0].id, "accepted")
    assert scene.carry() == 0
    view = reports.view(report.id, amina)
    assert (view.row.waiting_since, view.sending.slots_left) == (None, 999)
    assert view.entries[-1].delivery.by_hand


def test_by_hand_has_the_key_and_the_fence_of_every_answer(scene: Scene) -> None:
    report, amina = held(scene)
    assert by_hand(scene, report, amina).id == by_hand(scene, report, amina).id
    with pytest.raises(NotTheHolder):
        by_hand(scene, report, scene.operator("Ben"))


def test_by_hand_helps_where_the_own_account_cannot_send(scene: Scene) -> None:
    report, amina = held(scene)
    scene.do(lambda: setattr(scene.accounts_of(amina)[0], "can_send", False))
    with pytest.raises(NoReplyAccount):
        answer(scene, report, amina)
    assert by_hand(scene, report, amina).state == "sent"


def test_nobody_writes_by_hand_to_who_said_stop_nor_before_they_may_write_at_all(scene: Scene) -> None:
    report, amina = held(scene)
    scene.sms("STOP")
    assert reports.view(report.id, amina).sending.by_hand is None
    with pytest.raises(OptedOut):
        by_hand(scene, report, amina)
    scene.do(lambda: setattr(db.session.merge(amina), "needs_approval", True))
    with pytest.raises(NotApproved):
        by_hand(scene, report, amina)


def test_without_an_own_account_there_is_nothing_it_could_count_against(scene: Scene) -> None:
    report, amina = held(scene)
    account = scene.accounts_of(amina)[0]
    scene.do(lambda: setattr(db.session.get_one(Account, account.id), "operator_id", None))
    with pytest.raises(NoReplyAccount):
        by_hand(scene, report, amina)
