"""Errors a person may meet. Each has a code, an HTTP status and one sentence.

TriageError
├── NotFound                404  the thing does not exist, or is not yours to see (same answer)
├── Forbidden               403  your roles do not allow it
├── BadInput(field)         422  a value cannot be accepted
├── AlreadyAssigned         409  someone was faster; names the holder
├── NotClaimable            409  snoozed, closed, a copy, or for another team
├── AtCapacity              409  holds as many as allowed
├── IsACopy                 409  what is meant is done with its primary; names it
├── NotTheHolder            409  the report is no longer yours; names who has it
├── ConversationMovedOn     409  something new was said since the page was read
├── LiveReportExists        409  a newer live report of the same thread exists
├── AlreadyClosed           409
├── TooLate                 409  the moment to undo has passed
├── NoReplyAccount          422  no account the sender rule gives you
├── OptedOut                422  the person said STOP
├── TooLong                 422
│   └── TooManyParts        422  longer than the text messages it may be sent in
├── WindowClosed            422  the network allows free answers only for a while after the person wrote
├── NotApproved             422  a newcomer's sends wait for a second pair of eyes
└── KeyReused               422  the same idempotency key with another text

Sentences are marked with `N_` for the catalogues and translated where they are shown.
"""

from __future__ import annotations

from typing import ClassVar


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark a sentence for the catalogues; returns it unchanged."""
    return sentence


class TriageError(Exception):
    """Base of everything a person may be told. `params` fill the sentence's named places."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    sentence: ClassVar[str] = N_("That did not work.")

    def __init__(self, **params: object) -> None:
        super().__init__()
        self.params = params

    def __str__(self) -> str:
        """The sentence in English."""
        return self.sentence % self.params


class NotFound(TriageError):
    """The thing does not exist, or is not the asker's to see: the same answer for both."""

    code, status = "not_found", 404
    sentence = N_("There is nothing here for you. It may have been moved, or the address may be wrong.")


class Forbidden(TriageError):
    """The asker's roles do not allow it."""

    code, status = "forbidden", 403
    sentence = N_("Your role does not allow this. Ask a coordinator.")


class BadInput(TriageError):
    """A value cannot be accepted; `field` names it and `reason` is a sentence."""

    code, status = "bad_input", 422
    sentence = "%(reason)s"

    def __init__(self, reason: str, field: str = "", **params: object) -> None:
        super().__init__(reason=reason % params if params else reason, **params)
        self.reason, self.field = reason, field


class AlreadyAssigned(TriageError):
    """Someone was faster. params: holder (public name), seconds (since they took it)."""

    code, status = "already_assigned", 409
    sentence = N_("%(holder)s took this %(seconds)s s ago.")


class NotClaimable(TriageError):
    """Snoozed, closed, a copy, or routed to another team."""

    code, status = "not_claimable", 409
    sentence = N_("This report cannot be taken now: it is closed, snoozed, a copy, or for another team.")


class IsACopy(TriageError):
    """A copy goes where its primary goes. params: report, primary (numbers)."""

    code, status = "is_a_copy", 409
    sentence = N_("#%(report)s is a copy of #%(primary)s. Work on that one, or say that this is no copy first.")


class AtCapacity(TriageError):
    """params: name, capacity."""

    code, status = "at_capacity", 409
    sentence = N_(
        "%(name)s already holds %(capacity)s reports that wait for an answer. Answer, close or return one first."
    )


class NotTheHolder(TriageError):
    """The fence refused: params: holder (public name or empty)."""

    code, status = "not_the_holder", 409
    sentence = N_("This report is not yours any more%(now)s. Nothing was sent; your text is kept.")

    def __init__(self, holder: str = "") -> None:
        super().__init__(holder=holder, now=f" ({holder})" if holder else "")


class ConversationMovedOn(TriageError):
    """Something was said since the page was read. params: count."""

    code, status = "conversation_moved_on", 409
    sentence = N_("Nothing was sent. New since you started: %(count)s. Read it, then send or edit.")


class LiveReportExists(TriageError):
    """params: report (the number of the live one)."""

    code, status = "live_report_exists", 409
    sentence = N_("The same person already has a newer open report, #%(report)s. Use that one.")


class AlreadyClosed(TriageError):
    """The report is closed already."""

    code, status = "already_closed", 409
    sentence = N_("This report is closed already.")


class TooLate(TriageError):
    """The moment to undo has passed."""

    code, status = "too_late", 409
    sentence = N_("Too late: it has left already.")


class NoReplyAccount(TriageError):
    """The sender rule gives this operator no account on this channel. params: channel."""

    code, status = "no_reply_account", 422
    sentence = N_("You have no account that can send by %(channel)s. A coordinator can add one.")


class OptedOut(TriageError):
    """The person said STOP."""

    code, status = "opted_out", 422
    sentence = N_("This person said STOP. No number of ours writes to them until they write START.")


class TooLong(TriageError):
    """params: length, most."""

    code, status = "too_long", 422
    sentence = N_("The text has %(length)s characters; at most %(most)s can be sent.")


class TooManyParts(TooLong):
    """params: parts, most."""

    sentence = N_("This takes %(parts)s parts as a text message; at most %(most)s are sent. Shorten it.")


class WindowClosed(TriageError):
    """Free answers are possible only for so long after the person's last message. params: channel, hours."""

    code, status = "window_closed", 422
    sentence = N_("%(channel)s lets us answer only within %(hours)s hours of the person’s last message. "
                  "Leave a note, or wait until they write again.")


class NotApproved(TriageError):
    """A newcomer's sends wait for approval."""

    code, status = "needs_approval", 422
    sentence = N_("Your answers need a second pair of eyes. Save it as a draft and ask a coordinator.")


class KeyReused(TriageError):
    """The same idempotency key came with another text."""

    code, status = "key_reused", 422
    sentence = N_("This was already sent with other words. Reload the page and write again.")
