"""Being stopped while something is on its way, and news about a send that is not written down yet."""

from __future__ import annotations

import pytest

from channels.base import Sender
from channels.simulator import Behaviour
from tests.faults.stage import Stage
from tests.patience import until
from tests.processes import Figures
from tests.scene import Scene
from triage import connections
from triage.actions import deliveries, replies
from triage.db import db
from triage.models import Account, Operator

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CALM = {"demo": False, "acknowledge": False, "attempt_seconds": 2}
desk = pytest.mark.parametrize("settings", [pytest.param(CALM, id="desk")], indirect=True)


def answer_slowly(stage: Stage, seconds: float) -> None:
    """An answer is on its way, and the carrier takes so long to accept it."""
    stage.store.script(Behaviour.SLOW, seconds=seconds)
    stage.open()
    stage.writes("The doors are locked")
    assert stage.carry_all()
    stage.browser.sign_in("maya@desk.example")
    stage.browser.take(1)
    form = stage.browser.form(1)
    assert form is not None
    stage.browser.reply(1, form, "We are on our way.")
    assert until(lambda: len(stage.store.requests()) == 1)


@desk
@pytest.mark.only("sqlite")  # where the server sends; how a worker is stopped: tests/workers/test_nodes.py
@pytest.mark.parametrize("seconds, at_stop, end", [(1.0, "sent", "delivered"), (12.0, "sending", "uncertain")],
                         ids=["what is done in time is waited for", "what is not is in doubt, never repeated"])
def test_terminated_twice_while_sending(stage: Stage, figures: Figures, seconds: float, at_stop: str, end: str) -> None:
    answer_slowly(stage, seconds)
    status = stage.served.stop_twice()
    assert stage.one("SELECT state FROM deliveries") == at_stop
    stage.store.script(Behaviour.WORKS)
    stage.open()
    assert until(lambda: (stage.carry(), stage.one("SELECT state FROM deliveries") == end)[-1])
    assert len(stage.store.requests()) == 1
    stage.nothing_lost_or_doubled()
    figures(f"exit status {status}, {at_stop} when stopped, ends {end}")


@pytest.mark.parametrize("settings", [pytest.param({**CALM, "attempt_seconds": 60}, id="desk")], indirect=True)
def test_a_status_before_its_send_is_written_down_is_parked_and_then_applied(
    scene: Scene, stage: Stage, figures: Figures
) -> None:
    order = begin(scene)
    receipt = sender_of(order).send(order.message)
    stage.open()
    assert stage.carry_all()  # the desk said yes to a status of a send it does not know
    assert stage.ask("SELECT state, due_at IS NOT NULL FROM inbound ORDER BY id DESC LIMIT 1") == [("received", 1)]
    assert stage.one("SELECT state FROM deliveries") == "sending"
    accepted = deliveries.Settlement("accepted", provider_id=receipt.provider_id)
    scene.do(lambda: deliveries.settle(order.attempt_id, accepted))
    assert until(lambda: stage.one("SELECT state FROM deliveries") == "delivered")
    assert stage.one("SELECT count(*) FROM inbound WHERE state = 'received'") == 0
    assert stage.one("SELECT count(*) FROM events WHERE kind = 'delivery.sent'") == 1
    assert stage.store.accepted_twice() == {}
    figures("parked while sending, delivered after it was settled")


def begin(scene: Scene) -> deliveries.SendOrder:
    """An answer of Maya, its attempt begun and committed."""
    maya = db.session.get_one(Operator, 1)
    report = scene.sms("The doors are locked")
    fence = scene.claim(report, maya).id
    given = scene.do(lambda: replies.reply(report.id, maya, fence, scene.head(), "We are on our way.", "parked-1"))
    order = scene.do(lambda: deliveries.begin_attempt(given.id))
    assert isinstance(order, deliveries.SendOrder)
    return order


def sender_of(order: deliveries.SendOrder) -> Sender:
    """The channel the order leaves by."""
    channel = connections.connect(db.session.get_one(Account, order.account_id))
    db.session.remove()
    assert isinstance(channel, Sender)
    return channel
