"""The answers of the citizens' form: read whatever a browser posts, and say what is wrong with it.

Reading never fails: what cannot be text becomes the nearest text, what is no choice becomes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from triage import addresses, context
from triage.errors import BadInput
from triage.web import forms

STEPS = ("start", "what", "where", "danger", "contact", "check")
QUESTIONS = STEPS[1:-1]
MOST_WORDS, MOST_PLACE, MOST_ADDRESS = 4000, 200, 254
HARD_MOST = 20_000  # what is shown again for shortening; the rest of a longer text is not kept

WHEN = {"now": _l("It is happening now"), "today": _l("Earlier today"), "earlier": _l("Before today"),
        "unknown": _l("I don’t know")}
DANGER = {"yes": _l("Yes"), "no": _l("No"), "unsure": _l("I am not sure")}
CONTACT = {"no": _l("No"), "sms": _l("Yes, by SMS"), "email": _l("Yes, by e-mail")}

SMS_WORDING = _l("A volunteer of the desk writes to you, perhaps from their own desk number. Your phone company "
                 "can see it. Text STOP to that number and nobody here writes again.")
EMAIL_WORDING = _l("A volunteer of the desk writes to you from an address of the desk. Answer STOP and nobody here "
                   "writes again.")

TRAP = "reference"
KEEP, MOST_STATION = "-", 60


@dataclass(frozen=True)
class Answers:
    """What a person has told so far. `trap` is the field that people leave empty."""

    text: str = ""
    place: str = ""
    when: str = ""
    danger: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    station: str = ""  # the code they chose where several places are called so; KEEP: none of them
    asked: str = ""  # what they had written as the place then
    trap: str = ""
    checked: bool = False  # they have seen "check your answers": Continue leads back there

    @property
    def reply_to(self) -> tuple[str, str] | None:
        """Kind and text of the address that may be answered to."""
        given = {"sms": ("phone", self.phone), "email": ("email", self.email)}
        return given.get(self.contact)


@dataclass(frozen=True)
class Problem:
    """One thing to mend: the field it concerns and a sentence."""

    field: str
    sentence: str


def read(form: Mapping[str, str]) -> Answers:
    """The answers in a posted form, made harmless."""
    return Answers(
        text=clean(form.get("text"), HARD_MOST),
        place=" ".join(clean(form.get("place"), HARD_MOST).split()),
        when=_one_of(WHEN, form.get("when")),
        danger=_one_of(DANGER, form.get("danger")),
        contact=_one_of(CONTACT, form.get("contact")),
        phone=clean(form.get("phone"), MOST_ADDRESS),
        email=clean(form.get("email"), MOST_ADDRESS),
        station=clean(form.get("station"), MOST_STATION),
        asked=" ".join(clean(form.get("asked"), HARD_MOST).split()),
        trap=clean(form.get(TRAP), MOST_PLACE),
        checked=form.get("checked") == "1",
    )


def clean(value: str | None, most: int) -> str:
    """Harmless text, at most `most` characters; "" for nothing."""
    return forms.clean((value or "")[: 2 * most])[:most]


def _one_of(choices: Mapping[str, object], value: str | None) -> str:
    return value if value is not None and value in choices else ""


def place_of(answers: Answers) -> str:
    """The place as it is sent: their words, and the code they chose for them."""
    chosen = answers.station not in ("", KEEP) and answers.asked == answers.place
    return f"{answers.place[:MOST_PLACE - MOST_STATION - 3]} ({answers.station})" if chosen else answers.place


def unsettled(answers: Answers) -> bool:
    """Whether they wrote a place and have not been asked yet which one of that name they mean."""
    return bool(answers.place) and not (answers.station and answers.asked == answers.place)


def problems(step: str, answers: Answers) -> list[Problem]:
    """What must be mended on one page before the next."""
    check = CHECKS.get(step)
    return check(answers) if check else []


def first_unfinished(answers: Answers) -> str | None:
    """The first question whose answer cannot be accepted yet."""
    return next((step for step in QUESTIONS if problems(step, answers)), None)


def _what(answers: Answers) -> list[Problem]:
    if not answers.text:
        return [Problem("text", _("Write what happened. A few words are enough."))]
    return _length("text", answers.text, MOST_WORDS)


def _where(answers: Answers) -> list[Problem]:
    return _length("place", answers.place, MOST_PLACE)


def _length(field: str, text: str, most: int) -> list[Problem]:
    if len(text) <= most:
        return []
    over = len(text) - most
    return [Problem(field, _("Shorten this by %(over)s characters; %(most)s fit.", over=over, most=most))]


def _danger(answers: Answers) -> list[Problem]:
    if answers.danger:
        return []
    return [Problem("danger", _("Choose yes, no, or “I am not sure”."))]


def _contact(answers: Answers) -> list[Problem]:
    if not answers.contact:
        return [Problem("contact", _("Choose whether we may contact you. “No” is fine."))]
    if answers.reply_to is None or address(answers) is not None:
        return []
    if answers.contact == "sms" and answers.phone:
        return [Problem("phone", _("This does not look like a whole phone number. Check it, or write it with the "
                                   "country code, as in +254 700 000 101; or choose “No”."))]
    if answers.contact == "sms":
        return [Problem("phone", _("Enter the phone number we may write to, or choose “No”."))]
    return [Problem("email", _("Enter the e-mail address we may write to, or choose “No”."))]


CHECKS: dict[str, Callable[[Answers], list[Problem]]] = {
    "what": _what, "where": _where, "danger": _danger, "contact": _contact,
}


def address(answers: Answers) -> str | None:
    """Where the person allowed an answer, in the one spelling the desk uses; None for nowhere or nonsense."""
    if answers.reply_to is None:
        return None
    kind, text = answers.reply_to
    try:
        found = addresses.normalise(kind, text, context.settings().default_region)
    except BadInput:
        return None
    return None if kind == "phone" and not found.startswith("+") else found  # nobody's phone is a short code


def after(step: str, answers: Answers) -> tuple[str, Answers]:
    """The page that follows a page without problems."""
    following = "check" if answers.checked else STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]
    return following, replace(answers, checked=answers.checked or following == "check")


def before(step: str) -> str:
    """The page a Back link leads to."""
    return STEPS[max(STEPS.index(step) - 1, 0)]
