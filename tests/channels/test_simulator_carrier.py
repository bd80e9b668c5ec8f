"""The network between the made-up phones and the desk: it repeats until it hears yes, and writes down every try."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from channels.base import AccountSettings, DeliveryUpdate, InboundMessage
from channels.simulator import Carrier, SimulatorPosts, SimulatorSms, Store, Written
from channels.simulator.carrier import address
from channels.simulator.records import Offer
from tests.channels.desk_door import Door

SECRET = "shared"
DESK, PHONE = "+254700000100", "+447700900523"


@pytest.fixture
def carrier(store: Store) -> Carrier:
    """A carrier that does not wait between tries."""
    return Carrier(store.path, SECRET, pause=0.0)


def sms(text: str = "Mzee ameanguka", **more: object) -> Written:
    return Written("sms", PHONE, DESK, text, "Neema", **more)


def receiver() -> SimulatorSms:
    return SimulatorSms(AccountSettings("sms", DESK, SECRET))


def test_what_a_citizen_writes_arrives_signed_and_readable(store: Store, carrier: Carrier, door: Door) -> None:
    own = store.write(sms())
    assert carrier.deliver_due(door.url).taken == 1
    (call,) = door.calls
    assert call.url == f"{door.url}/hooks/simulator/sms"
    receiver().verify(call)
    (found,) = receiver().parse(call)
    assert isinstance(found, InboundMessage)
    assert (found.external_id, found.sender, found.text) == (own, PHONE, "Mzee ameanguka")
    assert found.sent_at is not None
    assert receiver().external_key(call) == own
    assert store.received() == [own]


@pytest.mark.parametrize("hook_url", ["", "/", "/hooks/simulator", "/hooks/simulator/"])
def test_the_desk_or_its_hooks_may_be_named(hook_url: str) -> None:
    base = "https://desk.example"
    assert address(base + hook_url, "sms") == f"{base}/hooks/simulator/sms"


def test_a_no_is_tried_again_until_yes_and_every_try_is_written_down(store: Store, carrier: Carrier,
                                                                     door: Door) -> None:
    door.answers = [503, 403, 0, 302]
    own = store.write(sms())
    assert [carrier.deliver_due(door.url).taken for _ in range(6)] == [0, 0, 0, 0, 1, 0]
    tries = store.tries(own)
    assert [each.status for each in tries] == [503, 403, None, 302, 200]
    assert tries[2].problem == "ConnectionError"
    assert len({call.body for call in door.calls}) == 1
    assert store.pending() == 0


def test_pauses_grow(store: Store, door: Door) -> None:
    door.answers = [500] * 9
    carrier = Carrier(store.path, SECRET, pause=7.0)
    own = store.write(sms())
    waits = []
    for _ in range(5):
        carrier.deliver_due(door.url)
        (row,) = store.rows("SELECT due_at FROM hooks WHERE key = ?", own)
        waits.append(round(row["due_at"] - store.tries(own)[-1].at.timestamp()))
        assert carrier.deliver_due(door.url).tried == 0
        store.hurry()
    assert waits == [7, 14, 28, 56, 60]


def test_a_desk_that_is_away_loses_nothing(store: Store, carrier: Carrier, door: Door) -> None:
    own = [store.write(sms(str(number))) for number in range(3)]
    assert carrier.deliver_due("http://127.0.0.1:9").taken == 0
    assert store.conversation("sms", PHONE)[0].state == "troubled"
    assert carrier.deliver_due(door.url).taken == 3
    assert store.received() == own


def test_a_stuttering_network_hands_over_the_same_bytes_again(store: Store, carrier: Carrier, door: Door) -> None:
    store.write(sms(times=3))
    for _ in range(5):
        carrier.deliver_due(door.url)
    assert len(door.calls) == 3
    assert len({(call.body, call.url) for call in door.calls}) == 1


def test_a_message_lost_on_the_way_never_arrives_and_is_counted(store: Store, carrier: Carrier, door: Door) -> None:
    store.write_many([sms("lost", times=0), sms("found")])
    carrier.deliver_due(door.url)
    assert [json.loads(call.body)["text"] for call in door.calls] == ["found"]
    counts = store.ledger_counts()
    assert (counts.written, counts.handed_over, counts.waiting, counts.lost) == (2, 1, 0, 1)


def test_broken_characters_travel_and_are_mended_at_the_desk(store: Store, carrier: Carrier, door: Door) -> None:
    store.write(sms("a\0b\ud83dc"))
    carrier.deliver_due(door.url)
    (found,) = receiver().parse(door.calls[0])
    assert isinstance(found, InboundMessage)
    assert found.text == "a\ufffdb\ufffdc"
    assert store.conversation("sms", PHONE)[0].text == found.text


def test_a_send_is_reported_as_delivered_a_moment_later(store: Store, carrier: Carrier, door: Door) -> None:
    own = store.take(Offer("sms", DESK, PHONE, "Asante", "delivery-1"), idempotent=False, reports=True)
    assert carrier.deliver_due(door.url).tried == 0
    store.hurry()
    carrier.deliver_due(door.url)
    receiver().verify(door.calls[0])
    assert receiver().parse(door.calls[0]) == [DeliveryUpdate("sms", DESK, own, "delivered")]
    assert receiver().external_key(door.calls[0]) == f"{own}:delivered"
    assert store.conversation("sms", PHONE)[-1].state == "delivered"


def test_posts_know_the_post_their_thread_began_with(store: Store, carrier: Carrier, door: Door) -> None:
    first = store.write(Written("mastodon", "@rosa", "@desk", "Acabaram os boletins"))
    answer = store.take(Offer("mastodon", "@desk", "@rosa", "Obrigada", "delivery-1", first),
                        idempotent=True, reports=False)
    store.write(Written("mastodon", "@rosa", "@desk", "Ainda nada", in_reply_to=answer))
    store.write(Written("mastodon", "@ines", "@desk", "", repost_of=first))
    carrier.deliver_due(door.url)
    posts = SimulatorPosts(AccountSettings("mastodon", "@desk", SECRET))
    found = [posts.parse(call)[0] for call in door.calls]
    assert {item.thread_key for item in found if isinstance(item, InboundMessage)} == {f"mastodon:{first}"}
    assert found[2].text == "Acabaram os boletins"
    assert store.conversation("mastodon", "@rosa")[0].reposts == 1


@pytest.mark.races
def test_carriers_side_by_side_hand_each_message_over_once(store: Store, door: Door) -> None:
    own = store.write_many([sms(str(number)) for number in range(120)])

    def carry() -> int:
        carrier = Carrier(store.path, SECRET)
        return sum(carrier.deliver_due(door.url, limit=7).taken for _ in range(6))

    with ThreadPoolExecutor(6) as pool:
        handed = list(pool.map(lambda _: carry(), range(6)))
    assert sum(handed) == len(door.calls) == 120
    assert sorted(store.received()) == sorted(own)


def test_a_carrier_that_died_leaves_its_messages_to_the_next(store: Store, carrier: Carrier, door: Door,
                                                            tmp_path: Path) -> None:
    store.write(sms())
    assert len(store.lease(10)) == 1  # and then it died
    assert carrier.deliver_due(door.url).tried == 0
    store.hurry()
    assert carrier.deliver_due(door.url).taken == 1
