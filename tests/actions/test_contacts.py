"""People outside: what the network calls them never spells out the address that staff may not see."""

from __future__ import annotations

import pytest

from channels.base import InboundMessage
from tests.scene import CITIZEN, INTAKE, Scene
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
