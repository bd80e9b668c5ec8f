"""Prices and spending: a country's own price, the one for elsewhere, and what 24 hours have cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.scene import Scene
from triage import clock
from triage.db import db
from triage.errors import Forbidden
from triage.models import DeliveryAttempt, Price
from triage.queries import costs


@pytest.fixture
def listed(scene: Scene) -> Scene:
    """A desk with a short price list."""
    def add() -> None:
        for region, micros in (("KE", 32_000), ("*", 95_000)):
            db.session.add(Price(channel="sms", provider="simulator", region=region, micros=micros))

    scene.do(add)
    return scene


@pytest.mark.parametrize("channel, region, micros", [
    ("sms", "KE", 32_000), ("sms", "ke", 32_000), ("sms", "TZ", 95_000), ("sms", None, 95_000), ("sms", "*", 95_000),
    ("mastodon", "KE", None),
])
def test_the_price_of_a_country_stands_before_the_one_for_elsewhere(
    listed: Scene, channel: str, region: str | None, micros: int | None
) -> None:
    assert costs.price_of(channel, "simulator", region) == micros


def test_what_was_spent_counts_the_attempts_since_then(listed: Scene) -> None:
    other = listed.account("sms", "+254700000801", can_send=True)
    listed.sms("No ink")
    listed.sms("No papers", "+254711000524")
    listed.sms("No light", "+254711000525", to=other.address)
    assert listed.carry() == 3  # acknowledgements
    listed.do(lambda: db.session.execute(update(DeliveryAttempt).values(cost_micros=64_000)))
    number, now = listed.intake.id, clock.now()
    assert costs.spent(number, now - costs.DAY) == 128_000
    assert costs.spent(number, now + timedelta(minutes=1)) == 0
    assert costs.spent_by_account([number, other.id], now - costs.DAY) == {number: 128_000, other.id: 64_000}
    assert costs.spent_by_account([other.id], now - costs.DAY) == {other.id: 64_000}


def test_an_attempt_without_a_price_counts_nothing(scene: Scene) -> None:
    scene.sms("No ink")
    assert scene.carry() == 1
    assert costs.spent(scene.intake.id, clock.now() - costs.DAY) == 0
    assert costs.spent_by_account([scene.intake.id], clock.now() - costs.DAY) == {}


def test_the_price_list_is_for_those_who_manage_accounts(listed: Scene) -> None:
    boss, amina = listed.operator("Zawadi", "coordinator"), listed.operator("Amina")
    assert [price.region for price in costs.prices(boss)] == ["KE", "*"]
    with pytest.raises(Forbidden):
        costs.prices(amina)
