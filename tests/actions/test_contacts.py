"""People outside: what the network calls them never spells out the address that staff may not see."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from channels.base import InboundMessage
from tests.scene import CITIZEN, INTAKE, Scene
from triage import clock
from triage.actions import ingest, journal
from triage.db import db
from triage.models import Contact
from triage.queries import inbox


@pytest.mark.parametrize("name", [CITIZEN, "+254 711 000 523", "0711-000-523", "Amina +254711000523", "254711000523"])
def test_a_name_that_is_the_number_is_not_shown(scene: Scene, name: str) -> None:
    scene.arrives(InboundMessage("sms", INTAKE, "SM1", CITIZEN, "The station is closed.", sender_name=name))
    assert db.session.query(Contact).one().name is None
    (row,) = inbox.page(scene.operator("Maya"), "new").rows
    assert row.sender == "…23"


@pytest.mark.parametrize("name", ["Amina", "Ward 9 observer", "Radio 105.2", "R2D2"])
def test_any_other_name_is(scene: Scene, name: str) -> None:
    scene.arrives(InboundMessage("sms", INTAKE, "SM1", CITIZEN, "The station is closed.", sender_name=name))
    assert db.session.query(Contact).one().name == name


def _says(scene: Scene, word: str, at: datetime) -> None:
    message = scene.message(word)
    arrival = journal.Arrival("simulator", "sms", message.external_id, word.encode(), received_at=at)
    scene.do(lambda: ingest.receive(arrival, lambda: [message]))


def _stopped(scene: Scene) -> bool:
    scene.head()
    return db.session.query(Contact).one().opted_out_at is not None


def test_a_start_that_waited_outside_does_not_take_back_the_stop_that_was_said_after_it(scene: Scene) -> None:
    """It waited in the spool or in quarantine; STOP came straight in."""
    scene.sms("The station is closed.")
    now = clock.now()
    _says(scene, "STOP", now - timedelta(hours=2))
    _says(scene, "STOP", now)
    _says(scene, "START", now - timedelta(minutes=5))
    assert _stopped(scene)
    _says(scene, "START", now + timedelta(seconds=1))
    assert not _stopped(scene)


def test_a_stop_that_waited_counts_from_when_it_was_said(scene: Scene) -> None:
    scene.sms("The station is closed.")
    now = clock.now()
    _says(scene, "STOP", now - timedelta(minutes=10))
    _says(scene, "START", now - timedelta(minutes=5))
    assert not _stopped(scene)
