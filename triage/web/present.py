"""What pages say of a state: clocks, chips, what became of an answer. Pure: no database, no request data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, current_app, url_for
from flask_babel import format_date, format_time, get_locale, gettext, ngettext
from markupsafe import Markup, escape

from triage import clock
from triage.queries.shapes import DeliveryState, Row
from triage.web import words

A_MINUTE = 60  # so far ahead seconds are counted; later it is a time of day
MANY = 1000  # counts stop here: "999+"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True)
class Sign:
    """A chip or a line: its word, its kind for the style sheet, its icon."""

    word: str
    kind: str = ""
    icon: str | None = None


# ---------------------------------------------------------------- page


def language() -> str:
    """The page's language, as for the attribute `lang`."""
    return str(get_locale() or "en").replace("_", "-")


def direction() -> str:
    """`rtl` or `ltr`."""
    return "rtl" if language().split("-")[0] in RIGHT_TO_LEFT else "ltr"


def desk_name() -> str:
    """What this desk is called."""
    return str(current_app.config["SETTINGS"].desk_name)


def desk_is_demo() -> bool:
    """Whether the citizens are made up."""
    return bool(current_app.config["SETTINGS"].demo)


def asset(path: str) -> str:
    """The address of a static file, with a mark of its content: browsers may keep it for ever."""
    return url_for("static", filename=path, v=_mark_of(f"{current_app.static_folder}/{path}"))


@cache
def _mark_of(path: str) -> str:
    file = Path(path)
    return sha256(file.read_bytes()).hexdigest()[:8] if file.is_file() else "0"


# ---------------------------------------------------------------- time


def iso(at: datetime) -> str:
    """For `<time datetime>`."""
    return at.isoformat(timespec="seconds")


def hm(at: datetime) -> str:
    """A time of day, with the day where it was not today."""
    time = format_time(at, "HH:mm")
    return str(time if at.date() == clock.now().date() else f"{format_date(at, 'd MMM')} {time}")


def until(at: datetime) -> str:
    """The same for a moment to come: "14:03", "14:03 tomorrow"."""
    tomorrow = at.date() == clock.now().date() + timedelta(days=1)
    return str(gettext("%(time)s tomorrow", time=format_time(at, "HH:mm"))) if tomorrow else hm(at)


def hms(at: datetime) -> str:
    """A time of day with seconds."""
    return str(format_time(at, "HH:mm:ss"))


def at_clock(sentence: str, at: datetime | None, **names: str) -> Markup:
    """A sentence with a moment at its `%(time)s`, which the page's script writes anew in the reader's own clock."""
    shown = Markup('<time datetime="{}" data-as="until">{}</time>').format(iso(at), until(at)) if at else ""
    return escape(sentence) % {"time": shown, **names}


def wait(since: datetime) -> str:
    """How long since, in words: "12 min", "3 h 5 min", "2 d"."""
    return lasted(clock.now() - since)


def lasted(span: timedelta) -> str:
    """How long something took, in the same words."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return str(gettext("%(num)s min", num=minutes))
    if minutes < 24 * 60:
        return str(gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60))
    return str(gettext("%(num)s d", num=minutes // (24 * 60)))


def seconds_until(at: datetime | None) -> int:
    """Whole seconds from now, never below 0."""
    return 0 if at is None else max(0, math.ceil((at - clock.now()).total_seconds()))


def count(number: int) -> str:
    """A count as shown: counts stop at a thousand."""
    return "999+" if number >= MANY else str(number)


# ---------------------------------------------------------------- states


def asleep(row: Row) -> bool:
    """Whether a report is snoozed now; the moment stays in the row after it has passed."""
    return row.snoozed_until is not None and row.snoozed_until > clock.now()


def belongs(row: Row, view: str) -> bool:
    """Whether a row stands in a queue now; for live patches, the query decides on the next load."""
    snoozed = asleep(row)
    fresh = row.status == "open" and not snoozed
    live = row.status in ("open", "assigned")
    return {
        "next": (fresh or (row.mine and live)) and row.waiting_since is not None, "new": fresh,
        "mine": row.mine and live, "waiting": live and row.awaiting_since is not None,
        "snoozed": live and snoozed, "urgent": live and row.priority < 2, "all": live,
        "resolved": row.status == "closed",
    }.get(view, False)


def order(row: Row, view: str) -> str:
    """A row's place in a queue, to compare as text: a live page must know what stands below the rows it shows."""
    at = row.closed_at if view == "resolved" else row.waiting_since
    millis = int(at.timestamp() * 1000) if at else 10**14 - 1
    if view == "resolved":  # newest first
        return f"{10**14 - 1 - millis:014d}{10**12 - row.id:012d}"
    return f"{row.priority}{millis:014d}{row.id:012d}"


def state(row: Row) -> Sign:
    """The state chip of a row."""
    if row.status == "closed":
        return _closed(row)
    if row.status == "duplicate":
        return Sign(gettext("Copy"), icon="list")
    if row.snoozed_until is not None and _sleeps(row):
        return Sign(at_clock(gettext("Snoozed %(time)s"), row.snoozed_until), icon="moon")
    return _held(row) if row.status == "assigned" else _free(row)


def _sleeps(row: Row) -> bool:
    return row.status in ("open", "assigned") and asleep(row)


def _closed(row: Row) -> Sign:
    why = words.reason_words().get(row.reason or "") or words.outcome_words().get(row.outcome or "", "")
    return Sign(gettext("Resolved: %(why)s", why=why) if why else gettext("Resolved"), icon="check")


