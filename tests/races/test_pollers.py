"""Several processes ask for one account at once. With the lease one of them does; without it nothing is doubled."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from sqlalchemy import func, select

import config
from tests import checker
from tests.fakes.twilio.process import Twilio
from tests.flows.conftest import own_twilio
from tests.flows.twilio_desk import at_twilio
from tests.processes import SIZE, Crew, Figures, Seat
from tests.scene import Scene
from triage.actions import polling
from triage.db import db
from triage.models import Account, Delivery, Message
from triage.workers import poll as polls

__all__ = ["own_twilio"]

pytestmark = pytest.mark.races
ROUNDS, EACH = 4, 8
NO_LEASE = timedelta(days=-1)  # over before it begins


@pytest.fixture
def settings(settings: config.Settings, own_twilio: Twilio) -> config.Settings:
    return at_twilio(settings, own_twilio)


def ask(seat: Seat, number: int, lease: timedelta) -> int:
    """Ask once, all together; how often the provider was asked by us."""
    asked = mock.Mock(side_effect=polls._ask)
    with mock.patch.object(polling, "LEASE", lease), mock.patch.object(polls, "_ask", asked):
        polls.poll(number, timedelta())
    return int(asked.call_count)


def count(model: type, *conditions: object) -> int:
    """How many rows a table has."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


@pytest.mark.parametrize("lease", [polling.LEASE, NO_LEASE], ids=["lease", "no-lease"])
def test_what_several_find_at_once_is_there_once(
    scene: Scene, settings: config.Settings, crew: Crew, own_twilio: Twilio, figures: Figures, lease: timedelta
) -> None:
    ours = f"+25470088{int(lease is NO_LEASE)}{len(settings.database_url) % 1000:04}"
    account = scene.account("sms", ours, can_send=True, provider="twilio")
    number = account.id
    own_twilio.add_number(ours)
    polls.poll(number, timedelta())
    asked, before = [], db.session.get_one(Account, number).cursor
    for turn in range(ROUNDS):
        for person in range(EACH):
            own_twilio.write(f"+4477009{turn}{person:04}", ours, f"Kituo {turn}", withheld=True)
        asked.append(sum(crew.race(settings, ask, number, lease)))
    row = db.session.get_one(Account, number, populate_existing=True)
    assert (count(Message, Message.direction == "in"), count(Delivery)) == (ROUNDS * EACH, ROUNDS * EACH)
    assert row.cursor != before
    assert max(asked) > 1 or lease is not NO_LEASE, "nobody met"
    checker.check(settings)
    figures(f"{SIZE} processes asked for one account {ROUNDS} times; the provider heard {asked}")
