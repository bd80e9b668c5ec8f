"""The socket on a real server: only signed-in pages of ours, no more than fit, and a hint that never lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import socketio

from tests.browser.conftest import person
from tests.patience import until
from tests.scene import Scene
from tests.served import Served
from tests.sockets import Socket, cookie
from triage.actions import sessions

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def sockets(served: Served) -> Iterator[list[Socket]]:
    opened: list[Socket] = []
    yield opened
    for one in opened:
        one.close()


def refused(served: Served, **headers: str) -> bool:
    """Whether the server turns this connection away."""
    try:
        Socket(served, **headers).close()
    except socketio.exceptions.ConnectionError:
        return True
    return False


def test_a_socket_needs_a_session_and_our_origin(served: Served, scene: Scene, sockets: list[Socket]) -> None:
    mine = cookie(served, person(scene, "Maya"))
    assert refused(served, Origin=served.address)
    assert refused(served, Origin="https://evil.example", Cookie=mine)
    assert refused(served, Origin="null", Cookie=mine)
    assert refused(served, Cookie=mine)
    sockets.append(Socket(served, Origin=served.address, Cookie=mine))
    assert sockets[0].head() == scene.head()


def test_every_commit_of_any_process_is_hinted_at(served: Served, scene: Scene, sockets: list[Socket]) -> None:
    sockets.append(Socket(served, Origin=served.address, Cookie=cookie(served, person(scene, "Maya"))))
    for number in range(3):
        scene.sms(f"Station {number} is closed.", f"+25471100000{number}")
        sockets[0].head(at_least=scene.head())


def test_one_person_opens_at_most_five_sockets(served: Served, scene: Scene, sockets: list[Socket]) -> None:
    mine = cookie(served, person(scene, "Maya"))
    sockets.extend(Socket(served, Origin=served.address, Cookie=mine) for _ in range(5))
    assert refused(served, Origin=served.address, Cookie=mine)
    sockets.pop().close()
    assert until(lambda: not refused(served, Origin=served.address, Cookie=mine)), "its place is free when it has gone"


def test_pages_get_through_while_every_socket_is_taken(served: Served, scene: Scene, sockets: list[Socket]) -> None:
    for number in range(served.settings.max_sockets // 5):
        mine = cookie(served, person(scene, f"Person{number}"))
        sockets.extend(Socket(served, Origin=served.address, Cookie=mine) for _ in range(5))
    late = cookie(served, person(scene, "Late"))
    assert refused(served, Origin=served.address, Cookie=late)
    assert requests.get(f"{served.address}/desk", headers={"Cookie": late}, timeout=10).ok


def test_an_ended_session_cannot_open_a_socket(served: Served, scene: Scene) -> None:
    maya = person(scene, "Maya")
    mine = cookie(served, maya)
    scene.do(lambda: sessions.end_all(maya.id))
    assert refused(served, Origin=served.address, Cookie=mine)