def _held(row: Row) -> Sign:
    if row.mine:
        return Sign(gettext("You, waiting") if row.awaiting_since else gettext("You"), "you")
    if row.replying:
        return Sign(gettext("%(name)s, replying", name=row.holder))
    if row.awaiting_since:
        return Sign(gettext("%(name)s, waiting", name=row.holder))
    return Sign(row.holder or gettext("Held"))


def _free(row: Row) -> Sign:
    if row.was_with and row.ended_by == "released":
        return Sign(gettext("Returned by %(name)s", name=row.was_with), "hollow")
    return Sign(gettext("New"))


def was_with(row: Row) -> str:
    """The hint "was with Ben", where the chip does not say it already."""
    if row.was_with and row.status == "open" and row.ended_by != "released":
        return str(gettext("was with %(name)s", name=row.was_with))
    return ""


def copies(row: Row) -> str:
    """"5 copies, 3 senders, 2 channels"; empty where there are no copies."""
    if not row.copy_count:
        return ""
    return ", ".join((
        ngettext("%(num)s copy", "%(num)s copies", row.copy_count),
        ngettext("%(num)s sender", "%(num)s senders", row.sender_count),
        ngettext("%(num)s channel", "%(num)s channels", row.channel_count),
    ))


def name_of(row: Row) -> str:
    """What a screen reader hears for the row's link: number, channel, place, state, copies."""
    said = gettext("Snoozed for now") if _sleeps(row) else state(row).word  # no moment of our own clock
    parts = (str(row.id), words.channel_word(row.channel), row.place or "", said, copies(row),
             words.incident_word(row.incident))
    return ", ".join(part for part in parts if part)


# ---------------------------------------------------------------- answers


def fate(delivery: DeliveryState, author: str = "") -> Sign:
    """What became of an answer of `author`, in words."""
    settled = delivery.settled_at
    if delivery.by_hand:
        return Sign(at_clock(gettext("Sent by hand by %(name)s %(time)s"), settled, name=author), "", "check")
    word, kind, icon = {
        "held": (gettext("Sends in %(num)s s", num=seconds_until(delivery.sends_at)), "", "clock"),
        "queued": (_queued(delivery), "", "clock"),
        "sending": (gettext("Being handed over…"), "", "send"),
        "sent": (at_clock(gettext("Handed to carrier %(time)s"), settled), "", "next"),
        "delivered": (at_clock(gettext("Delivered %(time)s"), settled), "", "check"),
        "failed": (_failed(delivery), "late", "cross"),
        "uncertain": (_uncertain(delivery), "due", "warn"),
        "cancelled": (_cancelled(delivery), "", "undo"),
    }.get(delivery.state, (delivery.state, "", "clock"))
    return Sign(word.strip(), kind, icon)


def _queued(delivery: DeliveryState) -> str:
    if delivery.waits_for == "silent":
        return str(gettext("Waiting for its telephone to fetch it"))
    seconds = seconds_until(delivery.sends_at)
    if seconds > A_MINUTE:
        return at_clock(gettext("Waiting for a sending slot, leaves about %(time)s"), delivery.sends_at)
    if seconds > 1:
        return str(gettext("Waiting for a sending slot (about %(num)s s)", num=seconds))
    return str(gettext("Waiting for its turn to be sent"))


def _uncertain(delivery: DeliveryState) -> str:
    if delivery.asks_at is not None:
        return str(gettext("May have been sent – the provider is being asked"))
    if delivery.asked:
        return str(ngettext("May have been sent – the provider was asked once and does not know it; now a person "
                            "decides",
                            "May have been sent – the provider was asked %(num)s times and does not know it; now a "
                            "person decides", delivery.asked))
    return str(gettext("May have been sent – check"))


def _failed(delivery: DeliveryState) -> str:
    if delivery.error == "window_closed":
        return str(gettext("Failed: it waited longer than the network lets us answer"))
    if delivery.error:
        return str(gettext("Failed: %(why)s", why=delivery.error))
    return str(gettext("Failed. Nothing reached the citizen."))


def _cancelled(delivery: DeliveryState) -> str:
    why = {"handed_over": gettext("Not sent: the report changed hands, the text is a draft"),
           "opted_out": gettext("Not sent: the person said STOP"),
           "account_transferred": gettext("Not sent: the account is somebody else’s now, the text is a draft"),
           "account_receives_only": gettext("Not sent: the account sends no more, the text is a draft")}
    return str(why.get(delivery.error or "") or gettext("Taken back, not sent"))


def send_problems(number: int) -> str:
    """"3 send problems"."""
    return str(ngettext("%(num)s send problem", "%(num)s send problems", number))


def later(minutes: int) -> datetime:
    """So many minutes from now, at most a year."""
    return clock.now() + timedelta(minutes=min(max(minutes, 0), 525_600))


def init_app(app: Flask) -> None:
    """Give every template these words."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True  # lists of fifty rows travel lighter
    app.jinja_env.filters.update(
        asleep=asleep, iso=iso, hm=hm, hms=hms, until=until, wait=wait, lasted=lasted, count=count, state=state,
        was_with=was_with, name_of=name_of, copies=copies, order=order, fate=fate, send_problems=send_problems,
        incident_word=words.incident_word, channel_word=words.channel_word, channel_icon=words.channel_icon,
    )
    app.jinja_env.globals.update(
        page_language=language, page_direction=direction, desk_name=desk_name, desk_is_demo=desk_is_demo,
        asset=asset, now=clock.now, belongs=belongs, view_words=words.view_words, shift_words=words.shift_words,
        role_words=words.role_words, outcome_words=words.outcome_words, reason_words=words.reason_words,
        verdicts=words.verdicts, key_words=words.key_words, happened=words.happened,
    )
