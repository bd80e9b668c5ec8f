"""What changed: GET /api/v1/events?after=884. The page asks this after every hint and whenever it was away."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from triage.queries import changes
from triage.rights import Right
from triage.web.access import actor, admits

bp = Blueprint("api_events", __name__)

MOST = 500
LONGEST_NUMBER = 18  # digits a database can hold


@bp.get("/api/v1/events")
@admits(Right.READ_REPORTS)
def events() -> Response | tuple[Response, int]:
    """The events above `after`, filtered by rights; `next` is where to go on, `head` how far there is to go.

    410 where `after` is ahead of this desk's history (it was restored): reload and start from the head.
    """
    after, head = _number("after", 0), changes.head()
    if after > head:
        return jsonify(code="gone", sentence="This number is not of this history. Reload.", head=head), 410
    items, reached = changes.after(after, actor(), min(max(_number("limit", MOST), 1), MOST))
    return jsonify(items=items, next=reached, head=max(head, reached))


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else default
