"""The fake behind one port of the loopback: the API, the host its files lie at, and the way in for tests."""

from __future__ import annotations

import os

from flask import Flask, Request, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.fakes.twilio import api, citizens, control, resources, wire
from tests.fakes.twilio.file import File
from tests.fakes.twilio.hooks import Messenger
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider, note_status
from tests.fakes.twilio.wire import Answer

CONTROL, CDN = "/_control/", "/_cdn/"


def opened(path: str | os.PathLike[str], base: str) -> Provider:
    """The provider on its file, its messenger at work."""
    file = File(path)
    messenger = Messenger(file, lambda step: note_status(file, step),
                          lambda step, heard: citizens.answered(provider, step, heard))
    provider = Provider(file, base, messenger)
    messenger.start()
    return provider


def app(provider: Provider) -> Flask:
    """The application: one door, because the description says which paths there are."""
    made = Flask(__name__)
    made.config["PROPAGATE_EXCEPTIONS"] = True  # a connection that is cut on purpose is no error to answer with 500

    @made.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "DELETE"])
    @made.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def door(path: str) -> Response:
        return wire.send(_answer(provider, request), request.environ)

    return made


def server(port: int, provider: Provider) -> BaseWSGIServer:
    """Everything on a port of the loopback, one thread a request."""
    return make_server("127.0.0.1", port, app(provider), threaded=True, request_handler=_Silent)


def _answer(provider: Provider, came: Request) -> Answer:
    if came.path.startswith(CONTROL):
        return control.obey(provider, came.path.removeprefix(CONTROL), came.get_data())
    if came.path.startswith(CDN):
        return _file(provider, came)
    return api.answer(provider, wire.asked(came))


def _file(provider: Provider, came: Request) -> Answer:
    """The bytes of a file at their own host, where nobody may bring the account's token."""
    sid = came.path.removeprefix(CDN)
    problems = ["the token was sent to the host of the files"] if "Authorization" in came.headers else []
    enter(provider.file, "request", sid, method=came.method, path=came.path, query=[], form=[], problems=problems,
          behaviour="works")
    both = (resources.find(provider.file, kind, sid) for kind in (resources.MEDIA, resources.RECORDINGS))
    found = next(filter(None, both), None)
    if problems or found is None:
        return wire.missing(came.path)
    kind = found.shown.get("content_type", "audio/mpeg")
    return Answer(200, resources.content(provider.file, sid), {"Content-Type": kind})


class _Silent(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """The ledger says more."""
