"""The live hint: "something up to event 884 happened". The socket never changes anything and carries no content.

A connection needs the session of somebody who reads reports and one of our own origins. Each open socket holds a server
thread from its first byte, so both are asked for, and the sockets counted, before the handshake: who is
refused holds no thread, and pages always get through.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, request
from flask_socketio import SocketIO, join_room
from werkzeug.wrappers import Response

from config import Settings
from triage.db import unavailable
from triage.queries import changes
from triage.rights import Right
from triage.web import access
from triage.web.errors import RETRY_SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STAFF = "staff"
PATH = "/socket.io"
PER_OPERATOR = 5


class Live:
    """The socket side of one web process: who is connected, and the one message it sends."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._lock = threading.Lock()
        self._held: list[int] = []  # whose sockets hold a thread now
        self._open: dict[str, int] = {}
        self._io = SocketIO(
            app, async_mode="threading", cors_allowed_origins=list(settings.origins), transports=["websocket"],
            max_http_buffer_size=65_536, manage_session=False, ping_interval=20, ping_timeout=20,
        )
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)
        self._inner: WSGIApplication = app.wsgi_app
        app.wsgi_app = self._gate  # type: ignore[method-assign]  # WSGI middleware

    def hint(self, head: int) -> None:
        """Tell every connected page how far the events have come."""
        self._io.emit("changed", {"head": head}, to=STAFF)

    def count(self) -> int:
        """How many sockets are open in this process."""
        with self._lock:
            return len(self._held)

    def _gate(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let a socket in only for a signed-in page of ours, while there is room; the call lasts as long as it is open.

        The engine itself shakes hands with anybody and waits for their first words for ever.
        """
        if not environ.get("PATH_INFO", "").startswith(PATH):
            return self._inner(environ, start_response)
        try:
            operator_id = self._asker(environ)
        except Exception as problem:
            if not unavailable(problem):
                raise
            away = Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_SECONDS)})
            return away(environ, start_response)
        if operator_id is None:
            return Response(status=HTTPStatus.FORBIDDEN)(environ, start_response)
        if not self._enter(operator_id):
            return Response(status=HTTPStatus.SERVICE_UNAVAILABLE)(environ, start_response)
        try:
            return self._inner(environ, start_response)
        finally:
            self._leave(operator_id)

    def _asker(self, environ: WSGIEnvironment) -> int | None:
        """Who is signed in and reads reports; None for anybody else, and for a page that is not ours."""
        # The engine lets requests without an Origin through: no browser sends those, so we do not.
        if environ.get("HTTP_ORIGIN") not in self._settings.origins:
            return None
        with self._app.request_context(environ):
            operator = access.signed_in()
            return operator.id if operator is not None and operator.may(Right.READ_REPORTS) else None

    def _enter(self, operator_id: int) -> bool:
        with self._lock:
            room = len(self._held) < self._settings.max_sockets and self._held.count(operator_id) < PER_OPERATOR
            if room:
                self._held.append(operator_id)
            return room

    def _leave(self, operator_id: int) -> None:
        with self._lock:
            self._held.remove(operator_id)

    def _connect(self, _auth: object = None) -> bool:
        """A page that came through the gate begins to listen. False closes the socket, also with the database away."""
        try:
            operator, head = access.signed_in(), changes.head()
        except Exception as problem:
            if not unavailable(problem):
                raise
            return False
        if operator is None or not operator.may(Right.READ_REPORTS):
            return False
        with self._lock:
            self._open[request.sid] = operator.id  # type: ignore[attr-defined]  # set by Flask-SocketIO
        join_room(STAFF)
        join_room(f"operator:{operator.id}")
        self._io.emit("changed", {"head": head}, to=request.sid)  # type: ignore[attr-defined]  # the same
        return True

    def _disconnect(self, _reason: object = None) -> None:
        with self._lock:
            self._open.pop(request.sid, None)  # type: ignore[attr-defined]  # the same

    def end(self, operator_id: int) -> None:
        """Close every socket of an operator whose sessions were ended."""
        with self._lock:
            sids = [sid for sid, one in self._open.items() if one == operator_id]
        for sid in sids:
            self._io.server.disconnect(sid)


def init_app(app: Flask) -> None:
    """Open the socket on `app`; `app.extensions["live"]` is the Live object."""
    app.extensions["live"] = Live(app, app.config["SETTINGS"])
