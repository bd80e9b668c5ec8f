"""What the composer says of an answer before it is sent: its parts and price, when it leaves, or why it cannot."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_babel import gettext, ngettext

from triage import clock
from triage.queries import parts
from triage.queries.parts import Meter
from triage.queries.shapes import Sending
from triage.web import money, words

SOON = timedelta(seconds=2)
MOST_ODD = 4  # so many signs are named; more of them are a script of its own, and nothing is wrong with it


def blocked(sending: Sending) -> str:
    """Why nothing can be sent by this account now; empty where it can."""
    if not sending.blocked:
        return ""
    channel = words.channel_word(sending.channel)
    sentences = {
        "no_reply_account": gettext("You have no account that can send by %(channel)s. A coordinator can add one.",
                                    channel=channel),
        "nobody_known": gettext("No number or address came with this report, so nobody can be answered."),
        "opted_out": gettext("This person said STOP. No number of ours writes to them until they write START."),
        "needs_approval": gettext("Your answers need a second pair of eyes. Write a draft and ask a coordinator."),
        "account_paused": gettext("This account is paused. A coordinator can say why."),
        "account_broken": gettext("This account does not work just now. A coordinator must mend it."),
        "account_suspended": gettext("The provider has suspended this account. A coordinator must ask them."),
        "ceiling_reached": gettext("This account has spent what it may spend in a day. A coordinator can allow more."),
        "window_closed": _too_late(sending, channel),
        "not_the_holder": gettext("Only the person who holds this report can answer."),
    }
    return str(sentences.get(sending.blocked, gettext("Nothing can be sent now.")))


def _too_late(sending: Sending, channel: str) -> str:
    if sending.instead is not None:
        return str(gettext("%(channel)s lets us answer only within %(hours)s hours of the person’s last message.",
                           channel=channel, hours=sending.hours))
    return str(gettext("%(channel)s lets us answer only within %(hours)s hours of the person’s last message. Leave a "
                       "note, or wait until they write again.", channel=channel, hours=sending.hours))


def budget(sending: Sending) -> str:
    """What is left of the tightest limit: "7 of 10 messages left this minute"."""
    if sending.slots_left is None or sending.slots_of is None:
        return ""
    return str(gettext("%(left)s of %(most)s messages left %(window)s", left=sending.slots_left,
                       most=sending.slots_of, window=_window(sending.window_seconds or 60)))


def _window(seconds: int) -> str:
    named = {1: gettext("this second"), 60: gettext("this minute"), 3600: gettext("this hour"),
             86400: gettext("in a day")}
    if seconds in named or seconds < 120:
        return str(named.get(seconds) or gettext("in %(num)s s", num=seconds))
    return str(gettext("in %(num)s min", num=seconds // 60))


def waits(sending: Sending) -> bool:
    """Whether an answer written now would wait for its slot."""
    return sending.leaves_at is not None and sending.leaves_at > clock.now() + SOON


def ahead(sending: Sending) -> str:
    """"12 before yours"."""
    return str(ngettext("%(num)s before yours", "%(num)s before yours", sending.ahead)) if sending.ahead else ""


def meter(sending: Sending, text: str) -> Meter:
    """The measures of what is typed, with the line it ends with."""
    return parts.measured(text, sending.ending if text else "", sending.most_parts, of_parts=sending.segmented)


def counter(meter: Meter) -> str:
    """"142 characters · 1 part of 3 allowed · plain alphabet"; empty while nothing is written."""
    if not meter.characters:
        return ""
    told = [ngettext("%(num)s character", "%(num)s characters", meter.characters)]
    if meter.parts:
        told += [ngettext("%(num)s part of %(most)s allowed", "%(num)s parts of %(most)s allowed", meter.parts,
                          most=meter.most_parts), _alphabet(meter)]
    return " · ".join(str(one) for one in told if one)


def _alphabet(meter: Meter) -> str:
    """Which alphabet it takes; empty where a line of its own says it."""
    if meter.plain:
        return str(gettext("plain alphabet"))
    return "" if oddity(meter) else str(gettext("70-character parts"))


def oddity(meter: Meter) -> str:
    """What makes the parts short, where it is a few signs; empty for a script of its own, and where nothing does."""
    signs = " ".join(meter.odd[:MOST_ODD])
    if meter.mendable:
        return str(gettext("%(signs)s switches to 70-character parts. Replace with plain signs?", signs=signs))
    few = 0 < len(meter.odd) <= MOST_ODD
    return str(gettext("%(signs)s switches to 70-character parts.", signs=signs)) if few else ""


def too_long(meter: Meter, sending: Sending) -> bool:
    """Whether Send would be refused for it."""
    return meter.parts > meter.most_parts or (0 < sending.max_length < meter.characters)


def costs(sending: Sending) -> list[str]:
    """What one part costs, two, and so on to the most that may be sent; empty where the desk has no price."""
    if sending.part_micros is None:
        return []
    return [money.shown(sending.part_micros * count) for count in range(1, sending.most_parts + 1)]


def init_app(app: Flask) -> None:
    """Give the composer's template these words."""
    app.jinja_env.filters.update(blocked=blocked, budget=budget, waits=waits, ahead=ahead, counter=counter,
                                 oddity=oddity)
    app.jinja_env.globals.update(meter_of=meter, too_long=too_long, costs_of=costs)
