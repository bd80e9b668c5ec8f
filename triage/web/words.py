"""The desk's own words: channels, queues, roles, outcomes, what happened, what the keys do. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext


def channel_words() -> dict[str, str]:
    """Every channel's word."""
    return {
        "sms": gettext("SMS"), "whatsapp": gettext("WhatsApp"), "voice": gettext("Call"), "phone": gettext("Call"),
        "email": gettext("Email"), "web": gettext("Web"), "mastodon": gettext("Mastodon"),
        "bluesky": gettext("Bluesky"), "x": gettext("X"), "telegram": gettext("Telegram"),
    }


CHANNEL_ICONS = {"sms": "sms", "whatsapp": "whatsapp", "telegram": "sms", "email": "email", "web": "web",
                 "voice": "phone", "phone": "phone"}


def channel_word(channel: str | None) -> str:
    """The word for a channel."""
    return channel_words().get(channel or "", channel or "")


def channel_icon(channel: str | None) -> str:
    """The icon beside that word."""
    return CHANNEL_ICONS.get(channel or "", "social")


def incident_word(number: int | None) -> str:
    """"Incident 12"; empty where there is none."""
    return str(gettext("Incident %(id)s", id=number)) if number is not None else ""


def view_words() -> dict[str, str]:
    """The queues, in the order of the rail."""
    return {
        "next": gettext("Next up"), "new": gettext("New"), "mine": gettext("Mine"),
        "waiting": gettext("Waiting on citizen"), "snoozed": gettext("Snoozed"), "urgent": gettext("Urgent"),
        "all": gettext("All open"), "resolved": gettext("Resolved"),
    }


def shift_words() -> dict[str, str]:
    """The shift switch."""
    return {"taking": gettext("Taking reports"), "finishing": gettext("Finishing"), "off": gettext("Off")}


def role_words() -> dict[str, str]:
    """Every role's word."""
    return {"operator": gettext("Operator"), "coordinator": gettext("Coordinator"), "admin": gettext("Admin"),
            "auditor": gettext("Auditor")}


def outcome_words() -> dict[str, str]:
    """How a report can end."""
    return {"actionable": gettext("Actionable"), "not_actionable": gettext("Not actionable"),
            "no_answer": gettext("No answer came")}


def reason_words() -> dict[str, str]:
    """Why a report is set aside."""
    return {"spam": gettext("Spam"), "off_topic": gettext("Off topic"), "test": gettext("A test"),
            "abuse": gettext("Abuse"), "empty": gettext("Nothing in it"), "thanks": gettext("Only thanks"),
            "other": gettext("Other")}


def verdicts(state_of_delivery: str, *, askable: bool = False) -> list[tuple[str, str]]:
    """What a person may decide about an answer that failed or may have been sent; `askable`: its provider can say."""
    if state_of_delivery == "failed":
        return [("again", gettext("Send again"))]
    check = [("check", gettext("Check now"))] if askable else []
    return [*check, ("sent", gettext("Mark sent")), ("again", gettext("Send again (may arrive twice)")),
            ("failed", gettext("Mark failed"))]


def happened(kind: str, who: str, data: Mapping[str, object] | None) -> str:
    """One line of history inside a conversation; empty for kinds a reader does not need there."""
    more = {"who": who, **{key: str(value) for key, value in (data or {}).items()}}
    sentence = _happenings().get(f"{kind}:{more.get('verdict', '')}") or _happenings().get(kind, "")
    try:
        return sentence % more
    except KeyError:
        return ""


def _happenings() -> dict[str, str]:
    return {
        "report.claimed": gettext("%(who)s took this"),
        "report.released": gettext("%(who)s returned this to the queue"),
        "report.assigned": gettext("%(who)s gave this to %(name)s"),
        "report.lease_ended": gettext("Returned to the queue: nobody worked on it"),
        "report.closed": gettext("%(who)s resolved this"),
        "report.reopened": gettext("Opened again"),
        "report.snoozed": gettext("%(who)s snoozed this"),
        "report.woken": gettext("Woken"),
        "report.routed": gettext("%(who)s routed this to another team"),
        "report.prioritised": gettext("%(who)s changed the urgency"),
        "report.placed:set": gettext("%(who)s said where it is"),
        "report.placed:removed": gettext("%(who)s took the place away"),
        "report.written": gettext("%(who)s wrote this down"),
        "file.opened": gettext("%(who)s opened a file as it came"),
        "file.transcribed": gettext("%(who)s wrote down what is said"),
        "report.split": gettext("%(who)s split a message off as a new report"),
        "report.linked": gettext("%(who)s marked #%(copy)s as a copy of #%(primary)s"),
        "report.unlinked": gettext("%(who)s said that #%(copy)s is no copy of #%(primary)s"),
        "report.grouped": gettext("%(who)s linked this to incident %(incident)s"),
        "report.ungrouped": gettext("%(who)s took this out of incident %(incident)s"),
        "incident.renamed": gettext("%(who)s gave incident %(incident)s another title"),
        "report.repeated": gettext("New people told it within an hour after it was closed: %(people)s"),
        "report.left_closed": gettext("%(who)s left this closed"),
        "match.decided:rejected": gettext("%(who)s said that #%(other)s is not the same"),
        "delivery.decided:sent": gettext("%(who)s marked an answer as sent"),
        "delivery.decided:again": gettext("%(who)s had an answer sent again"),
        "delivery.decided:failed": gettext("%(who)s marked an answer as failed"),
        "delivery.decided:check": gettext("%(who)s had the provider asked about an answer"),
        "delivery.asked:absent": gettext("The provider was asked about an answer: not found yet"),
        "delivery.asked:several": gettext("The provider was asked about an answer: it may be one of several"),
        "delivery.asked:silent": gettext("The provider was asked about an answer and did not reply"),
        "contact.stopped": gettext("The person said STOP: nobody here may write"),
        "contact.started": gettext("The person said START: we may write again"),
        "contact.observer:named": gettext("%(who)s said that the sender is a registered observer"),
        "contact.observer:removed": gettext("%(who)s said that the sender is no observer"),
        "acknowledgement.queued": gettext("An automatic acknowledgement was sent"),
    }


def key_words() -> list[tuple[tuple[str, ...], str]]:
    """The keyboard map, as the help shows it."""
    return [
        (("j", "k"), gettext("next, previous row")), (("Enter", "o"), gettext("open")),
        (("n",), gettext("take next")), (("t",), gettext("take this one")),
        (("r",), gettext("reply")), (("i",), gettext("internal note")),
        (("e",), gettext("resolve")), (("q",), gettext("return to queue")),
        (("!",), gettext("discard")), (("u",), gettext("undo the last answer")),
        (("d",), gettext("copies and likely ones; decisions")),
        (("s",), gettext("snooze")), (("g n",), gettext("go to New")), (("g m",), gettext("go to Mine")),
        (("g w",), gettext("go to Waiting")), (("g u",), gettext("go to Urgent")),
        (("g a",), gettext("go to All open")), (("Ctrl Enter",), gettext("send or save, in a field")),
        (("?",), gettext("this list")), (("Esc",), gettext("close, back to the row")),
    ]
