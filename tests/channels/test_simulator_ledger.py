"""The simulator's carrier misbehaves as told, and its ledger never forgets."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

import pytest

from channels.base import AccountSettings, OutboundMessage
from channels.errors import AccountProblem, ChannelError, OutcomeUnknown, Rejected, RetryLater, Unreachable
from channels.simulator import Behaviour, SimulatorPosts, SimulatorSms, Store, Written

AMINA, BEN = "+254700000101", "+254700000102"
PHONE, OTHER = "+447700900523", "+447700900644"
Send = Callable[..., str]

FAILURES = [
    (Behaviour.THROTTLES, RetryLater, 0), (Behaviour.REFUSES, Rejected, 0),
    (Behaviour.ACCOUNT_PROBLEM, AccountProblem, 0), (Behaviour.UNREACHABLE, Unreachable, 0),
    (Behaviour.CUTS_OFF_BEFORE, OutcomeUnknown, 0), (Behaviour.CUTS_OFF_AFTER, OutcomeUnknown, 1),
]


@pytest.fixture
def send(store: Store) -> Send:
    """Sends a text message by the adapter, as the desk does."""

    def by(key: str = "delivery-1", *, account: str = AMINA, to: str = PHONE) -> str:
        settings = AccountSettings("sms", account, "shared", {"path": store.path})
        return SimulatorSms(settings).send(OutboundMessage(to, "Asante", key)).provider_id

    return by


@pytest.mark.parametrize("behaviour, error, accepted", FAILURES)
def test_each_scripted_failure_happens_and_is_written_down(store: Store, send: Send, behaviour: Behaviour,
                                                          error: type[ChannelError], accepted: int) -> None:
    store.script(behaviour, seconds=12.0, count=1)
    with pytest.raises(error) as caught:
        send()
    assert getattr(caught.value, "after", 12.0) == 12.0
    assert PHONE not in str(caught.value)
    assert len(store.sent_to(PHONE)) == accepted
    (request,) = store.requests()
    assert (request.behaviour, request.account, request.idempotency_key) == (behaviour, AMINA, "delivery-1")
    assert request.answer == ("accepted" if accepted else behaviour)


def test_a_slow_carrier_accepts_after_a_while(store: Store, send: Send) -> None:
    store.script(Behaviour.SLOW, seconds=0.15)
    began = time.monotonic()
    assert send() == store.sent_to(PHONE)[0].id
    assert time.monotonic() - began >= 0.15


def test_a_send_that_fails_later_is_accepted_first(store: Store, send: Send) -> None:
    store.script(Behaviour.FAILS_LATER, recipient=PHONE)
    send()
    (row,) = store.rows("SELECT body FROM hooks WHERE kind = 'status'")
    assert '"status": "failed"' in row["body"]


def test_only_the_next_sends_fail_where_a_count_is_given(store: Store, send: Send) -> None:
    store.script(Behaviour.UNREACHABLE, count=2)
    for key in ("delivery-1", "delivery-2"):
        with pytest.raises(Unreachable):
            send(key)
    assert send("delivery-3")


def test_a_word_about_one_recipient_counts_more_than_one_about_all(store: Store, send: Send) -> None:
    store.script(Behaviour.REFUSES)
    store.script(Behaviour.WORKS, recipient=PHONE, count=1)
    store.script(Behaviour.ACCOUNT_PROBLEM, account=BEN)
    assert send()
    with pytest.raises(AccountProblem):
        send("delivery-2", account=BEN, to=OTHER)
    with pytest.raises(Rejected):
        send("delivery-3")


def test_works_takes_an_earlier_word_back(store: Store, send: Send) -> None:
    store.script(Behaviour.REFUSES, recipient=PHONE)
    assert store.behaviours() == {PHONE: Behaviour.REFUSES}
    store.script(Behaviour.WORKS, recipient=PHONE)
    assert store.behaviours() == {}
    assert send()


def test_sent_twice_is_counted_where_a_repeat_is_a_second_message(store: Store, send: Send) -> None:
    assert send() != send()
    assert store.accepted_twice() == {"delivery-1": 2}
    assert store.ledger_counts().sent_twice == 1


def test_a_repeated_post_is_one_post_also_after_a_lost_answer(store: Store) -> None:
    settings = AccountSettings("mastodon", "@desk", "shared", {"path": store.path})
    posts, message = SimulatorPosts(settings), OutboundMessage("@rosa", "Obrigada", "delivery-1")
    store.script(Behaviour.CUTS_OFF_AFTER, count=1)
    with pytest.raises(OutcomeUnknown):
        posts.send(message)
    (accepted,) = store.accepted()
    assert posts.send(message).provider_id == accepted.id
    assert store.accepted_twice() == {}
    assert [each.answer for each in store.requests()] == ["accepted", "repeated"]


def test_an_account_without_a_file_says_so() -> None:
    with pytest.raises(AccountProblem):
        SimulatorSms(AccountSettings("sms", AMINA, "shared")).send(OutboundMessage(PHONE, "Asante", "delivery-1"))


@pytest.mark.parametrize("table", ["messages", "hook_tries", "requests", "accepted"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET n = n + 100"])
def test_the_ledger_never_forgets(store: Store, send: Send, table: str, verb: str) -> None:
    store.write(Written("sms", PHONE, AMINA, "Habari"))
    (hook,) = store.lease(1)
    store.note_try(hook, 503, None, pause=1.0)
    send()
    with pytest.raises(sqlite3.IntegrityError, match="never forgets"), store.writing() as connection:
        connection.execute(verb.format(table))


def test_a_written_id_is_written_once(store: Store) -> None:
    written = Written("sms", PHONE, AMINA, "Habari", id="SM-again")
    assert store.write_many([written, written]) == ["SM-again", "SM-again"]
    assert store.ledger_counts().written == 1


def test_people_are_kept_renamed_and_put_away(store: Store) -> None:
    store.add_person("sms", PHONE, "Neema")
    store.add_person("sms", OTHER, "Otieno")
    store.add_person("sms", PHONE, "Neema K.")
    assert [person.name for person in store.people()] == ["Neema K.", "Otieno"]
    store.write(Written("sms", PHONE, AMINA, "Habari"))
    assert store.strangers() == []
    store.put_away("sms", PHONE)
    assert [person.address for person in store.strangers()] == [PHONE]
