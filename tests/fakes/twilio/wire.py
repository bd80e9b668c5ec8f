"""Requests as they come in, answers as they go out, and Twilio's way to say no."""

from __future__ import annotations

import base64
import binascii
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flask import Request, Response

from tests.fakes.twilio.description import FORM, Asked

WORDS = {
    20003: "Authenticate", 20404: "The requested resource was not found", 20429: "Too Many Requests",
    20500: "Internal Server Error", 20001: "Invalid parameter", 20005: "Account not active",
    21211: "The 'To' number is not a valid phone number.", 21266: "'To' and 'From' number cannot be the same",
    21408: "Permission to send an SMS has not been enabled for the region", 21602: "Message body is required.",
    21603: "A 'From' phone number is required.", 21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid, message-capable Twilio phone number.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21623: "Number of media files exceeds allowed limit",
    21701: "The Messaging Service does not exist", 21703: "The Messaging Service contains no phone numbers",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
    30003: "Unreachable destination handset", 30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered", 30008: "Unknown error",
    63007: "Twilio could not find a Channel with the specified From address",
    63016: "Failed to send freeform message because you are outside the allowed window.",
}


@dataclass
class Answer:
    """What is answered: JSON where `body` is no bytes. `hold` seconds later, and with `cut` not at all."""

    status: int
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0.0
    cut: bool = False
    sid: str = ""

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status: int, code: int, said: str = "", **headers: str) -> Answer:
    """Twilio's no, with its own error code."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    words = said or WORDS.get(code, "Refused")
    return Answer(status, {"code": code, "message": words, "more_info": more, "status": status}, headers)


def missing(path: str) -> Answer:
    """There is no such thing."""
    return refusal(404, 20404, f"The requested resource {path} was not found")


def asked(request: Request) -> Asked:
    """A request, its body read."""
    body = request.get_data()
    form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    query = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
    content_type = request.headers.get("Content-Type", "")
    return Asked(request.method, request.path, query, form if content_type.startswith(FORM) else [],
                 dict(request.headers.items()), content_type, body)


def credentials(request: Asked) -> tuple[str, str]:
    """Who asks, and with which token; two empty words where that is not said."""
    kind, _, told = request.headers.get("Authorization", "").partition(" ")
    try:
        said = base64.b64decode(told if kind.lower() == "basic" else "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, token = said.partition(":")
    return user, token


def send(answer: Answer, environ: dict[str, Any]) -> Response:
    """Let an answer go, late or not at all where it says so. Raises ConnectionResetError for the latter."""
    time.sleep(answer.hold)
    if answer.cut:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError
    return Response(answer.content, answer.status, {"Content-Type": "application/json", **answer.headers})
