"""The live hint: "something up to event 884 happened". The socket never changes anything and carries no content.

A connection needs a signed-in session and one of our own origins. Each open socket holds a server
thread, so their number is capped below the threads: pages must always get through.
"""

from __future__ import annotations

import threading

from flask import Flask, request
from flask_socketio import SocketIO, join_room

from config import Settings
from triage.queries import changes
from triage.web import access

STAFF = "staff"
PER_OPERATOR = 5


class Live:
    """The socket side of one web process: who is connected, and the one message it sends."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self._io = SocketIO(
            app, async_mode="threading", cors_allowed_origins=list(settings.origins), transports=["websocket"],
            max_http_buffer_size=65_536, manage_session=False, ping_interval=20, ping_timeout=20,
        )
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)

    def hint(self, head: int) -> None:
        """Tell every connected page how far the events have come."""
        self._io.emit("changed", {"head": head}, to=STAFF)

    def _connect(self, _auth: object = None) -> bool:
        """Admit a signed-in page of ours while there is room. False closes the socket."""
        # The engine lets requests without an Origin through: no browser sends those, so we do not.
        if request.headers.get("Origin") not in self._settings.origins:
            return False
        operator = access.signed_in()
        if operator is None or not self._enter(request.sid, operator.id):  # type: ignore[attr-defined]
            return False
        join_room(STAFF)
        join_room(f"operator:{operator.id}")
        self._io.emit("changed", {"head": changes.head()}, to=request.sid)  # type: ignore[attr-defined]
        return True

    def _enter(self, sid: str, operator_id: int) -> bool:
        with self._lock:
            own = sum(one == operator_id for one in self._open.values())
            if len(self._open) >= self._settings.max_sockets or own >= PER_OPERATOR:
                return False
            self._open[sid] = operator_id
            return True

    def _disconnect(self, _reason: object = None) -> None:
        with self._lock:
            self._open.pop(request.sid, None)  # type: ignore[attr-defined]

    def end(self, operator_id: int) -> None:
        """Close every socket of an operator whose sessions were ended."""
        with self._lock:
            sids = [sid for sid, one in self._open.items() if one == operator_id]
        for sid in sids:
            self._io.server.disconnect(sid)


def init_app(app: Flask) -> None:
    """Open the socket on `app`; `app.extensions["live"]` is the Live object."""
    app.extensions["live"] = Live(app, app.config["SETTINGS"])
