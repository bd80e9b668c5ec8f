"""Each thing the fake Twilio can be told to do wrong happens, and stands in a ledger that survives kill -9."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.fakes.conftest import Bench
from tests.fakes.listener import listening
from tests.fakes.twilio.client import client
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour, Callback

HURRIED = 0.5  # seconds an impatient client waits


def impatient(bench: Bench) -> Any:
    """The library with a short time-out."""
    return client(bench.twilio.address, bench.twilio.account, bench.twilio.token, timeout=HURRIED)


def lost(bench: Bench) -> None:
    """Send, and hear nothing."""
    with pytest.raises(requests.RequestException):
        impatient(bench).messages.create(to=bench.theirs, from_=bench.ours, body="Asante",
                                         status_callback=f"{bench.listener.url}/status")


def answered(bench: Bench) -> tuple[int, int]:
    """The status and code with which a message is refused."""
    with pytest.raises(TwilioRestException) as caught:
        bench.send()
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("behaviour, how, status, code", [
    (Behaviour.THROTTLES, {"seconds": 7}, 429, 20429),
    (Behaviour.FAILS, {}, 500, 20500),
    (Behaviour.FAILS, {"status": 503}, 503, 20500),
    (Behaviour.REFUSES, {"code": 21610}, 400, 21610),
    (Behaviour.REVOKED, {}, 401, 20003),
])
def test_a_refusal_takes_nothing(bench: Bench, behaviour: Behaviour, how: dict[str, Any], status: int,
                                 code: int) -> None:
    bench.twilio.script(behaviour, number=bench.theirs, count=1, **how)
    assert answered(bench) == (status, code)
    assert bench.accepted() == []
    assert bench.send().sid


def test_429_says_how_long_to_wait_or_does_not(bench: Bench) -> None:
    url = f"{bench.twilio.address}/2010-04-01/Accounts/{bench.twilio.account}/Messages.json"
    for seconds, header in ((7, "7"), (None, None)):
        bench.twilio.script(Behaviour.THROTTLES, method="GET", seconds=seconds, count=1)
        answer = requests.get(url, auth=bench.auth, timeout=10)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)


@pytest.mark.parametrize("behaviour, taken", [
    (Behaviour.HANGS_BEFORE, 0), (Behaviour.CUTS_BEFORE, 0), (Behaviour.HANGS_AFTER, 1), (Behaviour.CUTS_AFTER, 1),
])
def test_an_answer_is_lost_before_or_after_the_message_was_taken(bench: Bench, behaviour: Behaviour,
                                                                 taken: int) -> None:
    bench.twilio.script(behaviour, number=bench.ours, count=1, seconds=HURRIED * 2)
    lost(bench)
    if taken:
        bench.listener.wait("/status", 2)
        assert bench.listener.words() == ["sent", "delivered"]
    assert len(bench.accepted()) == taken


def test_hanging_takes_the_clients_whole_patience_and_cutting_none(bench: Bench) -> None:
    for behaviour, hangs in ((Behaviour.HANGS_BEFORE, True), (Behaviour.CUTS_BEFORE, False)):
        bench.twilio.script(behaviour, number=bench.ours, count=1, seconds=HURRIED * 2)
        began = time.monotonic()
        lost(bench)
        assert (time.monotonic() - began >= HURRIED) is hangs


@pytest.mark.parametrize("body", [None, "", "<html>oops</html>", '["no", "message"]'])
def test_a_201_that_nobody_can_read_was_taken_all_the_same(bench: Bench, body: str | None) -> None:
    bench.twilio.script(Behaviour.MALFORMED, number=bench.ours, count=1, body=body)
    try:
        sid = bench.send().sid
    except (ValueError, AttributeError, TypeError):
        sid = None
    assert sid is None
    assert len(bench.accepted()) == 1


def test_scripts_are_about_a_number_a_resource_and_the_next_so_many(bench: Bench) -> None:
    bench.twilio.script(Behaviour.FAILS, number=bench.theirs, resource="Messages", method="POST", count=2)
    assert bench.send(to="+447700999999").sid
    assert bench.library.messages.list(to=bench.theirs) == []
    assert [answered(bench)[0] for _ in range(2)] == [500, 500]
    assert bench.send().sid


def test_a_script_may_be_about_an_account_and_is_taken_back(bench: Bench) -> None:
    bench.twilio.script(Behaviour.FAILS, account="AC" + "0" * 32)
    assert bench.send().sid
    bench.twilio.script(Behaviour.FAILS, account=bench.twilio.account)
    assert answered(bench) == (500, 20500)
    bench.twilio.works_again()
    assert bench.send().sid


# ---------------------------------------------------------------- callbacks


def scripted(bench: Bench, *callbacks: Callback) -> Any:
    """Send one message with these callbacks; wait until nothing is due any more."""
    bench.twilio.script(Behaviour.WORKS, number=bench.theirs, count=1, callbacks=callbacks)
    sent = bench.send()
    bench.twilio.settle()
    return sent


def test_callbacks_come_in_any_order_and_the_message_shows_the_last_state(bench: Bench) -> None:
    sent = scripted(bench, Callback("delivered"), Callback("sent"), Callback("queued"))
    assert bench.listener.words() == ["delivered", "sent", "queued"]
    assert bench.library.messages(sent.sid).fetch().status == "delivered"


@pytest.mark.parametrize("status, code", [("undelivered", 30007), ("failed", 30003), ("undelivered", 21610)])
def test_a_message_fails_later_with_its_code(bench: Bench, status: str, code: int) -> None:
    sent = scripted(bench, Callback("sent"), Callback(status, code=code))
    last = bench.listener.at("/status")[-1]
    assert (last.form["MessageStatus"], last.form["ErrorCode"]) == (status, str(code))
    found = bench.library.messages(sent.sid).fetch()
    assert (found.status, found.error_code) == (status, code)


def test_a_callback_comes_many_times_at_once(bench: Bench) -> None:
    scripted(bench, Callback("delivered", times=5))
    calls = bench.listener.at("/status")
    assert bench.listener.words() == ["delivered"] * 5
    assert all(bench.signed(call) for call in calls)
    assert calls[-1].at - calls[0].at < 2


def test_a_callback_comes_before_the_answer(bench: Bench) -> None:
    bench.twilio.script(Behaviour.HANGS_AFTER, number=bench.theirs, count=1, seconds=HURRIED * 2,
                        callbacks=(Callback("delivered", before_answer=True),))
    lost(bench)
    bench.listener.wait("/status", 1)
    assert bench.listener.words() == ["delivered"]
    scripted(bench, Callback("sent", before_answer=True), Callback("delivered"))
    assert bench.listener.words() == ["delivered", "sent", "delivered"]


def test_a_callback_comes_late_or_when_the_test_says_so(bench: Bench) -> None:
    sent = scripted(bench, Callback("sent", after=0.4), Callback("delivered", withheld=True))
    assert bench.listener.words() == ["sent"]
    heard = bench.twilio.ledger.entries("accepted", sent.sid)[0].at
    assert bench.twilio.ledger.hooks(sent.sid)[0].at - heard >= 0.4
    assert bench.twilio.release(sent.sid, times=2) == [200, 200]
    assert bench.listener.words() == ["sent", "delivered", "delivered"]


def test_a_number_sends_one_message_after_the_other_at_its_pace(bench: Bench) -> None:
    bench.twilio.pace(0.5)
    try:
        sids = [bench.send(f"part {number}").sid for number in range(3)]
        bench.twilio.settle()
    finally:
        bench.twilio.pace(0)
    first, _, last = [bench.twilio.ledger.hooks(sid)[0].at for sid in sids]
    assert last - first >= 0.8


# ---------------------------------------------------------------- the token, the ledger, death


def test_a_token_that_was_replaced_is_good_no_more(bench: Bench) -> None:
    old = bench.twilio.token
    bench.twilio.new_token("2c" * 16)
    try:
        assert answered(bench) == (401, 20003)
        bench.twilio.write(bench.theirs, bench.ours, "Habari")
        assert bench.signed(bench.listener.at("/sms")[0])
    finally:
        bench.twilio.new_token(old)
    assert bench.send().sid


def test_a_suspended_account_sends_nothing(bench: Bench) -> None:
    bench.twilio.new_token(bench.twilio.token, status="suspended")
    try:
        assert answered(bench) == (403, 20005)
    finally:
        bench.twilio.new_token(bench.twilio.token)


def test_the_ledger_tells_what_was_taken_after_kill_9_and_goes_on_after_a_start(tmp_path: Path) -> None:
    ours, theirs = "+254700000100", "+447700900523"
    with listening() as listener, Twilio(tmp_path) as twilio:
        message = {"to": theirs, "from_": ours, "body": "Asante", "status_callback": f"{listener.url}/status?ref=1"}
        twilio.add_number(ours)
        twilio.script(Behaviour.HANGS_AFTER, count=1,
                      callbacks=(Callback("sent", after=0.01), Callback("delivered", after=2)))
        with pytest.raises(requests.RequestException):
            client(twilio.address, twilio.account, twilio.token, timeout=HURRIED).messages.create(**message)
        listener.wait("/status", 1)
        twilio.kill()
        (taken,) = twilio.ledger.accepted(theirs)
        assert listener.words() == ["sent"]
        twilio.start()
        listener.wait("/status", 2)
        assert listener.words() == ["sent", "delivered"]
        again = client(twilio.address, twilio.account, twilio.token).messages.create(**message)
        assert [one.about for one in twilio.ledger.accepted()] == [taken.about, again.sid]
        assert twilio.ledger.accepted_twice() == {message["status_callback"]: 2}


def test_a_fake_that_is_held_answers_later(bench: Bench) -> None:
    bench.twilio.hold()
    try:
        lost(bench)
        assert bench.accepted() == []
    finally:
        bench.twilio.go_on()
    assert bench.send().sid


@pytest.mark.parametrize("verb", ["DELETE FROM entries", "UPDATE entries SET about = ''"])
def test_the_ledger_never_forgets(bench: Bench, verb: str) -> None:
    bench.send()
    with closing(sqlite3.connect(bench.twilio.ledger.path)) as connection, \
            pytest.raises(sqlite3.IntegrityError, match="never forgets"):
        connection.execute(verb)


def test_every_answer_stands_in_the_ledger_with_its_request(bench: Bench) -> None:
    sent = bench.send()
    bench.twilio.script(Behaviour.CUTS_BEFORE, number=bench.theirs, count=1)
    lost(bench)
    requests_ = [one for one in bench.twilio.ledger.requests() if ["To", bench.theirs] in one["form"]]
    answers = {one["request"]: one for one in bench.twilio.ledger.entries("answered")}
    first, second = (answers[one.n] for one in requests_)
    assert (first.about, first["status"]) == (sent.sid, 201)
    assert (second.about, second["status"]) == ("", None)
