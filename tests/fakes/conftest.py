"""A fake Twilio for all tests here, and for each of them numbers of its own and a desk that listens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.fakes.listener import Call, Listener, listening
from tests.fakes.twilio.client import client
from tests.fakes.twilio.ledger import Entry
from tests.fakes.twilio.process import Twilio

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def one_twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    """The process, started once; whoever kills it needs one of their own."""
    with Twilio(tmp_path_factory.mktemp("twilio")) as started:
        yield started
        assert started.log() == "", "the fake itself made a mistake"


@dataclass
class Bench:
    """A number of ours, somebody to write to, a desk that listens, and the true library."""

    twilio: Twilio
    listener: Listener
    library: Client
    ours: str
    theirs: str

    def send(self, body: str = "Asante", **given: Any) -> Any:
        """One message by the library, reported to the listener's `/status`."""
        usual = {"to": self.theirs, "from_": self.ours, "body": body, "status_callback": f"{self.listener.url}/status"}
        return self.library.messages.create(**{**usual, **given})

    @property
    def auth(self) -> tuple[str, str]:
        """The account and its token, for requests without the library."""
        return self.twilio.account, self.twilio.token

    def accepted(self) -> list[Entry]:
        """What the ledger says was sent to our person."""
        return self.twilio.ledger.accepted(self.theirs)

    def signed(self, call: Call, base: str | None = None) -> bool:
        """Whether Twilio's own validator takes a request for Twilio's."""
        validator = RequestValidator(self.twilio.token)
        values = call.body if call.headers["Content-Type"] == "application/json" else call.form
        url = (base or self.listener.url) + call.path
        return bool(validator.validate(url, values, call.headers["X-Twilio-Signature"]))


@pytest.fixture
def bench(one_twilio: Twilio) -> Iterator[Bench]:
    """A fresh bench; when the test is over everything works again."""
    number = next(numbers)
    ours, theirs = f"+2547000{number:05}", f"+4477009{number:05}"
    with listening() as listener:
        one_twilio.add_number(ours, sms_url=f"{listener.url}/sms", voice_url=f"{listener.url}/voice",
                              status_callback=f"{listener.url}/ended")
        library = client(one_twilio.address, one_twilio.account, one_twilio.token)
        yield Bench(one_twilio, listener, library, ours, theirs)
        one_twilio.works_again()
        one_twilio.settle()


@pytest.fixture
def as_described(bench: Bench) -> Iterator[None]:
    """Whatever the test asks the fake is what the official description allows."""
    before = len(bench.twilio.ledger.problems())
    yield
    assert bench.twilio.ledger.problems()[before:] == []
