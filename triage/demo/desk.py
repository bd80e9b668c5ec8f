"""The practice desk: made once, with people, accounts, a team, and reports that have already come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from channels.base import InboundMessage, WebhookRequest
from channels.simulator import Store, Written
from channels.simulator.texts import first_people
from triage import clock, connections, context, passwords
from triage.actions import (
    accounts,
    assignments,
    citizens,
    closing,
    comparing,
    ingest,
    items,
    journal,
    notes,
    people,
    replies,
    routing,
    teams,
)
from triage.db import db, run_in_transaction
from triage.demo import firsts
from triage.demo.firsts import FIRSTS, First
from triage.models import Message, Operator, Report
from triage.models.reports import DANGER, URGENT
from triage.queries import candidates, reports
from triage.queries import people as known

INTAKE, HANDLE = "+254700000100", "@harbour_desk"
TEAM = "Kisiwani district"
WORDS = (
    "amber apple basil birch cedar clay cloud comet coral cotton delta ember fern fjord flint forest garden ginger "
    "hazel honey island ivory jasmine juniper kettle lagoon lantern lemon linen maple marble meadow mint moss nectar "
    "north oak ocean olive onyx orchid paper pebble pepper pine plum quartz quiet rain reed river saffron sand silver "
    "sparrow spruce stone thyme tide tulip velvet walnut willow winter"
).split()
PASSWORD_WORDS = 4


@dataclass(frozen=True)
class Person:
    """Somebody of the practice desk; `number` and `handle` are their own accounts."""

    email: str
    name: str
    public_name: str
    roles: tuple[str, ...]
    languages: tuple[str, ...]
    number: str | None = None
    handle: str | None = None


PEOPLE = (
    Person("amina@demo.example", "Amina Odhiambo", "Amina", ("operator",), ("en", "sw"),
           "+254700000101", "@desk_amina"),
    Person("ben@demo.example", "Ben Otieno", "Ben", ("operator",), ("en", "fr", "es"),
           "+254700000102", "@desk_ben"),
    Person("zawadi@demo.example", "Zawadi Mwangi", "Zawadi", ("coordinator",), ("en", "ar", "pt"),
           "+254700000103", "@desk_zawadi"),
    Person("ruth@demo.example", "Ruth Njeri", "Ruth", ("admin",), ("en",)),
)


def password(email: str) -> str:
    """The password of a person of the practice desk: from its own keys, so that no other machine has it."""
    number = int(context.keyring().blind("demo password", email), 16)
    return "-".join(WORDS[number // len(WORDS) ** place % len(WORDS)] for place in range(PASSWORD_WORDS))


def fresh() -> bool:
    """Whether nobody is on this desk yet."""
    return db.session.scalar(select(Operator.id).limit(1)) is None


def make() -> None:
    """Make the whole desk. Call it where `fresh()`; the second of two that race is refused with BadInput."""
    cost = context.settings().password_cost
    hashes = {person.email: passwords.hashed(password(person.email), cost) for person in PEOPLE}
    run_in_transaction(lambda: _furnish(hashes))
    _let_arrive()
    _begin_the_day()
    store = Store(context.settings().simulator_path)
    for citizen in first_people():
        store.add_person(citizen.channel, citizen.address, citizen.name)


def _furnish(hashes: dict[str, str]) -> None:
    """People, accounts and the team."""
    for person in PEOPLE:
        added = people.add_operator(person.email, person.name, person.roles, public_name=person.public_name,
                                    languages=person.languages)
        people.set_password(added.id, hashes[person.email])
        for channel, address in (("sms", person.number), ("mastodon", person.handle)):
            if address is not None:
                accounts.add_account(channel, address, operator_id=added.id)
    accounts.add_account("sms", INTAKE, can_send=True)
    accounts.add_account("mastodon", HANDLE)
    team = teams.add_team(TEAM)
    teams.join_team(team.id, person_of("amina@demo.example").id)


def person_of(email: str) -> Operator:
    """One of the practice desk's people."""
    found = known.by_email(email)
    if found is None:
        raise LookupError(email)
    return found


