"""Lists as the API gives them: filtered, newest first, a page at a time.

The next page begins behind the last resource of this one, whatever has come or gone in the meantime.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import dropwhile
from urllib.parse import urlencode

from tests.fakes.twilio.description import Asked
from tests.fakes.twilio.resources import Resource
from tests.fakes.twilio.shapes import Shape

USUAL, MOST = 50, 1000
TURNING = ("Page", "PageToken")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

KEYS = {"Messages": "messages", "Media": "media_list", "Calls": "calls", "Recordings": "recordings",
        "IncomingPhoneNumbers": "incoming_phone_numbers"}
MOMENTS = {"DateSent": "date_sent", "DateCreated": "date_created", "StartTime": "start_time", "EndTime": "end_time"}
EXACT = {"To": "to", "From": "from", "Status": "status", "CallSid": "call_sid", "ParentCallSid": "parent_call_sid",
         "PhoneNumber": "phone_number", "FriendlyName": "friendly_name"}

Fits = Callable[[Resource], bool]


def page(found: list[Resource], asked: Asked, kind: str) -> Shape:
    """The page that was asked for, of these resources, newest first."""
    size = min(int(asked.value("PageSize") or USUAL), MOST)
    fitting = [one for one in found if all(fits(one) for fits in _filters(asked))]
    left = _behind(fitting, asked.value("PageToken"))
    shown, number = left[:size], int(asked.value("Page") or 0)
    last = shown[-1].sid if len(left) > size else ""
    return {
        KEYS[kind]: [one.shown for one in shown], "page": number, "page_size": size, "start": number * size,
        "end": number * size + max(len(shown) - 1, 0), "uri": _uri(asked, asked.query),
        "first_page_uri": _turned(asked, 0, ""), "previous_page_uri": None,
        "next_page_uri": _turned(asked, number + 1, f"PA{last}") if last else None,
    }


def _behind(found: list[Resource], token: str) -> list[Resource]:
    if not token:
        return found
    return list(dropwhile(lambda one: one.sid != token.removeprefix("PA"), found))[1:]


def _turned(asked: Asked, number: int, token: str) -> str:
    kept = [(name, value) for name, value in asked.query if name not in (*TURNING, "PageSize")]
    size = asked.value("PageSize") or str(USUAL)
    return _uri(asked, [*kept, ("PageSize", size), ("Page", str(number)), *([("PageToken", token)] if token else [])])


def _uri(asked: Asked, query: list[tuple[str, str]]) -> str:
    return f"{asked.path}?{urlencode(query)}" if query else asked.path


def _filters(asked: Asked) -> list[Fits]:
    return [fits for name, value in asked.query if (fits := _filter(name, value)) is not None]


def _filter(name: str, value: str) -> Fits | None:
    if name in EXACT:
        return lambda one: one.shown.get(EXACT[name]) == value
    if name.rstrip("<>") in MOMENTS:
        first, last = _span(name, value)
        return lambda one: _within(one.shown.get(MOMENTS[name.rstrip("<>")]), first, last)
    return None


def _within(told: str | None, first: datetime, last: datetime) -> bool:
    return bool(told) and first <= parsedate_to_datetime(told or "") <= last


def _span(name: str, value: str) -> tuple[datetime, datetime]:
    """From when to when: `=` a whole day or one second, `<` up to and with it, `>` from then on."""
    given = datetime.fromisoformat(value)
    given = given if given.tzinfo else given.replace(tzinfo=UTC)
    last = given + timedelta(days=1, seconds=-1) if DAY.fullmatch(value) else given
    ever, never = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return (given if not name.endswith("<") else ever), (last if not name.endswith(">") else never)
