"""A picture on its way from a telephone to the desk: the fake, the desk's adapter, and every trouble between."""

from __future__ import annotations

import pytest

from channels.base import InboundMessage, RemoteFile
from channels.errors import AccountProblem, RetryLater, Unreachable
from channels.twilio_sms import TwilioSms
from channels.twilio_voice import TwilioVoice
from tests.cleaning.planted import jpeg
from tests.fakes.conftest import Bench
from tests.fakes.desk import account, came
from tests.fakes.twilio.scripts import Behaviour

FILE = (("image/jpeg", jpeg()),)


def file(bench: Bench) -> RemoteFile:
    """Somebody sends a picture; where the desk reads that it lies."""
    bench.twilio.write(bench.theirs, bench.ours, "Picha", media=FILE)
    (said,) = TwilioSms(account(bench)).parse(came(bench, bench.listener.wait("/sms", 1)[0]))
    assert isinstance(said, InboundMessage)
    return said.remote_files[0]


def test_a_picture_is_fetched(bench: Bench) -> None:
    assert TwilioSms(account(bench)).fetch(file(bench)) == jpeg()
    assert TwilioVoice(account(bench, "voice")).fetch(file(bench)) == jpeg()


def test_the_token_stays_behind_where_the_fake_sends_on(bench: Bench) -> None:
    other = bench.twilio.address.replace("127.0.0.1", "localhost")
    wanted, before = file(bench), len(bench.twilio.ledger.problems())
    bench.twilio.order("cdn", base=other)
    try:
        assert TwilioSms(account(bench, media_base=other)).fetch(wanted) == jpeg()
    finally:
        bench.twilio.order("cdn", base="")
    assert bench.twilio.ledger.problems()[before:] == []


@pytest.mark.parametrize("script, error", [
    ({"behaviour": Behaviour.FAILS, "status": 404}, Unreachable), ({"behaviour": Behaviour.FAILS}, Unreachable),
    ({"behaviour": Behaviour.THROTTLES, "seconds": 7}, RetryLater), ({"behaviour": Behaviour.REVOKED}, AccountProblem),
    ({"behaviour": Behaviour.CUTS_BEFORE}, Unreachable)])
def test_what_is_not_there_now_is_there_later(bench: Bench, script: dict[str, object], error: type[Exception]) -> None:
    wanted = file(bench)
    bench.twilio.script(resource="Media", method="GET", count=1, **script)
    with pytest.raises(error) as raised:
        TwilioSms(account(bench)).fetch(wanted)
    if isinstance(raised.value, RetryLater):
        assert raised.value.after == 7
    assert TwilioSms(account(bench)).fetch(wanted) == jpeg()