# ---------------------------------------------------------------- what has come in


def _let_arrive() -> None:
    """Everything of `firsts`: written by the simulator's people, and taken and compared by the desk as it comes."""
    store, run = Store(context.settings().simulator_path), f"{clock.now():%Y%m%d%H%M%S}"
    for position, first in enumerate((*FIRSTS, *firsts.AGAIN, firsts.FOLLOW_UP)):
        if first.by == firsts.FORM:
            _send_form(first, run)
        else:
            store.write(_written(first, f"{run}-{position}"))
            take_from(store)
        for number in candidates.waiting():
            run_in_transaction(partial(comparing.compare, number))


def _written(first: First, number: str) -> Written:
    own, to = ("SM" + number, INTAKE) if first.by == firsts.SMS else (f"https://social.example/{number}", HANDLE)
    return Written(first.by, first.sender, to, first.text, first.name, place=first.place, id=own)


def take_from(store: Store) -> int:
    """Take what the simulator holds, in this process; how much. For when no server runs to be called."""
    hooks = store.lease(50)
    for hook in hooks:
        receiver = connections.receiver(hook.channel, "simulator")
        called = WebhookRequest("", {"Content-Type": "application/json"}, {}, hook.body)
        arrival = journal.Arrival("simulator", hook.channel, receiver.external_key(called), hook.body)
        run_in_transaction(_receiving(arrival, receiver.parse, called))
        store.note_try(hook, 200, None, pause=1.0)
    return len(hooks)


def _receiving(arrival: journal.Arrival, parse: Callable[[WebhookRequest], list[items.Item]],
               called: WebhookRequest) -> Callable[[], None]:
    return lambda: ingest.receive(arrival, lambda: parse(called))


def _send_form(first: First, run: str) -> None:
    token = f"{first.sender}-{run}"
    receipt = context.keyring().blind("receipt", context.keyring().receipt_code(token))
    message = InboundMessage(
        channel="web", account_address="", external_id=token, sender=None, text=first.text, thread_key=f"web:{token}",
        place_text=first.place, language=first.language, urgent=first.urgent, raw={"text": first.text},
    )
    run_in_transaction(lambda: citizens.report(message, receipt, None))


# ---------------------------------------------------------------- what has been done about it


def _begin_the_day() -> None:
    """Somebody has been here before: one answered, one asleep, one pressing, one set aside."""
    ben, zawadi = person_of("ben@demo.example"), person_of("zawadi@demo.example")
    _answer(_about("Station Street"), ben)
    danger, pressing = _about("bleeding"), _about("foleni")
    asleep, junk = _about("Tout est calme"), _about("WIN a phone")
    run_in_transaction(lambda: routing.prioritise(danger, zawadi, DANGER))
    run_in_transaction(lambda: routing.prioritise(pressing, zawadi, URGENT))
    run_in_transaction(lambda: routing.snooze(asleep, zawadi, _later()))
    run_in_transaction(lambda: closing.discard(junk, zawadi, "spam"))


def _answer(report_id: int, operator: Operator) -> None:
    held = run_in_transaction(lambda: assignments.claim(report_id, operator))
    seen = reports.view(report_id, operator).seq
    run_in_transaction(lambda: notes.add(report_id, operator, firsts.NOTE))
    run_in_transaction(lambda: replies.reply(report_id, operator, held.id, seen, firsts.ANSWER, "practice-answer"))


def _about(words: str) -> int:
    found = select(Message.report_id).join(Report, Report.id == Message.report_id)
    return db.session.scalars(found.where(Message.body.contains(words)).order_by(Message.id)).first() or 0


def _later() -> datetime:
    return clock.now() + timedelta(hours=2)
