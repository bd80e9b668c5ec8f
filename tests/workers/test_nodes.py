"""Two web nodes and two workers on one PostgreSQL and one Redis: whoever does something, all know, and one sends."""

from __future__ import annotations

import signal
import time

import pytest

from tests.patience import until
from tests.processes import Figures
from tests.sockets import Socket, cookie
from tests.workers.nodes import Nodes
from triage.actions import people, sessions
from triage.queries import outbox
from triage.workers.doorbell import QUEUE, Bell

pytestmark = [pytest.mark.redis, pytest.mark.postgresql, pytest.mark.timeout(240)]

SOON = 5.0  # long before any process begins to send in the workers' place


@pytest.fixture(scope="module")
def whole(nodes: Nodes) -> Nodes:
    """Two nodes run."""
    nodes.node()
    nodes.node()
    return nodes


@pytest.fixture
def two(whole: Nodes) -> Nodes:
    """Two nodes and two workers run."""
    while len(whole.workers) < 2:
        whole.worker()
    return whole


def test_what_happens_on_one_node_is_hinted_at_once_on_the_other(two: Nodes, figures: Figures) -> None:
    first, second = two.nodes
    browser = two.signed_in(first)
    socket = Socket(second, Origin=second.address, Cookie=cookie(second, two.maya))
    socket.head(at_least=two.scene.head())
    report, took = two.held(), []
    for number in range(10):
        browser.form(report.id)
        before, begun = two.scene.head(), time.monotonic()
        browser.post(f"/desk/reports/{report.id}/note", text=f"Note {number}")
        socket.head(at_least=before + 1)
        took.append((time.monotonic() - begun) * 1000)
        assert two.scene.head() == before + 1
    socket.close()
    figures(f"a note's hint is on the other node {sorted(took)[5]:.0f} ms (median) after it was posted")
    assert max(took) < SOON * 1000


def test_an_answer_taken_by_a_node_is_sent_once_by_a_worker(two: Nodes, figures: Figures) -> None:
    browser = two.signed_in(two.nodes[0])
    took = []
    for number in range(10):
        text = f"Which door, number {number}?"
        two.answers(browser, two.held(), text)
        begun = time.monotonic()
        assert two.ends(text, "sent", "delivered", seconds=SOON * 2)
        took.append((time.monotonic() - begun) * 1000)
        assert (two.arrived(text), two.attempts(text)) == (1, 1)
    figures(f"an answer is with the carrier {sorted(took)[5]:.0f} ms (median) after it was accepted")


def test_a_session_that_ends_anywhere_closes_its_sockets_on_every_node(two: Nodes, figures: Figures) -> None:
    ben = two._person("Ben")
    sockets = [Socket(node, Origin=node.address, Cookie=cookie(node, ben)) for node in two.nodes]
    others = Socket(two.nodes[0], Origin=two.nodes[0].address, Cookie=cookie(two.nodes[0], two.maya))
    begun = time.monotonic()
    two.scene.do(lambda: sessions.end_all(ben.id))  # as a command beside the servers does
    assert all(socket.closed(SOON) for socket in sockets)
    figures(f"sockets of both nodes were closed after {(time.monotonic() - begun) * 1000:.0f} ms")
    assert not others.closed(0.5)
    others.close()


def test_rights_that_change_close_the_sockets_on_every_node(two: Nodes) -> None:
    zawadi, admin = two._person("Zawadi"), two.scene.operator("Root", "admin")
    sockets = [Socket(node, Origin=node.address, Cookie=cookie(node, zawadi)) for node in two.nodes]
    changes = people.Changes(roles={"auditor"})
    two.scene.do(lambda: people.change(zawadi.id, admin, changes))
    assert all(socket.closed(SOON) for socket in sockets)


def test_one_job_in_the_queue_ten_times_is_one_attempt(two: Nodes) -> None:
    for worker in two.workers:
        worker.hold()
    text = "Rung for ten times."
    two.answers(two.signed_in(two.nodes[0]), two.held(), text)
    number = two.delivery(text).id
    bell, client = Bell(two.redis.url), two.redis.client()
    for _ in range(10):
        client.delete(*(client.keys(f"triage:rung:{number}:*") or ["none"]))
        assert bell.ring(outbox.due_since())
    assert client.llen(f"rq:queue:{QUEUE}") >= 9  # a worker may hold one in its hands already
    for worker in two.workers:
        worker.go_on()
    assert two.ends(text, "sent", "delivered", seconds=SOON * 2)
    assert until(lambda: client.llen(f"rq:queue:{QUEUE}") == 0)
    assert (two.arrived(text), two.attempts(text)) == (1, 1)


@pytest.mark.parametrize("point, arrived", [("out.intent", 0), ("out.answered", 1)])
def test_a_worker_killed_while_it_sends_leaves_an_answer_in_doubt(whole: Nodes, point: str, arrived: int) -> None:
    whole.no_workers()
    doomed = whole.worker(TRIAGE_CRASHPOINT=point)
    text = f"Killed at {point}."
    whole.answers(whole.signed_in(whole.nodes[0]), whole.held(), text)
    assert until(lambda: not doomed.alive())
    assert whole.ends(text, "uncertain", "sent", "delivered")  # the sweep of a node ended the attempt
    assert (whole.state(text), whole.arrived(text), whole.attempts(text)) == ("uncertain", arrived, 1)


def test_a_worker_that_stood_still_past_its_lease_sends_no_more(whole: Nodes) -> None:
    whole.no_workers()
    still = whole.worker(TRIAGE_CRASHPOINT="out.intent", TRIAGE_CRASH="stop")
    text = "Held still."
    whole.answers(whole.signed_in(whole.nodes[0]), whole.held(), text)
    assert whole.ends(text, "sending")
    assert whole.ends(text, "uncertain")  # a node's sweep ended the attempt
    still.go_on()
    assert until(lambda: "stood_still" in still.log() or whole.arrived(text) > 0, 10)
    assert (whole.state(text), whole.arrived(text)) == ("uncertain", 0)


def test_sigterm_lets_a_worker_finish_and_it_leaves_with_status_0(whole: Nodes) -> None:
    whole.no_workers()
    worker = whole.worker()
    text = "The last one."
    whole.answers(whole.signed_in(whole.nodes[0]), whole.held(), text)
    assert whole.ends(text, "sent", "delivered", seconds=SOON * 2)
    assert worker.leave() == 0
    assert "Traceback" not in worker.log()


def test_a_forking_worker_sends_too_and_its_companion_leaves_with_it(whole: Nodes) -> None:
    whole.no_workers()
    worker = whole.worker("--fork")
    text = "From a fork."
    whole.answers(whole.signed_in(whole.nodes[0]), whole.held(), text)
    assert whole.ends(text, "sent", "delivered", seconds=SOON * 2)
    assert (whole.arrived(text), whole.attempts(text)) == (1, 1)
    worker._process.send_signal(signal.SIGKILL)
    assert until(lambda: not worker.alive())


def test_without_any_worker_the_nodes_send_after_a_while(whole: Nodes) -> None:
    whole.no_workers()
    text = "Nobody started a worker."
    whole.answers(whole.signed_in(whole.nodes[0]), whole.held(), text)
    assert whole.ends(text, "sent", "delivered", seconds=60)
    assert (whole.arrived(text), whole.attempts(text)) == (1, 1)
