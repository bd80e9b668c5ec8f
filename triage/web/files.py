"""Files of messages: the clean copy for whoever reads the report, the original for a reason, and what is said in it."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, flash, request
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from triage import context, logs, media_links
from triage.actions import transcribing
from triage.cleaning import kinds
from triage.db import run_in_transaction
from triage.errors import NotFound
from triage.files import Damaged
from triage.models import Attachment
from triage.queries import files
from triage.rights import Right
from triage.sealing import SealBroken
from triage.web import file_words, forms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, to_report

bp = Blueprint("files", __name__)
log = logs.logger(__name__)

FILE = f"/desk/files/<{NUMBER}:file_id>"
# Opened by a browser it is a page of its own that may do nothing, not even know where it is.
ALONE = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
SHOWN = ("image", "audio")  # only what was drawn or cut anew is shown by the browser itself
ENDINGS = {found.content_type: found.ending for found in (*kinds.KNOWN.values(), kinds.PLAIN, kinds.CARD)}


@bp.record_once
def _give_words(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    app.jinja_env.filters.update(file_words=file_words.words, file_fate=file_words.fate)


@bp.get(FILE)
@admits(Right.READ_REPORTS)
def clean(file_id: int) -> Response:
    """The copy without what tells who made it."""
    found = files.load(file_id, actor())
    if found.clean is None or found.clean_type is None:
        raise NotFound
    return _sent(found.clean, found.clean_type, found.id, shown=found.kind in SHOWN)


@bp.post(f"{FILE}/original")
@admits(Right.OPEN_ORIGINALS)
def original(file_id: int) -> Response:
    """The file as it came, to be saved. Why it was needed stays on the report."""
    reason = forms.text("reason", most=transcribing.MOST_REASON)
    found = run_in_transaction(lambda: transcribing.open_original(file_id, actor(), reason))
    return _sent(found.original or "", found.content_type, found.id, shown=False)


@bp.post(f"{FILE}/transcript")
@admits(Right.HANDLE_REPORTS)
def transcribe(file_id: int) -> AnyResponse:
    """Write down what is said."""
    text, fence = forms.text("text", most=transcribing.MOST_CHARACTERS), forms.whole("assignment")
    run_in_transaction(lambda: transcribing.transcribe(file_id, actor(), fence, text))
    flash(gettext("Written down."), "calm")
    return to_report(forms.whole("report"))


@bp.get("/media/<token>")
def leave(token: str) -> Response:
    """What an answer carries, for the provider that sends it, while it does."""
    number = media_links.read(token)
    found: Attachment | None = files.leaving(number) if number is not None else None
    if found is None or found.clean is None or found.clean_type is None:
        raise NotFound
    return _sent(found.clean, found.clean_type, found.id, shown=found.kind in SHOWN)


def _sent(name: str, content_type: str, number: int, *, shown: bool) -> Response:
    """A file, or the part of it that was asked for. Its name is ours: theirs may tell who they are."""
    content = _opened(name, number)
    answer = Response(content, mimetype=content_type, headers=ALONE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.set("Content-Disposition", "inline" if shown else "attachment",
                       filename=f"file-{number}.{ENDINGS.get(content_type, 'bin')}")
    answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(content))
    return answer


def _opened(name: str, number: int) -> bytes:
    try:
        return context.files().open(name)
    except (FileNotFoundError, Damaged, SealBroken) as problem:
        log.error("file.unreadable", number=number, problem=type(problem).__name__)
        raise NotFound from problem
