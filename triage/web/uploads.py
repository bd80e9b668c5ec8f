"""Pictures that leave with an answer: taken the form into memory, drawn anew, sealed; nothing else is kept."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import IO

from flask import Request, g, request

from triage import storing
from triage.db import run_in_transaction
from triage.errors import N_, BadInput
from triage.storing import Refused, Stored
from triage.web import forms

FIELD, DESCRIPTION = "picture", "picture_description"
MOST_PICTURE = 5 * 1024 * 1024
MOST_DESCRIPTION = 200
MOST_TABLE = 12 * 1024 * 1024
# Views whose form may carry a file, and its largest size.
CARRYING = {"reports.reply": MOST_PICTURE + 1024 * 1024, "places.preview": MOST_TABLE + 1024 * 1024}
OFFERED = ("image/jpeg", "image/png", "image/webp")

TOO_LARGE = N_("The picture is larger than 5 MB. Choose a smaller one.")
NO_PICTURE = N_("This cannot be sent: only pictures in JPEG, PNG or WebP.")


class InMemory(Request):
    """A request whose files stay in memory: nothing of a report is written to a disk in clear, not for a moment."""

    def _get_file_stream(self, total_content_length: int | None, content_type: str | None,
                         filename: str | None = None, content_length: int | None = None) -> IO[bytes]:
        return BytesIO()


def allow() -> None:
    """Before the form is read: these views take more than others, from people of the desk."""
    if request.endpoint in CARRYING and g.operator is not None:
        request.max_content_length = CARRYING[request.endpoint]


def picture() -> Stored | None:
    """The picture of the form, as it will leave; None where none was chosen. Raises BadInput."""
    given = request.files.get(FIELD)
    content = given.read(MOST_PICTURE + 1) if given is not None else b""
    if not content:
        return None
    if len(content) > MOST_PICTURE:
        raise BadInput(TOO_LARGE, FIELD)
    description = forms.text(DESCRIPTION, most=MOST_DESCRIPTION)
    try:
        return storing.store_anew(content, OFFERED, description)
    except Refused as problem:
        raise BadInput(NO_PICTURE, FIELD) from problem


def carrying(act: Callable[[Stored | None], bool]) -> None:
    """Run `act` in a transaction with the picture of the form; where it says that it took none, none is kept."""
    stored, taken = picture(), False
    try:
        taken = run_in_transaction(lambda: act(stored))
    finally:
        if stored is not None and not taken:
            storing.forget(stored)
