"""The price list: corrected in place, in the history once, and only for what can be carried."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.scene import Scene
from triage.actions import prices
from triage.db import db
from triage.errors import BadInput, Forbidden, NotFound
from triage.events import Kind
from triage.models import Event, Price
from triage.queries import costs


def put(scene: Scene, region: str, micros: int, channel: str = "sms", provider: str = "simulator") -> None:
    """Set one price, as the command line does."""
    scene.do(lambda: prices.set_price(channel, provider, region, micros))


def test_a_price_is_corrected_in_place_and_said_once(scene: Scene) -> None:
    for micros in (30_000, 30_000, 32_000):
        put(scene, "ke", micros)
    assert db.session.execute(select(Price.region, Price.micros)).all() == [("KE", 32_000)]
    said = db.session.scalars(select(Event.data).where(Event.kind == Kind.PRICE_SET).order_by(Event.seq)).all()
    assert [data["micros"] for data in said] == [30_000, 32_000]


def test_a_price_taken_off_the_list_is_not_known_any_more(scene: Scene) -> None:
    put(scene, "*", 30_000)
    number = db.session.scalars(select(Price.id)).one()
    scene.do(lambda: prices.remove_price(number))
    assert costs.price_of("sms", "simulator", "KE") is None
    with pytest.raises(NotFound):
        scene.do(lambda: prices.remove_price(number))


@pytest.mark.parametrize("channel, provider, region, micros, said", [
    ("sms", "simulator", "KEN", 1, "two letters"), ("sms", "simulator", "XX", 1, "two letters"),
    ("sms", "simulator", "KE", -1, "0 or more"), ("sms", "simulator", "KE", 10**16, "0 or more"),
    ("sms", "acme", "KE", 1, "cannot be carried by acme"), ("pigeon", "simulator", "KE", 1, "no channel called pigeon"),
])
def test_what_is_no_price_is_refused_with_a_sentence(
    scene: Scene, channel: str, provider: str, region: str, micros: int, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        put(scene, region, micros, channel, provider)
    assert db.session.scalars(select(Price)).all() == []


def test_prices_are_set_by_those_who_manage_accounts(scene: Scene) -> None:
    amina = scene.operator("Amina")
    with pytest.raises(Forbidden):
        scene.do(lambda: prices.set_price("sms", "simulator", "KE", 1, amina))
