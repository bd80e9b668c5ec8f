"""Play the citizens: phones and handles side by side. It only writes to the simulator's file; a carrier does the rest.

Registered on practice desks only, where nobody need sign in to be a citizen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from channels import registry
from channels.simulator import POSTS, SMS, Behaviour, Line, Person, Store, Written, new_id, texts
from triage import context
from triage.errors import N_, BadInput
from triage.queries import simulated
from triage.queries.simulated import Door
from triage.web import forms

bp = Blueprint("simulator", __name__, url_prefix="/simulator")

CHANNELS = (SMS, POSTS)
OFFERED = (Behaviour.WORKS, Behaviour.SLOW, Behaviour.REFUSES, Behaviour.CUTS_OFF_AFTER)
MOST_PHONES = 24
MOST_LINES = 40
WAVE = 20

NO_DOOR = N_("The desk has no account at the simulator that citizens can write to on this channel.")
NOTHING_TO_REPOST = N_("Choose the post to repost.")


@dataclass(frozen=True)
class Phone:
    """One phone or handle as the page shows it. `key` names it in the page, `to` is whom it writes to now."""

    person: Person
    key: str
    lines: Sequence[Line]
    behaviour: Behaviour
    to: str
    most: int

    @property
    def public(self) -> bool:
        """Whether everybody can read what it says."""
        return self.person.channel == POSTS


@bp.get("")
def index() -> str:
    """Every phone, with boxes to write in."""
    return _page("simulator/page.html", strangers=_store().strangers())


@bp.get("/live")
def live() -> str:
    """The parts of the page that change by themselves."""
    return _page("simulator/live.html")


@bp.post("/messages")
def write() -> ResponseReturnValue:
    """A citizen writes, answers or reposts; the same form sent twice is written once."""
    channel, sender = forms.choice("channel", CHANNELS), forms.text("from", most=150, required=True)
    about, repost = forms.text("about", most=150) or None, forms.text("act") == "repost"
    if repost and about is None:
        raise BadInput(NOTHING_TO_REPOST, "about")
    _store().write(Written(
        channel, sender, forms.choice("to", _addresses(channel)), "" if repost else _words(),
        in_reply_to=None if repost else about, repost_of=about if repost else None,
        id=new_id(channel, sender, forms.form_key()),
    ))
    return _back_to(channel, sender)


@bp.post("/people")
def add() -> ResponseReturnValue:
    """A new phone or handle; with an address, a phone for somebody who wrote already."""
    store, channel = _store(), forms.choice("channel", CHANNELS)
    address = forms.text("address", most=150)
    if address:
        person = Person(channel, address, forms.text("name", most=120) or address)
    else:
        person = (texts.new_handle if channel == POSTS else texts.new_phone)(store.people())
    store.add_person(person.channel, person.address, person.name)
    return _back_to(person.channel, person.address)


@bp.post("/people/away")
def put_away() -> ResponseReturnValue:
    """Take a phone off the page; what it wrote stays."""
    _store().put_away(forms.choice("channel", CHANNELS), forms.text("address", most=150, required=True))
    return redirect(url_for("simulator.index"), 303)


@bp.post("/carrier")
def script() -> ResponseReturnValue:
    """What the carrier does with the desk's answers to one phone, from now on."""
    channel, address = forms.choice("channel", CHANNELS), forms.text("address", most=150, required=True)
    _store().script(Behaviour(forms.choice("behaviour", OFFERED)), recipient=address)
    return _back_to(channel, address)


@bp.post("/wave")
def wave() -> ResponseReturnValue:
    """Twenty made-up reports at once."""
    shared = [door for door in simulated.doors() if door.owner is None]
    numbers, handles = _of(shared, SMS), _of(shared, POSTS)
    if not numbers and not handles:
        raise BadInput(NO_DOOR)
    made = _store().write_many(texts.wave(WAVE, numbers, handles))
    flash(ngettext("%(num)s message is on its way.", "%(num)s messages are on their way.", len(made)), "calm")
    return redirect(url_for("simulator.index"), 303)


def _store() -> Store:
    return Store(context.settings().simulator_path)


def _page(template: str, **more: object) -> str:
    store, doors = _store(), simulated.doors()
    people, behaviours = store.people(), store.behaviours()
    phones = [_phone(store, person, behaviours, doors) for person in people[-MOST_PHONES:]]
    names = [_name(line, phone) for phone in phones for line in phone.lines if line.own]
    return render_template(
        template, phones=phones, doors=doors, posts=store.posts(), counts=store.ledger_counts(),
        reports=simulated.reports_of(names), owners={door.address: door.owner for door in doors if door.owner},
        behaviours=_behaviour_words(), form_key=lambda: uuid4().hex, name_of_line=_name, wave=WAVE,
        hidden=len(people) - len(phones), **more,
    )


def _phone(store: Store, person: Person, behaviours: dict[str, Behaviour], doors: Sequence[Door]) -> Phone:
    lines = store.conversation(person.channel, person.address, MOST_LINES)
    # A person answers whoever wrote last; the first word goes to the number everybody knows.
    known = [line.account for line in reversed(lines)] + _of(doors, person.channel) + [""]
    return Phone(person, _key(person.channel, person.address), lines,
                 behaviours.get(person.address, Behaviour.WORKS), known[0],
                 registry.capabilities(person.channel, "simulator").max_length)


def _key(channel: str, address: str) -> str:
    return "p" + hashlib.sha256(f"{channel} {address}".encode()).hexdigest()[:10]


def _name(line: Line, phone: Phone) -> str:
    """The desk's name of a citizen's message."""
    return f"{phone.person.channel}:{line.id}"


def _of(doors: Sequence[Door], channel: str) -> list[str]:
    return [door.address for door in doors if door.channel == channel]


def _addresses(channel: str) -> list[str]:
    found = _of(simulated.doors(), channel)
    if not found:
        raise BadInput(NO_DOOR, "to")
    return found


def _words() -> str:
    return forms.text("text", most=2000, required=True)


def _back_to(channel: str, address: str) -> ResponseReturnValue:
    return redirect(url_for("simulator.index", _anchor=_key(channel, address)), 303)


def _behaviour_words() -> dict[Behaviour, str]:
    words = (_("Works"), _("Slow"), _("Refuses"), _("Cuts off"))
    return dict(zip(OFFERED, words, strict=True))
