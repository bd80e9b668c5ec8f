"""A desk whose numbers stand at a provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from tests.fakes.twilio.process import Twilio
from tests.flows.twilio_desk import TwilioDesk, at_twilio, furnish
from tests.scene import Scene


@pytest.fixture(scope="session")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    """One fake Twilio for the flows of this process; whatever a desk asks of it is as the description allows."""
    with Twilio(tmp_path_factory.mktemp("twilio")) as started:
        yield started
        assert started.ledger.problems() == []
        assert started.log() == "", "the fake itself made a mistake"


@pytest.fixture
def own_twilio(tmp_path: Path) -> Iterator[Twilio]:
    """A fake Twilio of this test's own: what it lists was written and sent in this test."""
    with Twilio(tmp_path) as started:
        yield started
        assert started.ledger.problems() == []
        assert started.log() == "", "the fake itself made a mistake"


@pytest.fixture
def twilio_desk(scene: Scene, settings: config.Settings, twilio: Twilio) -> Iterator[TwilioDesk]:
    """A desk that Twilio can reach, with Maya signed in."""
    furnish(scene)
    desk = TwilioDesk(at_twilio(settings, twilio), twilio)
    yield desk.open()
    desk.close()
