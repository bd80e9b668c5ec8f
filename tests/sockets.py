"""A page's live connection to a real server, without a browser."""

from __future__ import annotations

import time

import requests
import socketio

from tests.served import Served
from tests.visitor import PASSWORD, TOKEN
from triage.models import Operator


def cookie(served: Served, operator: Operator) -> str:
    """The session cookie of somebody who has signed in."""
    http = requests.Session()
    token = TOKEN.search(http.get(f"{served.address}/login").text)
    assert token
    form = {"csrf_token": token.group(1), "email": operator.email, "password": PASSWORD}
    assert http.post(f"{served.address}/login", data=form).ok
    return "; ".join(f"{one.name}={one.value}" for one in http.cookies)


class Socket:
    """One page's socket."""

    def __init__(self, served: Served, **headers: str) -> None:
        # The library sends an Origin of its own making beside ours unless it is told this way.
        origin = headers.pop("Origin", None)
        options = {"origin": origin} if origin else {"suppress_origin": True}
        self._client = socketio.SimpleClient(websocket_extra_options=options, reconnection=False)
        self._client.connect(served.address, headers=headers, transports=["websocket"], wait_timeout=10)

    def head(self, at_least: int = 0) -> int:
        """Wait for a hint that events have come at least so far."""
        while True:
            name, data = self._client.receive(timeout=20)
            assert name == "changed"
            if data["head"] >= at_least:
                return int(data["head"])

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()

    def closed(self, seconds: float) -> bool:
        """Wait for the server to hang up; whether it did in time."""
        end = time.monotonic() + seconds
        while self._client.connected and time.monotonic() < end:
            time.sleep(0.01)
        return not self._client.connected
