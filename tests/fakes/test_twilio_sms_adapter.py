"""The desk's own adapter sends by the fake Twilio: what each trouble means, and how a doubt is settled."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.base import DeliveryUpdate, Receipt
from channels.errors import (
    AccountProblem,
    ChannelError,
    OptedOut,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unreachable,
)
from channels.twilio_list import Found
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from tests.fakes.conftest import Bench
from tests.fakes.desk import HURRIED, REFERENCE, account, came, outbound
from tests.fakes.twilio.ledger import Entry
from tests.fakes.twilio.scripts import Behaviour, Callback

LOST = {"seconds": 1.0}
SILENT = (Behaviour.HANGS_BEFORE, Behaviour.HANGS_AFTER)

pytestmark = pytest.mark.usefixtures("as_described")


def patience(behaviour: Behaviour) -> dict[str, str]:
    """How long to wait for an answer: not long where it is known that none comes."""
    return {"read_seconds": HURRIED} if behaviour in SILENT else {}


def trouble(bench: Bench, **options: str) -> ChannelError:
    """The error a send ends with; it names neither the person nor the words."""
    with pytest.raises(ChannelError) as caught:
        TwilioSms(account(bench, **options)).send(outbound(bench))
    assert bench.theirs not in str(caught.value)
    assert "aliyeumia" not in str(caught.value)
    return caught.value


def looked_up(bench: Bench, **options: str) -> Sequence[Found]:
    """What is found of the message in doubt."""
    now = datetime.now(UTC)
    return TwilioSms(account(bench, **options)).find(outbound(bench), now - timedelta(minutes=1), now)


def taken_late(bench: Bench) -> Entry:
    """The one message that was taken, perhaps after we gave up."""
    until = time.monotonic() + 20
    while not bench.accepted() and time.monotonic() < until:
        time.sleep(0.02)
    (taken,) = bench.accepted()
    return taken


def told(bench: Bench, count: int) -> list[DeliveryUpdate]:
    """What the status callbacks said to the desk: each was signed by Twilio."""
    calls = bench.listener.wait("/status", count)
    found = []
    for call in calls:
        TwilioSms(account(bench)).verify(came(bench, call))
        found += TwilioSms(account(bench)).parse(came(bench, call))
    assert all(isinstance(one, DeliveryUpdate) for one in found)
    return [one for one in found if isinstance(one, DeliveryUpdate)]


def test_a_message_is_taken_and_its_way_is_told(bench: Bench) -> None:
    receipt = TwilioSms(account(bench)).send(outbound(bench))
    (taken,) = bench.accepted()
    assert receipt == Receipt(taken.about)
    assert (taken["From"], taken["Body"]) == (bench.ours, outbound(bench).text)
    updates = told(bench, 2)
    assert [one.state for one in updates] == ["sent", "delivered"]
    assert {(one.provider_id, one.reference) for one in updates} == {(taken.about, REFERENCE)}
    bench.twilio.settle()
    assert TwilioSms(account(bench)).check(taken.about).state == "delivered"


def test_the_longest_text_and_the_most_files_leave_as_one_message(bench: Bench) -> None:
    urls = [f"https://desk.example/{number}.png" for number in range(10)]
    receipt = TwilioSms(account(bench)).send(outbound(bench, "ق" * 1600, *urls))
    (taken,) = bench.accepted()
    assert (taken.about, len(taken["Body"]), taken["media"]) == (receipt.provider_id, 1600, urls)


@pytest.mark.parametrize("behaviour, how, expected", [
    (Behaviour.THROTTLES, {"seconds": 17}, RetryLater),
    (Behaviour.THROTTLES, {}, RetryLater),
    (Behaviour.FAILS, {}, OutcomeUnknown),  # without an idempotency key a 500 is doubt
    (Behaviour.FAILS, {"status": 502}, OutcomeUnknown),
    (Behaviour.FAILS, {"status": 503}, Unreachable),
    (Behaviour.FAILS, {"status": 504}, OutcomeUnknown),
    (Behaviour.REFUSES, {"code": 21610}, OptedOut),
    (Behaviour.REFUSES, {"code": 21211}, Rejected),
    (Behaviour.REFUSES, {"code": 21408}, Rejected),
    (Behaviour.REFUSES, {"code": 21611}, RetryLater),
    (Behaviour.REVOKED, {}, AccountProblem),
    (Behaviour.HANGS_BEFORE, LOST, OutcomeUnknown),
    (Behaviour.CUTS_BEFORE, {}, OutcomeUnknown),
])
def test_what_was_not_taken_is_not_found_and_leaves_at_the_next_try(
        bench: Bench, behaviour: Behaviour, how: dict[str, Any], expected: type[ChannelError]) -> None:
    bench.twilio.script(behaviour, number=bench.theirs, method="POST", count=1, **how)
    problem = trouble(bench, **patience(behaviour))
    assert type(problem) is expected
    if behaviour is Behaviour.THROTTLES:
        assert isinstance(problem, RetryLater)
        assert problem.after == how.get("seconds", 30)
    assert bench.accepted() == []
    assert looked_up(bench) == []
    assert TwilioSms(account(bench)).send(outbound(bench)).provider_id


@pytest.mark.parametrize("behaviour, how", [
    (Behaviour.HANGS_AFTER, LOST), (Behaviour.CUTS_AFTER, {}), (Behaviour.MALFORMED, {}),
    (Behaviour.MALFORMED, {"body": ""}), (Behaviour.MALFORMED, {"body": "<html>oops</html>"}),
    (Behaviour.MALFORMED, {"body": '["no", "message"]'}), (Behaviour.MALFORMED, {"body": '{"sid": null}'}),
])
def test_a_lost_answer_is_found_in_the_list_and_proven_by_the_callback(bench: Bench, behaviour: Behaviour,
                                                                        how: dict[str, Any]) -> None:
    bench.twilio.script(behaviour, number=bench.theirs, method="POST", count=1, **how)
    assert type(trouble(bench, **patience(behaviour))) is OutcomeUnknown
    taken = taken_late(bench)
    assert [(one.provider_id, one.same_text) for one in looked_up(bench)] == [(taken.about, True)]
    assert {(one.provider_id, one.reference) for one in told(bench, 2)} == {(taken.about, REFERENCE)}


def test_a_callback_may_be_here_before_the_answer(bench: Bench) -> None:
    bench.twilio.script(Behaviour.WORKS, number=bench.theirs, count=1,
                        callbacks=(Callback("sent", before_answer=True), Callback("delivered")))
    receipt = TwilioSms(account(bench)).send(outbound(bench))
    assert told(bench, 1)[0] == DeliveryUpdate("sms", bench.ours, receipt.provider_id, "sent", reference=REFERENCE)


def test_a_provider_that_stands_still_takes_the_message_after_we_gave_up(bench: Bench) -> None:
    bench.twilio.hold()
    try:
        assert type(trouble(bench, read_seconds=HURRIED)) is OutcomeUnknown
        with pytest.raises(Unreachable):
            looked_up(bench, read_seconds=HURRIED)
    finally:
        bench.twilio.go_on()
    taken = taken_late(bench)
    assert [one.provider_id for one in looked_up(bench)] == [taken.about]


def test_two_sends_of_the_same_words_are_two_finds_for_a_person_to_judge(bench: Bench) -> None:
    sent = [TwilioSms(account(bench)).send(outbound(bench)).provider_id for _ in range(2)]
    TwilioSms(account(bench)).send(outbound(bench, "Something else"))
    assert [one.provider_id for one in looked_up(bench)] == sent[::-1]
    assert len(bench.twilio.ledger.accepted_twice()) >= 1


def test_a_replaced_token_and_a_suspended_account_are_our_problem(bench: Bench) -> None:
    old = account(bench)
    bench.twilio.new_token("2c" * 16)
    try:
        with pytest.raises(AccountProblem):
            TwilioSms(old).send(outbound(bench))
        assert TwilioSms(account(bench)).send(outbound(bench)).provider_id
        bench.twilio.new_token(bench.twilio.token, status="suspended")
        assert isinstance(trouble(bench), AccountProblem)
    finally:
        bench.twilio.new_token(old.secret)
    assert len(bench.accepted()) == 1


def test_who_said_stop_to_our_number_is_not_written_to(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "STOP")
    assert type(trouble(bench)) is OptedOut
    bench.twilio.write(bench.theirs, bench.ours, "START")
    assert TwilioSms(account(bench)).send(outbound(bench)).provider_id


@pytest.mark.parametrize("status, code, opted_out", [
    ("undelivered", 30003, False), ("failed", 30007, False), ("undelivered", 21610, True),
])
def test_a_later_failure_is_told_and_can_be_asked_after(bench: Bench, status: str, code: int,
                                                        opted_out: bool) -> None:
    bench.twilio.script(Behaviour.WORKS, number=bench.theirs, count=1,
                        callbacks=(Callback("sent"), Callback(status, code=code)))
    sid = TwilioSms(account(bench)).send(outbound(bench)).provider_id
    last = told(bench, 2)[-1]
    assert (last.state, last.opted_out) == ("failed", opted_out)
    assert str(code) in (last.error or "")
    bench.twilio.settle()
    asked = TwilioSms(account(bench)).check(sid)
    assert (asked.state, asked.error, asked.opted_out) == (last.state, last.error, last.opted_out)


@pytest.mark.parametrize("behaviour, how, expected", [
    (Behaviour.THROTTLES, {"seconds": 3}, RetryLater), (Behaviour.FAILS, {}, Unreachable),
    (Behaviour.HANGS_BEFORE, LOST, Unreachable), (Behaviour.CUTS_BEFORE, {}, Unreachable),
    (Behaviour.CUTS_AFTER, {}, Unreachable), (Behaviour.MALFORMED, {}, Unreachable),
    (Behaviour.REVOKED, {}, AccountProblem),
])
def test_asking_is_never_in_doubt(bench: Bench, behaviour: Behaviour, how: dict[str, Any],
                                  expected: type[ChannelError]) -> None:
    sid = TwilioSms(account(bench)).send(outbound(bench)).provider_id
    bench.twilio.script(behaviour, account=bench.twilio.account, method="GET", **how)
    adapter, short = TwilioSms(account(bench, **patience(behaviour))), patience(behaviour)
    for ask in (lambda: adapter.check(sid), lambda: adapter.poll(None), lambda: looked_up(bench, **short)):
        with pytest.raises(ChannelError) as caught:
            ask()
        assert type(caught.value) is expected


def test_whatsapp_answers_within_a_day_and_fails_later_in_words(bench: Bench) -> None:
    ours, theirs = f"whatsapp:{bench.ours}", f"whatsapp:{bench.theirs}"
    bench.twilio.add_number(ours, sms_url=f"{bench.listener.url}/sms")
    adapter = TwilioWhatsApp(account(bench, "whatsapp"))
    adapter.send(outbound(bench))
    (late,) = told(bench, 1)
    assert (late.channel, late.account_address, late.state) == ("whatsapp", bench.ours, "failed")
    assert "24 hours" in (late.error or "")
    bench.twilio.write(theirs, ours, "Habari")
    adapter.send(outbound(bench))
    assert [one.state for one in told(bench, 3)] == ["failed", "sent", "delivered"]
    assert {one["To"] for one in bench.twilio.ledger.accepted(theirs)} == {theirs}
